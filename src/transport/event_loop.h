// The shell around a core: one thread, one mailbox, one timer.
#pragma once

#include <atomic>
#include <functional>
#include <limits>
#include <string>
#include <thread>
#include <variant>

#include "base/mutex.h"
#include "base/time_source.h"
#include "transport/mailbox.h"
#include "wire/limits.h"
#include "wire/message.h"

namespace cairn {

inline constexpr Micros kNever = std::numeric_limits<Micros>::max();

// Runs a single-threaded core: everything that happens to it happens on the loop's thread, or while
// that one sleeps, one at a time, in the order in which it arrived. Deliver, Post and Stop may be
// called from any thread.
//
//   EventLoop loop({.name = "coordinator",
//                   .time = &time,
//                   .on_message = [&](MessagePtr m) { core.Receive(*m); Execute(); },
//                   .on_tick = [&](Micros now) { core.Tick(now); Execute(); }});
//   auto transport = network.Open([&](MessagePtr m) { loop.Deliver(std::move(m)); });
//   loop.Post([&] { core.Start(time.NowMicros()); Execute(); });  // Execute calls SetTimer.
//   loop.Start();
//
// Whatever the callbacks touch must outlive the loop, or Stop must have returned.
class EventLoop {
 public:
  struct Options {
    std::string name;                  // Of the thread, as debuggers show it; cut at 15 bytes.
    const TimeSource* time = nullptr;  // A real clock: the loop sleeps by it. Not owned.
    size_t messages_max = limits::kMailboxMessagesMax;
    size_t bytes_max = limits::kMailboxBytesMax;  // Of messages, as they came over the network.
    std::function<void(MessagePtr)> on_message;
    std::function<void(Micros now)> on_tick;  // At the time last given to SetTimer; once for each.
    // kInline saves two wake-ups for whoever delivers and waits for what comes of it, and costs the
    // work that the two threads could have done at the same time.
    enum class WhenIdle {
      kWake,    // The loop's thread handles a message.
      kInline,  // Deliver does, if the loop has nothing else to do.
    };
    WhenIdle when_idle = WhenIdle::kWake;
  };

  explicit EventLoop(Options options);
  ~EventLoop();  // Stops.
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Starts the thread; what was delivered or posted before is handled first. Call once.
  void Start();

  // Ends the thread after the callback that is running, and waits for it. What has not been handled
  // is dropped. May be called twice, but not on the loop's thread (there: RequestStop).
  void Stop();

  // As Stop, without waiting: from a callback.
  void RequestStop() { mailbox_.Close(); }

  // Hands over a message. False if it was dropped: the mailbox is full, or the loop has stopped.
  // With WhenIdle::kInline the caller may find itself in on_message, so it must hold no lock that
  // this takes.
  bool Deliver(MessagePtr message);

  // Runs `task` on the loop's thread. Never dropped while the loop runs: the number of tasks under
  // way is bounded by whoever began them. Dropped, unrun, after Stop.
  void Post(std::function<void()> task);

  // As Post, but with WhenIdle::kInline on the calling thread if the loop has nothing else to do.
  void Run(std::function<void()> task);

  // on_tick is called at `deadline` (of Options::time), or at once if that has passed; kNever:
  // not at all. Replaces the deadline set before. On the loop's thread, or before Start.
  void SetTimer(Micros deadline) { timer_ = deadline; }

  // Messages that the mailbox had no room for.
  uint64_t messages_dropped() const { return messages_dropped_.load(std::memory_order_relaxed); }

 private:
  using Item = std::variant<MessagePtr, std::function<void()>>;

  void Loop();
  // Does what `work` does as if on the loop's thread, if that one sleeps and may be stood in for.
  template <typename Work>
  bool TryInline(const Work& work);
  std::chrono::steady_clock::time_point WakeTime(Micros now) const;

  const Options options_;

  // The loop's thread (before Start: whoever builds it).
  Micros timer_ = kNever;

  // Any thread.
  Mailbox<Item> mailbox_;
  std::atomic<uint64_t> messages_dropped_{0};
  Mutex join_mutex_;
  std::thread thread_ CAIRN_GUARDED_BY(join_mutex_);
};

}  // namespace cairn
