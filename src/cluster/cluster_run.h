// Where the processes of a training job are, and who looks after them: what Train stands on.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/train.h"
#include "cluster/job_handle.h"
#include "cluster/train_plan.h"

namespace cairn {

// A job that runs, with everything that was started for it. Destruction ends all of that at once.
// Not thread-safe; to be used by the thread that made it.
class ClusterRun {
 public:
  virtual ~ClusterRun() = default;

  virtual JobHandle& job() = 0;

  // Waits until the job is over (true), or for `patience`. An error: it cannot go on, and everybody
  // has been ended.
  virtual absl::StatusOr<bool> WaitFor(std::chrono::milliseconds patience) = 0;

  // Ends the job in good order, within seconds: WaitFor tells when. Later calls do nothing.
  virtual void Interrupt() = 0;

  // To be called once the job is over: ends whatever was started for it, and says how it went.
  virtual absl::Status Finish() = 0;

  // Where processes write their logs; empty: there are none.
  virtual std::string log_dir() const { return {}; }

  // What was learnt on the way that the user may not expect, in sentences: it grows at the end
  // only.
  virtual std::vector<std::string> notes() const { return {}; }

  // After Finish: adds to the report what is known of the job in this process only.
  virtual void Complete(TrainReport*) const {}
};

// All roles are threads of this process.
absl::StatusOr<std::unique_ptr<ClusterRun>> StartEmbeddedRun(const TrainOptions& options,
                                                             const TrainPlan& plan);

// All roles are processes that are started here, and looked after.
absl::StatusOr<std::unique_ptr<ClusterRun>> StartLocalRun(const TrainOptions& options,
                                                          const TrainPlan& plan);

// The roles have been started by somebody; options.cluster is the coordinator's address.
absl::StatusOr<std::unique_ptr<ClusterRun>> StartRemoteRun(const TrainOptions& options,
                                                           const TrainPlan& plan);

// Whichever options.cluster says. kInvalidArgument: it says nothing that there is.
absl::StatusOr<std::unique_ptr<ClusterRun>> StartRun(const TrainOptions& options,
                                                     const TrainPlan& plan);

// One that only follows a job. Whatever stands behind the handle must outlive the run.
std::unique_ptr<ClusterRun> RunOf(std::unique_ptr<JobHandle> job);

// "embedded", "local", "tcp://HOST:PORT" or "ipc://PATH". kInvalidArgument: anything else.
absl::Status CheckCluster(const std::string& cluster);

}  // namespace cairn
