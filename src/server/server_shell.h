// The server's shell: threads, transport and files around the member core and the executors.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "base/file_system.h"
#include "cairn/server.h"
#include "transport/transport_maker.h"

namespace cairn {

// As Server::Start, over any transport and file system. `files` must outlive the server.
absl::StatusOr<std::unique_ptr<Server>> StartServer(const Server::Options& options,
                                                    const TransportMaker& make_transport,
                                                    FileSystem* files);

}  // namespace cairn
