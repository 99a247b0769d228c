#include "transport/event_loop.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/check.h"
#include "transport/thread_name.h"

namespace cairn {
namespace {

// The longest single wait. A deadline further away is waited for in pieces, so that no distance
// overflows the clock's own arithmetic.
constexpr Micros kWaitMax = 3'600 * kMicrosPerSecond;

}  // namespace

EventLoop::EventLoop(Options options)
    : options_(std::move(options)), mailbox_(options_.messages_max, options_.bytes_max) {
  CAIRN_CHECK(options_.time != nullptr && options_.on_message != nullptr &&
              options_.on_tick != nullptr);
}

EventLoop::~EventLoop() { Stop(); }

void EventLoop::Start() {
  MutexLock lock(join_mutex_);
  CAIRN_CHECK(!thread_.joinable(), "an event loop is started once");
  thread_ = std::thread([this] { Loop(); });
}

void EventLoop::Stop() {
  mailbox_.Close();
  MutexLock lock(join_mutex_);
  if (!thread_.joinable()) return;
  CAIRN_CHECK(thread_.get_id() != std::this_thread::get_id(), "a loop cannot wait for itself");
  thread_.join();
}

template <typename Work>
bool EventLoop::TryInline(const Work& work) {
  if (options_.when_idle != Options::WhenIdle::kInline || !mailbox_.TryEnter()) return false;
  const Micros timer = timer_;
  work();
  const bool is_earlier = timer_ < timer;
  mailbox_.Leave(is_earlier ? Mailbox<Item>::Then::kWake : Mailbox<Item>::Then::kSleepOn);
  return true;
}

bool EventLoop::Deliver(MessagePtr message) {
  if (TryInline([&] { options_.on_message(std::move(message)); })) return true;
  const size_t bytes = message->bytes;
  if (mailbox_.Push(std::move(message), bytes)) return true;
  messages_dropped_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void EventLoop::Post(std::function<void()> task) { mailbox_.PushCompletion(std::move(task)); }

void EventLoop::Run(std::function<void()> task) {
  if (!TryInline(task)) Post(std::move(task));
}

std::chrono::steady_clock::time_point EventLoop::WakeTime(Micros now) const {
  const Micros wait = timer_ <= now ? 0 : std::min(timer_ - now, kWaitMax);
  return std::chrono::steady_clock::now() + std::chrono::microseconds(wait);
}

void EventLoop::Loop() {
  NameThisThread(options_.name);
  while (!mailbox_.closed()) {
    const Micros now = options_.time->NowMicros();
    if (timer_ <= now) {
      timer_ = kNever;
      options_.on_tick(now);
    }
    // One item after each tick: a core that always has more to do must not starve its mailbox.
    std::optional<Item> item = mailbox_.PopUntil(WakeTime(options_.time->NowMicros()));
    if (!item.has_value()) continue;  // The timer is due, or the mailbox is closed.
    if (MessagePtr* message = std::get_if<MessagePtr>(&*item)) {
      options_.on_message(std::move(*message));
    } else {
      std::get<std::function<void()>> (*item)();
    }
  }
}

}  // namespace cairn
