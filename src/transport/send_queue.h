// What waits to be sent to one peer.
#pragma once

#include <cstddef>
#include <deque>
#include <utility>

#include "base/time_source.h"

namespace cairn {

// First in, first out, bounded by bytes and by age. Frame: anything with size() that can be moved.
// Not thread-safe.
template <typename Frame>
class SendQueue {
 public:
  struct Limits {
    size_t bytes_max;
    Micros age_max;
  };

  explicit SendQueue(Limits limits) : limits_(limits) {}

  bool empty() const { return waiting_.empty(); }
  size_t count() const { return waiting_.size(); }
  size_t bytes() const { return bytes_; }

  // False, and `frame` is untouched, if there is no room. An empty queue has room for any frame.
  bool Push(Frame&& frame, Micros now) {
    const size_t bytes = frame.size();
    if (!waiting_.empty() && bytes_ + bytes > limits_.bytes_max) return false;
    waiting_.push_back({std::move(frame), now, bytes});
    bytes_ += bytes;
    return true;
  }

  Frame& front() { return waiting_.front().frame; }

  // Drops the oldest frame, which may have been moved out of. Returns the bytes that it had.
  size_t Pop() {
    const size_t bytes = waiting_.front().bytes;
    bytes_ -= bytes;
    waiting_.pop_front();
    return bytes;
  }

  // The oldest frame has waited for too long.
  bool Stale(Micros now) const {
    return !waiting_.empty() && now - waiting_.front().since > limits_.age_max;
  }

 private:
  struct Waiting {
    Frame frame;
    Micros since;
    size_t bytes;
  };

  const Limits limits_;
  std::deque<Waiting> waiting_;
  size_t bytes_ = 0;
};

}  // namespace cairn
