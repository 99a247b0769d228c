// The worker of the built-in models: a loop with the cores, and threads that read and parse ahead.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/time_source.h"
#include "cairn/model.h"
#include "train/bad_row_log.h"
#include "train/data_source.h"
#include "train/row_cache.h"
#include "train/step_device.h"
#include "transport/transport_maker.h"

namespace cairn {

// Thread-safe. Destruction leaves the job at once.
class TrainWorker {
 public:
  struct Options {
    std::string coordinator;
    std::string job_name;  // The only job to join; empty: whatever the coordinator runs.
    uint32_t threads = 1;  // That read and parse.
    Micros join_timeout = 60 * kMicrosPerSecond;
    Micros orphan_timeout = 60 * kMicrosPerSecond;
    // Opened by whoever starts several workers in one process; null: the worker opens the files
    // that the job names.
    std::shared_ptr<const DataSource> train;
    std::shared_ptr<const DataSource> valid;
    // Of all workers in the process; null: the worker makes its own, as `cache` says.
    std::shared_ptr<RowCaches> caches;
    RowCache::Options cache;
    BadRowLogs* bad_rows = nullptr;  // As BatchPool::Setup's.
    CustomModels models;             // Beyond the built-in ones.
    DeviceWish device;
    // StepDevice::Note, on a thread of the worker. Null: it goes to the log.
    StepDevice::Note note;
  };
  // kInvalidArgument: no thread, or no such device; kFailedPrecondition: a GPU that is not there.
  static absl::StatusOr<std::unique_ptr<TrainWorker>> Start(const Options& options,
                                                            const TransportMaker& make_transport);
  virtual ~TrainWorker() = default;

  // Blocks until the job is over: OK if it ended well.
  virtual absl::Status Wait() = 0;
  // The same within `patience`: whether the job is over.
  virtual bool WaitFor(absl::Duration patience) const = 0;
  // Leaves in good order: the coordinator gives this worker's streams to others. Returns at once;
  // Wait then returns kCancelled.
  virtual void Leave() = 0;
  // kUnavailable: the coordinator has not answered yet, or not for some seconds.
  virtual absl::Status Health() const = 0;
};

}  // namespace cairn
