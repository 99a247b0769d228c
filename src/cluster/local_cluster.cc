#include <chrono>
#include <utility>
#include <vector>

#include "base/posix_file_system.h"
#include "base/status.h"
#include "cluster/embedded.h"
#include "worker/client_shell.h"

namespace cairn {
namespace {

constexpr auto kFormPoll = std::chrono::milliseconds(1);  // Servers join within some of these.

class EmbeddedLocalCluster final : public LocalCluster {
 public:
  absl::Status Start(const Options& options) {
    CoordinatorSetup setup;
    setup.job = options.job;
    setup.plan.servers = options.servers;
    setup.plan.save_dir = options.save_dir;
    EmbeddedServers servers{options.servers, options.executors, options.optimizers};
    CAIRN_ASSIGN_OR_RETURN(cluster_, EmbeddedCluster::Start(std::move(setup), servers, &files_));
    RunningCoordinator& coordinator = cluster_->coordinator();
    while (coordinator.status().phase <= JobPhase::kForming) {
      if (coordinator.WaitFor(kFormPoll)) return StatusOf(coordinator.Wait());
    }
    return {};
  }

  absl::StatusOr<std::unique_ptr<Client>> NewClient(const Client::Options& options) override {
    Client::Options joined = options;
    joined.coordinator = cluster_->coordinator().address();
    return JoinClient(joined, cluster_->transport_maker());
  }

  absl::Status Finish() override {
    cluster_->coordinator().Stop(0, "finished");
    return StatusOf(cluster_->coordinator().Wait());
  }

 private:
  PosixFileSystem files_;
  std::unique_ptr<EmbeddedCluster> cluster_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<LocalCluster>> LocalCluster::Start(const Options& options) {
  if (options.servers == 0) return InvalidArgument("a cluster needs at least one server");
  auto cluster = std::make_unique<EmbeddedLocalCluster>();
  CAIRN_RETURN_IF_ERROR(cluster->Start(options));
  return cluster;
}

}  // namespace cairn
