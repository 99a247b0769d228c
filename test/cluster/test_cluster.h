// A running cluster for tests of the public API: the same test in one process and over tcp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/client.h"
#include "cairn/cluster.h"
#include "cairn/coordinator.h"
#include "cairn/server.h"

namespace cairn {

enum class Network { kInProcess, kTcp };

// Destruction ends the job at once. Clients must be gone before.
class TestCluster {
 public:
  // What cannot start throws.
  static std::unique_ptr<TestCluster> Start(Network network, const LocalCluster::Options& options);
  virtual ~TestCluster() = default;

  virtual absl::StatusOr<std::unique_ptr<Client>> TryJoin(const Client::Options& options) = 0;
  // Ends the job well: saves if that was asked for.
  virtual absl::Status Finish() = 0;
  // The servers vanish without a word. Returns the address of the first.
  virtual std::string KillServers() = 0;

  // What cannot join throws.
  std::unique_ptr<Client> Join(const Client::Options& options = {});
};

// A job of one sparse table "t" with one part.
JobSpec OneTableJob(const std::string& optimizer, uint32_t width = 1);

}  // namespace cairn
