// The coordinator's shell: a thread, a transport, the job log and the manifest's file around the
// core.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/file_system.h"
#include "cairn/coordinator.h"
#include "coordinator/coordinator_core.h"
#include "coordinator/manifest.h"
#include "transport/transport_maker.h"

namespace cairn {

struct CoordinatorSetup {
  JobSpec job;
  JobPlan plan;
  CoordinatorTimes times;
};

// A running coordinator, as the trainer and the cluster see it. Thread-safe.
class RunningCoordinator {
 public:
  virtual ~RunningCoordinator() = default;  // Ends at once.
  virtual const std::string& address() const = 0;
  virtual CoordinatorCore::Status status() = 0;
  // Blocks until the job is over and everybody has left, or had time to.
  virtual JobResult Wait() = 0;
  // True if it is over within `patience`.
  virtual bool WaitFor(std::chrono::milliseconds patience) const = 0;
  // Ends the job; code 0 saves first. Returns at once.
  virtual void Stop(int32_t code, const std::string& message) = 0;
};

// Reads the manifest of job.init_dir, if there is one to read, before anything starts: kNotFound,
// kDataLoss. `files` must outlive the coordinator.
absl::StatusOr<std::unique_ptr<RunningCoordinator>> StartCoordinator(
    CoordinatorSetup setup, const TransportMaker& make_transport, FileSystem* files);

// kDataLoss: the model in `directory` is damaged; kNotFound: there is none.
absl::StatusOr<Manifest> ReadManifest(FileSystem* files, const std::string& directory);

}  // namespace cairn
