// The client's shell: a thread and a transport around the member core and the client core.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/client.h"
#include "transport/transport_maker.h"
#include "worker/payload.h"

namespace cairn {

// A client that also takes requests which are cut already: for the built-in models.
class ShellClient : public Client {
 public:
  // As Read, for all tables of a payload. `values` (by table, [unique x width]) must outlive the
  // Pending.
  virtual Pending ReadPayload(std::shared_ptr<const PullPayload> payload,
                              std::vector<std::vector<float>>* values) = 0;
};

// As Client::Join, over any transport. Blocks until the coordinator has welcomed the client and has
// given it a map (and a stream, unless it only reads).
absl::StatusOr<std::unique_ptr<ShellClient>> JoinClient(const Client::Options& options,
                                                        const TransportMaker& make_transport);

}  // namespace cairn
