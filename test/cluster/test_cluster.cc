#include "cluster/test_cluster.h"

#include <stdexcept>
#include <utility>

#include "base/check.h"

namespace cairn {
namespace {

template <typename T>
T ValueOf(absl::StatusOr<T> value) {
  if (!value.ok()) throw std::runtime_error(value.status().ToString());
  return *std::move(value);
}

class InProcessCluster final : public TestCluster {
 public:
  explicit InProcessCluster(const LocalCluster::Options& options)
      : cluster_(ValueOf(LocalCluster::Start(options))) {}

  absl::StatusOr<std::unique_ptr<Client>> TryJoin(const Client::Options& options) override {
    return cluster_->NewClient(options);
  }
  absl::Status Finish() override { return cluster_->Finish(); }
  std::string KillServers() override {
    CAIRN_CHECK(false, "a LocalCluster does not give its servers away");
    return {};
  }

 private:
  std::unique_ptr<LocalCluster> cluster_;
};

class TcpCluster final : public TestCluster {
 public:
  explicit TcpCluster(const LocalCluster::Options& options) {
    Coordinator::Options coordinator;
    coordinator.job = options.job;
    coordinator.servers = options.servers;
    coordinator.save_dir = options.save_dir;
    coordinator_ = ValueOf(Coordinator::Start(coordinator));
    Server::Options server;
    server.coordinator = coordinator_->address();
    server.executors = options.executors;
    server.optimizers = options.optimizers;
    for (uint32_t s = 0; s < options.servers; ++s) {
      servers_.push_back(ValueOf(Server::Start(server)));
    }
  }

  absl::StatusOr<std::unique_ptr<Client>> TryJoin(const Client::Options& options) override {
    Client::Options joining = options;
    joining.coordinator = coordinator_->address();
    return Client::Join(joining);
  }
  absl::Status Finish() override { return coordinator_->Finish(); }
  std::string KillServers() override {
    std::string first = servers_.front()->address();
    servers_.clear();
    return first;
  }

 private:
  std::unique_ptr<Coordinator> coordinator_;
  std::vector<std::unique_ptr<Server>> servers_;
};

}  // namespace

std::unique_ptr<TestCluster> TestCluster::Start(Network network,
                                                const LocalCluster::Options& options) {
  if (network == Network::kInProcess) return std::make_unique<InProcessCluster>(options);
  return std::make_unique<TcpCluster>(options);
}

std::unique_ptr<Client> TestCluster::Join(const Client::Options& options) {
  return ValueOf(TryJoin(options));
}

JobSpec OneTableJob(const std::string& optimizer, uint32_t width) {
  JobSpec job;
  job.partitions = 8;
  job.tables.resize(1);
  job.tables[0].name = std::string("t");
  job.tables[0].parts[0].width = width;
  job.tables[0].parts[0].optimizer.name = optimizer;
  return job;
}

}  // namespace cairn
