#include "base/random.h"

#include <array>
#include <catch2/catch.hpp>
#include <deque>
#include <limits>
#include <set>

namespace cairn {
namespace {

// Gives the numbers that it was given.
class ScriptedRandom final : public Random {
 public:
  explicit ScriptedRandom(std::deque<uint64_t> numbers) : numbers_(std::move(numbers)) {}
  uint64_t Next() override {
    const uint64_t number = numbers_.front();
    numbers_.pop_front();
    return number;
  }
  size_t left() const { return numbers_.size(); }

 private:
  std::deque<uint64_t> numbers_;
};

constexpr uint64_t kLast = std::numeric_limits<uint64_t>::max();

TEST_CASE("SeededRandom is the reference SplitMix64 stream") {
  SeededRandom random(1234567);
  CHECK(random.Next() == 6457827717110365317u);
  CHECK(random.Next() == 3203168211198807973u);
  CHECK(random.Next() == 9817491932198370423u);
  CHECK(random.Next() == 4593380528125082431u);
  CHECK(random.Next() == 16408922859458223821u);
}

TEST_CASE("Below is uniform and in range") {
  SeededRandom random(1);
  std::array<int, 6> seen{};
  for (int i = 0; i < 60'000; ++i) ++seen.at(random.Below(6));
  for (const int count : seen) {
    CHECK(count > 10'000 - 500);  // Standard deviation 91.
    CHECK(count < 10'000 + 500);
  }
  CHECK(random.Below(1) == 0);
}

TEST_CASE("Below draws again what would favour small remainders") {
  // 2^64 mod 3 is 1: only 0 is one too many.
  ScriptedRandom random({0, 1, kLast});
  CHECK(random.Below(3) == 1);
  CHECK(random.Below(3) == 0);  // 2^64 - 1 is a multiple of 3.
  CHECK(random.left() == 0);
  // A power of two divides 2^64: nothing is drawn again.
  ScriptedRandom power({0, kLast});
  CHECK(power.Below(uint64_t{1} << 63) == 0);
  CHECK(power.Below(uint64_t{1} << 63) == (uint64_t{1} << 63) - 1);
}

TEST_CASE("Unit is in [0, 1)") {
  ScriptedRandom random({0, kLast, uint64_t{1} << 63});
  CHECK(random.Unit() == 0.0);
  CHECK(random.Unit() < 1.0);
  CHECK(random.Unit() == 0.5);
}

TEST_CASE("Chance keeps to its probability, and its ends are certain") {
  SeededRandom random(2);
  int hits = 0;
  for (int i = 0; i < 100'000; ++i) hits += random.Chance(0.25) ? 1 : 0;
  CHECK(hits > 25'000 - 700);  // Standard deviation 137.
  CHECK(hits < 25'000 + 700);
  ScriptedRandom extremes({0, kLast});
  CHECK_FALSE(extremes.Chance(0.0));
  CHECK(extremes.Chance(1.0));
}

TEST_CASE("SystemRandom does not repeat itself") {
  SystemRandom one;
  SystemRandom two;
  std::set<uint64_t> seen;
  for (int i = 0; i < 100; ++i) {
    seen.insert(one.Next());
    seen.insert(two.Next());
  }
  CHECK(seen.size() == 200);
}

}  // namespace
}  // namespace cairn
