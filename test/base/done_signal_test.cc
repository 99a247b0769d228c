#include "base/done_signal.h"

#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

namespace cairn {
namespace {

TEST_CASE("DoneSignal: the first value holds") {
  DoneSignal<std::string> signal;
  CHECK(!signal.done());
  signal.Set("first");
  signal.Set("second");
  CHECK(signal.done());
  CHECK(signal.Wait() == "first");
  CHECK(signal.Wait() == "first");  // Waiting takes nothing away.
}

TEST_CASE("DoneSignal: a deadline that has passed ends the wait with nothing") {
  DoneSignal<int> signal;
  const auto past = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  CHECK(!signal.WaitUntil(past).has_value());
  signal.Set(7);
  CHECK(signal.WaitUntil(past) == 7);  // What is there needs no waiting.
}

TEST_CASE("DoneSignal: wakes everyone who waits") {
  DoneSignal<int> signal;
  std::vector<int> seen(3);
  std::vector<std::jthread> threads;
  for (int& value : seen) threads.emplace_back([&] { value = signal.Wait(); });
  signal.Set(5);
  threads.clear();  // Joins.
  CHECK(seen == std::vector<int>{5, 5, 5});
}

}  // namespace
}  // namespace cairn
