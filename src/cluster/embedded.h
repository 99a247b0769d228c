// Coordinator and servers as threads of this process, on a network of their own: what LocalCluster
// and the trainer's embedded mode stand on.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "base/file_system.h"
#include "cairn/cluster.h"
#include "coordinator/coordinator_shell.h"
#include "server/server_shell.h"
#include "transport/in_process_transport.h"

namespace cairn {

struct EmbeddedServers {
  uint32_t servers = 1;
  uint32_t executors = 1;
  RowOptimizers optimizers;
};

// Thread-safe. Destruction ends everything at once.
class EmbeddedCluster {
 public:
  // `files` must outlive the cluster.
  static absl::StatusOr<std::unique_ptr<EmbeddedCluster>> Start(CoordinatorSetup setup,
                                                                const EmbeddedServers& servers,
                                                                FileSystem* files);

  RunningCoordinator& coordinator() { return *coordinator_; }
  // For clients and workers that are to join. Usable as long as the cluster.
  TransportMaker transport_maker();

 private:
  InProcessNetwork network_;
  std::unique_ptr<RunningCoordinator> coordinator_;
  std::vector<std::unique_ptr<Server>> servers_;
};

}  // namespace cairn
