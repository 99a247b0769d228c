// A queue from many threads to one.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "base/thread_annotations.h"

namespace cairn {

// First in, first out, bounded by count and by bytes. Thread-safe; items of one producer keep their
// order.
template <typename T>
class Mailbox {
 public:
  static constexpr size_t kUnbounded = static_cast<size_t>(-1);

  explicit Mailbox(size_t items_max, size_t bytes_max = kUnbounded)
      : items_max_(items_max), bytes_max_(bytes_max) {}

  // False, and `item` is dropped, if the mailbox is full or closed. It is full of bytes when there
  // are bytes_max of them, so that one item of any size finds room in an empty one.
  bool Push(T item, size_t bytes = 0) CAIRN_EXCLUDES(mutex_) {
    return Put(std::move(item), bytes, {items_max_, bytes_max_});
  }

  // As Push, but past the bounds: for completions of what the consumer itself began, which bounds
  // them already and which must not be lost. False only if the mailbox is closed.
  bool PushCompletion(T item) CAIRN_EXCLUDES(mutex_) {
    return Put(std::move(item), 0, {kUnbounded, kUnbounded});
  }

  // The oldest item, waited for until `deadline`. Nothing at the deadline, after Leave asked for
  // it, or at once when the mailbox is closed: what is left in a closed mailbox is not delivered.
  // Never returns between a TryEnter and its Leave.
  std::optional<T> PopUntil(std::chrono::steady_clock::time_point deadline) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    waiting_ = true;
    bool in_time = true;
    while (entered_ || (items_.empty() && !closed_ && !wake_ && in_time)) {
      if (entered_) {
        held_up_ = true;
        changed_.Wait(mutex_);
        held_up_ = false;
      } else {
        in_time = changed_.WaitUntil(mutex_, deadline);
      }
    }
    waiting_ = wake_ = false;
    if (closed_ || items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front().item));
    bytes_ -= items_.front().bytes;
    items_.pop_front();
    return item;
  }

  // True if the consumer has nothing to do and sleeps in PopUntil: it will not wake up before the
  // caller's Leave, and until then all that is the consumer's is the caller's.
  bool TryEnter() CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (!waiting_ || entered_ || closed_ || wake_ || !items_.empty()) return false;
    entered_ = true;
    return true;
  }
  enum class Then { kSleepOn, kWake };
  void Leave(Then then) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    entered_ = false;
    wake_ = then == Then::kWake;
    if (wake_ || closed_ || held_up_ || !items_.empty()) changed_.NotifyOne();
  }

  // Wakes the consumer for good. May be called twice.
  void Close() CAIRN_EXCLUDES(mutex_) {
    std::deque<Entry> dropped;  // Outlives the lock: an item's destructor may do anything.
    MutexLock lock(mutex_);
    closed_ = true;
    dropped.swap(items_);
    changed_.NotifyAll();
  }

  bool closed() const CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return closed_;
  }

 private:
  struct Entry {
    T item;
    size_t bytes;
  };
  struct Bounds {
    size_t items, bytes;
  };

  bool Put(T item, size_t bytes, Bounds most) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (closed_ || items_.size() >= most.items || bytes_ >= most.bytes) return false;
    items_.push_back({std::move(item), bytes});
    bytes_ += bytes;
    // The one consumer only waits for the first item.
    if (items_.size() == 1 && !entered_) changed_.NotifyOne();
    return true;
  }

  const size_t items_max_, bytes_max_;

  mutable Mutex mutex_;
  CondVar changed_;
  std::deque<Entry> items_ CAIRN_GUARDED_BY(mutex_);
  size_t bytes_ CAIRN_GUARDED_BY(mutex_) = 0;
  bool closed_ CAIRN_GUARDED_BY(mutex_) = false;
  bool waiting_ CAIRN_GUARDED_BY(mutex_) = false;  // The consumer is in PopUntil.
  bool entered_ CAIRN_GUARDED_BY(mutex_) = false;
  bool held_up_ CAIRN_GUARDED_BY(mutex_) = false;  // It waits for Leave, whatever its deadline.
  bool wake_ CAIRN_GUARDED_BY(mutex_) = false;     // It is to return, item or not.
};

}  // namespace cairn
