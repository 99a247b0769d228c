#include "cluster/embedded.h"

#include <utility>

#include "base/status.h"

namespace cairn {

TransportMaker EmbeddedCluster::transport_maker() {
  return [this](MessageHandler handler) -> absl::StatusOr<std::unique_ptr<Transport>> {
    return network_.Open(std::move(handler));
  };
}

absl::StatusOr<std::unique_ptr<EmbeddedCluster>> EmbeddedCluster::Start(
    CoordinatorSetup setup, const EmbeddedServers& servers, FileSystem* files) {
  auto cluster = std::make_unique<EmbeddedCluster>();
  const TransportMaker make = cluster->transport_maker();
  CAIRN_ASSIGN_OR_RETURN(cluster->coordinator_, StartCoordinator(std::move(setup), make, files));
  Server::Options options;
  options.coordinator = cluster->coordinator_->address();
  options.executors = servers.executors;
  options.optimizers = servers.optimizers;
  for (uint32_t s = 0; s < servers.servers; ++s) {
    CAIRN_ASSIGN_OR_RETURN(auto server, StartServer(options, make, files));
    cluster->servers_.push_back(std::move(server));
  }
  return cluster;
}

}  // namespace cairn
