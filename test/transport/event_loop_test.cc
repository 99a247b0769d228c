#include "transport/event_loop.h"

#include <catch2/catch.hpp>
#include <future>
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
