// The coordinator's shell: a thread, a transport, the job log and the manifest's file around the
// core.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

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
  std::string job_dir;  // Of the job log; empty: the job ends with its coordinator.
};

// A running coordinator, as the trainer and the cluster see it. Thread-safe.
class RunningCoordinator {
 public:
  virtual ~RunningCoordinator() = default;  // Ends at once.
  virtual const std::string& address() const = 0;
  // As it is now, with the epochs from this one on (limits::kStatusEpochsMax of them). A default
  // one if the coordinator does not answer within a second.
  virtual JobStatus status(uint64_t epochs_from = 0) = 0;
  // Blocks until the job is over and everybody has left, or had time to.
  virtual JobResult Wait() = 0;
  // True if it is over within `patience`.
  virtual bool WaitFor(std::chrono::milliseconds patience) const = 0;
  // Ends the job; code 0 saves first. Returns at once.
  virtual void Stop(int32_t code, const std::string& message) = 0;
  // Somebody saw a process die: its members are struck off at once. Returns at once.
  virtual void ReportDeath(const MemberDead& dead) = 0;
};

// Reads the manifest of job.init_dir, if there is one to read, before anything starts: kNotFound,
// kDataLoss. `files` must outlive the coordinator. If there is a log of the same job in job_dir, it
// goes on with that one; kFailedPrecondition: it is another job's, or that job is over; kDataLoss:
// it is damaged beyond repair.
absl::StatusOr<std::unique_ptr<RunningCoordinator>> StartCoordinator(
    CoordinatorSetup setup, const TransportMaker& make_transport, FileSystem* files);

// Without a job: waits for a submitter to bring one, if there is none in job_dir. Otherwise
// likewise.
absl::StatusOr<std::unique_ptr<RunningCoordinator>> StartIdleCoordinator(
    const CoordinatorTimes& times, const TransportMaker& make_transport, FileSystem* files,
    const std::string& job_dir = "");

// kNotFound, kDataLoss: there is no such model in init_dir, or it is damaged, or no checkpoint is
// whole; kFailedPrecondition: save_dir holds a model already, or the directory of checkpoints some,
// which are not to be gone on with; kPermissionDenied: nothing can be written there.
absl::StatusOr<OpenedDirectories> OpenDirectories(FileSystem* files,
                                                  const JobDirectories& directories);

// kDataLoss: the model in `directory` is damaged; kNotFound: there is none.
absl::StatusOr<Manifest> ReadManifest(FileSystem* files, const std::string& directory);

}  // namespace cairn
