// A whole cluster in one process: for tests, notebooks, and models that fit on one machine. The
// same cores as in real processes; messages are passed by pointer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/client.h"
#include "cairn/job.h"
#include "cairn/optimizer.h"

namespace cairn {

class LocalCluster {
 public:
  struct Options {
    JobSpec job;
    uint32_t servers = 1;
    uint32_t executors = 1;         // Threads of each server.
    RowOptimizers optimizers = {};  // Your own, beyond the built-in ones.
    std::string save_dir = {};      // Where Finish writes the model; empty: nowhere.
  };
  // Returns once all servers have joined. kInvalidArgument: the job contradicts itself.
  static absl::StatusOr<std::unique_ptr<LocalCluster>> Start(const Options& options);
  virtual ~LocalCluster() = default;  // Ends the job at once. Clients must be gone before.

  // options.coordinator is ignored. The cluster must outlive the client.
  virtual absl::StatusOr<std::unique_ptr<Client>> NewClient(const Client::Options& options) = 0;
  // Ends the job: saves if that was asked for. Clients get kAborted afterwards.
  virtual absl::Status Finish() = 0;
};

}  // namespace cairn
