// What stands behind cairn::Pending: set once by the client's thread, waited for by any.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "cairn/client.h"
#include "worker/pulled_values.h"

namespace cairn {

// Thread-safe.
class Pending::Impl {
 public:
  // `gather` copies the result into the caller's buffer; it is not called once abandoned.
  explicit Impl(std::function<void(const PulledValues&)> gather = {})
      : gather_(std::move(gather)) {}

  void Complete(const absl::Status& status, const PulledValues& values) CAIRN_EXCLUDES(mutex_) {
    std::function<void(const absl::Status&)> callback;
    {
      MutexLock lock(mutex_);
      if (result_.has_value()) return;
      if (status.ok() && gather_ && !abandoned_) gather_(values);
      result_ = status;
      callback = std::move(callback_);
      changed_.NotifyAll();
    }
    if (callback) callback(status);
  }

  // Returns only when no copy into the caller's buffer is under way.
  void Abandon() CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    abandoned_ = true;
  }

  absl::Status Wait() CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    // Ends: every operation has a deadline, and the client's end completes what is left.
    while (!result_.has_value()) changed_.Wait(mutex_);
    return *result_;
  }

  bool done() CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return result_.has_value();
  }

  void Then(std::function<void(const absl::Status&)> callback) CAIRN_EXCLUDES(mutex_) {
    absl::Status status;
    {
      MutexLock lock(mutex_);
      if (!result_.has_value()) {
        callback_ = std::move(callback);
        return;
      }
      status = *result_;
    }
    callback(status);
  }

 private:
  const std::function<void(const PulledValues&)> gather_;

  Mutex mutex_;
  CondVar changed_;
  std::optional<absl::Status> result_ CAIRN_GUARDED_BY(mutex_);
  std::function<void(const absl::Status&)> callback_ CAIRN_GUARDED_BY(mutex_);
  bool abandoned_ CAIRN_GUARDED_BY(mutex_) = false;
};

}  // namespace cairn
