// A result that one thread sets once and others wait for.
#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "base/mutex.h"

namespace cairn {

// Thread-safe. The first Set counts, later ones are ignored.
template <typename T>
class DoneSignal {
 public:
  void Set(T value) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (value_.has_value()) return;
    value_.emplace(std::move(value));
    changed_.NotifyAll();
  }

  // Blocks until Set; whoever calls this knows that the setter is bound to come.
  T Wait() const CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (!value_.has_value()) changed_.Wait(mutex_);
    return *value_;
  }

  // Nothing if the deadline passes first.
  std::optional<T> WaitUntil(std::chrono::steady_clock::time_point deadline) const
      CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (!value_.has_value()) {
      if (!changed_.WaitUntil(mutex_, deadline)) break;
    }
    return value_;
  }

  bool done() const CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return value_.has_value();
  }

 private:
  mutable Mutex mutex_;
  mutable CondVar changed_;
  std::optional<T> value_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn
