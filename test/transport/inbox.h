// Collects what a transport delivers, and lets a test wait for it.
#pragma once

#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "transport/transport.h"

namespace cairn {

inline std::chrono::steady_clock::time_point InTime() {
  return std::chrono::steady_clock::now() + std::chrono::seconds(20);
}

// True as soon as `condition` holds; false if it does not in time. For what nobody signals.
inline bool Eventually(const std::function<bool()>& condition) {
  const auto deadline = InTime();
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

// Thread-safe. Must outlive the transport that delivers to it.
class Inbox {
 public:
  MessageHandler handler() {
    return [this](MessagePtr message) {
      MutexLock lock(mutex_);
      while (held_) changed_.Wait(mutex_);
      messages_.push_back(std::move(message));
      changed_.NotifyAll();
    };
  }

  // Until Release, whoever delivers is made to wait: a slow peer.
  void Hold() {
    MutexLock lock(mutex_);
    held_ = true;
  }
  void Release() {
    MutexLock lock(mutex_);
    held_ = false;
    changed_.NotifyAll();
  }

  // What has arrived, once it is at least `count` messages; fewer if they do not come in time.
  std::vector<MessagePtr> WaitFor(size_t count) {
    const auto deadline = InTime();
    MutexLock lock(mutex_);
    while (messages_.size() < count && changed_.WaitUntil(mutex_, deadline)) {
    }
    return messages_;
  }

  size_t size() {
    MutexLock lock(mutex_);
    return messages_.size();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<MessagePtr> messages_ CAIRN_GUARDED_BY(mutex_);
  bool held_ CAIRN_GUARDED_BY(mutex_) = false;
};

}  // namespace cairn
