#include "transport/event_loop.h"

#include <catch2/catch.hpp>
#include <future>
#include <thread>
#include <utility>
#include <vector>

namespace cairn {
namespace {

constexpr auto kPatience = std::chrono::seconds(20);

MessagePtr Numbered(uint64_t number) {
  return std::make_shared<Message>(Message{{{}, {}, number, 0}, Heartbeat{}});
}

TEST_CASE("messages and tasks run on one thread, in order") {
  RealTimeSource time;
  std::vector<uint64_t> seen;  // Only the loop's thread touches it, until Stop.
  std::vector<std::thread::id> threads;
  std::promise<void> done;
  EventLoop loop({.name = "a name longer than Linux takes",
                  .time = &time,
                  .on_message =
                      [&](MessagePtr message) {
                        seen.push_back(message->header.request);
                        threads.push_back(std::this_thread::get_id());
                      },
                  .on_tick = [](Micros) {}});
  CHECK(loop.Deliver(Numbered(1)));  // Before Start: kept.
  loop.Start();
  CHECK(loop.Deliver(Numbered(2)));
  loop.Post([&] { seen.push_back(3); });
  CHECK(loop.Deliver(Numbered(4)));
  loop.Post([&] { done.set_value(); });
  REQUIRE(done.get_future().wait_for(kPatience) == std::future_status::ready);
  loop.Stop();
  CHECK(seen == std::vector<uint64_t>{1, 2, 3, 4});
  CHECK(threads[0] == threads[2]);
  CHECK(threads[0] != std::this_thread::get_id());
}

TEST_CASE("the timer fires once for each time that it is set, and not before") {
  RealTimeSource time;
  std::vector<Micros> late;
  std::promise<void> done;
  Micros deadline = time.NowMicros() + 2'000;
  EventLoop* self = nullptr;
  EventLoop loop({.name = "timer",
                  .time = &time,
                  .on_message = [](MessagePtr) {},
                  .on_tick =
                      [&](Micros now) {
                        late.push_back(now - deadline);
                        if (late.size() == 3) return done.set_value();
                        deadline = now + 1'000;
                        self->SetTimer(deadline);
                      }});
  self = &loop;
  loop.SetTimer(deadline);
  loop.Start();
  REQUIRE(done.get_future().wait_for(kPatience) == std::future_status::ready);
  loop.Stop();
  CHECK(late.size() == 3);
  for (const Micros by : late) CHECK(by >= 0);
}

TEST_CASE("a deadline at the end of time is no deadline") {
  RealTimeSource time;
  std::promise<void> done;
  EventLoop loop({.name = "far",
                  .time = &time,
                  .on_message = [&](MessagePtr) { done.set_value(); },
                  .on_tick = [](Micros) { FAIL("nobody asked for it"); }});
  loop.SetTimer(kNever - 1);
  loop.Start();
  loop.Deliver(Numbered(1));
  CHECK(done.get_future().wait_for(kPatience) == std::future_status::ready);
}

TEST_CASE("a timer that is always due does not starve the mailbox") {
  RealTimeSource time;
  std::promise<void> done;
  EventLoop* running = nullptr;
  EventLoop loop({.name = "busy",
                  .time = &time,
                  .on_message = [&](MessagePtr) { done.set_value(); },
                  .on_tick = [&](Micros now) { running->SetTimer(now); }});
  running = &loop;
  loop.SetTimer(0);
  loop.Start();
  loop.Deliver(Numbered(1));
  CHECK(done.get_future().wait_for(kPatience) == std::future_status::ready);
}

TEST_CASE("messages beyond the bound are dropped and counted, tasks are not") {
  RealTimeSource time;
  std::promise<void> done;
  int messages = 0;
  EventLoop loop({.name = "full",
                  .time = &time,
                  .messages_max = 2,
                  .on_message = [&](MessagePtr) { ++messages; },
                  .on_tick = [](Micros) {}});
  CHECK(loop.Deliver(Numbered(1)));
  CHECK(loop.Deliver(Numbered(2)));
  CHECK_FALSE(loop.Deliver(Numbered(3)));
  loop.Post([&] { done.set_value(); });
  CHECK(loop.messages_dropped() == 1);
  loop.Start();
  REQUIRE(done.get_future().wait_for(kPatience) == std::future_status::ready);
  loop.Stop();
  CHECK(messages == 2);
}

TEST_CASE("a loop with many bytes to handle takes no more of them") {
  RealTimeSource time;
  EventLoop loop({.name = "full",
                  .time = &time,
                  .bytes_max = 1'000,
                  .on_message = [](MessagePtr) {},
                  .on_tick = [](Micros) {}});
  const auto sized = [](size_t bytes) {
    Message message = *Numbered(1);
    message.bytes = bytes;
    return std::make_shared<const Message>(std::move(message));
  };
  CHECK(loop.Deliver(sized(900)));
  CHECK(loop.Deliver(sized(900)));
  CHECK_FALSE(loop.Deliver(sized(1)));
  CHECK(loop.messages_dropped() == 1);
}

TEST_CASE("an idle loop that may lets the deliverer work, and keeps order and timer all the same") {
  RealTimeSource time;
  Mutex mutex;
  std::vector<std::pair<uint64_t, std::thread::id>> seen;
  std::promise<void> ticked;
  EventLoop* self = nullptr;
  EventLoop loop({.name = "inline",
                  .time = &time,
                  .on_message =
                      [&](MessagePtr message) {
                        const uint64_t number = message->header.request;
                        // From within: kept for later, not done in between.
                        if (number == 1) self->Deliver(Numbered(2));
                        MutexLock lock(mutex);
                        seen.emplace_back(number, std::this_thread::get_id());
                        if (number == 2) self->SetTimer(time.NowMicros() + 1'000);
                      },
                  .on_tick = [&](Micros) { ticked.set_value(); },
                  .when_idle = EventLoop::Options::WhenIdle::kInline});
  self = &loop;
  loop.Start();
  // Until the thread sleeps, messages are its own to handle.
  const auto handled_here = [&] {
    loop.Deliver(Numbered(0));
    MutexLock lock(mutex);
    return !seen.empty() && seen.back().second == std::this_thread::get_id();
  };
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!handled_here()) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // It may never sleep otherwise.
  }
  loop.Deliver(Numbered(1));
  REQUIRE(ticked.get_future().wait_for(kPatience) == std::future_status::ready);
  loop.Stop();
  REQUIRE(seen.size() >= 3);
  const auto& last = seen.back();
  const auto& before = seen[seen.size() - 2];
  CHECK(before.first == 1);
  CHECK(last.first == 2);
  CHECK(last.second != std::this_thread::get_id());
}

TEST_CASE("deliverers from many threads never find themselves in an inline loop together") {
  RealTimeSource time;
  int inside = 0;  // Not atomic: the thread sanitizer looks.
  uint64_t sum = 0;
  EventLoop loop({.name = "inline",
                  .time = &time,
                  .on_message =
                      [&](MessagePtr message) {
                        CHECK(++inside == 1);
                        sum += message->header.request;
                        --inside;
                      },
                  .on_tick = [](Micros) {},
                  .when_idle = EventLoop::Options::WhenIdle::kInline});
  loop.Start();
  std::vector<std::thread> deliverers;
  for (int t = 0; t < 4; ++t) {
    deliverers.emplace_back([&] {
      for (uint64_t i = 1; i <= 5'000; ++i) loop.Deliver(Numbered(i));
    });
  }
  for (std::thread& deliverer : deliverers) deliverer.join();
  std::promise<void> done;
  loop.Post([&] { done.set_value(); });
  REQUIRE(done.get_future().wait_for(kPatience) == std::future_status::ready);
  loop.Stop();
  CHECK(loop.messages_dropped() == 0);
  CHECK(sum == 4 * (5'000 * 5'001 / 2));
}

TEST_CASE("a stopped loop handles nothing more") {
  RealTimeSource time;
  int handled = 0;
  EventLoop loop({.name = "stop",
                  .time = &time,
                  .on_message = [&](MessagePtr) { ++handled; },
                  .on_tick = [](Micros) {}});
  SECTION("never started") {}
  SECTION("started") { loop.Start(); }
  loop.Stop();
  loop.Stop();
  CHECK_FALSE(loop.Deliver(Numbered(1)));
  const auto held = std::make_shared<int>(1);
  loop.Post([&handled, held] { ++handled; });
  CHECK(held.use_count() == 1);
  CHECK(handled == 0);
}

TEST_CASE("a callback may end its own loop") {
  RealTimeSource time;
  std::promise<void> asked;
  int handled = 0;
  EventLoop* self = nullptr;
  EventLoop loop({.name = "own",
                  .time = &time,
                  .on_message =
                      [&](MessagePtr) {
                        ++handled;
                        self->RequestStop();
                        asked.set_value();
                      },
                  .on_tick = [](Micros) {}});
  self = &loop;
  loop.Deliver(Numbered(1));
  loop.Deliver(Numbered(2));
  loop.Start();
  REQUIRE(asked.get_future().wait_for(kPatience) == std::future_status::ready);
  loop.Stop();
  CHECK(handled == 1);
}

}  // namespace
}  // namespace cairn
