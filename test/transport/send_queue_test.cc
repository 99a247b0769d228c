#include "transport/send_queue.h"

#include <catch2/catch.hpp>
#include <string>

namespace cairn {
namespace {

using Queue = SendQueue<std::string>;

TEST_CASE("a queue is bounded by bytes, but takes any one frame") {
  Queue queue({.bytes_max = 10, .age_max = 100});
  CHECK(queue.Push("twelve bytes", 0));
  std::string refused = "x";
  CHECK_FALSE(queue.Push(std::move(refused), 0));
  CHECK(refused == "x");  // NOLINT(bugprone-use-after-move): a refused frame is untouched.
  CHECK(queue.Pop() == 12);
  CHECK(queue.empty());
  CHECK(queue.Push("12345", 0));
  CHECK(queue.Push("67890", 0));
  CHECK_FALSE(queue.Push("x", 0));
  CHECK(queue.bytes() == 10);
  CHECK(queue.count() == 2);
}

TEST_CASE("frames come out in order, and count what they weighed when they went in") {
  Queue queue({.bytes_max = 100, .age_max = 100});
  queue.Push("first", 0);
  queue.Push("second", 0);
  CHECK(queue.front() == "first");
  queue.front().clear();  // Sent.
  CHECK(queue.Pop() == 5);
  CHECK(queue.front() == "second");
  CHECK(queue.bytes() == 6);
}

TEST_CASE("a frame is stale once it has waited for longer than the limit") {
  Queue queue({.bytes_max = 100, .age_max = 100});
  CHECK_FALSE(queue.Stale(1'000));
  queue.Push("old", 0);
  queue.Push("new", 60);
  CHECK_FALSE(queue.Stale(100));
  CHECK(queue.Stale(101));
  queue.Pop();
  CHECK_FALSE(queue.Stale(160));
  CHECK(queue.Stale(161));
}

}  // namespace
}  // namespace cairn
