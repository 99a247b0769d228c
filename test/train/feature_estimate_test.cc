#include "train/feature_estimate.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "base/random.h"

namespace cairn {
namespace {

std::vector<Key> Draw(size_t count, uint64_t different) {
  SeededRandom random(1);
  std::vector<Key> keys(count);
  for (Key& key : keys) key = random.Below(different);
  return keys;
}

TEST_CASE("A sample that is all there is is counted", "[feature_estimate]") {
  CHECK(EstimateDistinct({}, 0) == 0);
  const std::vector<Key> keys = {7, 7, 8, ~Key{0}};
  CHECK(EstimateDistinct(keys, 4) == 3);
  CHECK(EstimateDistinct(keys, 1) == 3);
}

TEST_CASE("Few keys that come again and again stay few", "[feature_estimate]") {
  CHECK(EstimateDistinct(Draw(100'000, 500), 1e9) == Approx(500));
}

TEST_CASE("Keys that never come again are as many as there are", "[feature_estimate]") {
  std::vector<Key> keys(1'000);
  for (size_t i = 0; i < keys.size(); ++i) keys[i] = i;
  CHECK(EstimateDistinct(keys, 1e6) == Approx(1e6));
}

TEST_CASE("Keys by a power law are estimated within a factor", "[feature_estimate]") {
  // Key floor(u^-2): about sqrt(n) different ones among n.
  SeededRandom random(2);
  const auto draw = [&](size_t count) {
    std::vector<Key> keys(count);
    for (Key& key : keys) {
      const double u = static_cast<double>(random.Below(1u << 30) + 1) / (1u << 30);
      key = static_cast<Key>(1 / (u * u));
    }
    return keys;
  };
  const std::vector<Key> all = draw(1'000'000);
  const double truth = EstimateDistinct(all, 1e6);
  const std::vector<Key> sample(all.begin(), all.begin() + 20'000);
  const double estimate = EstimateDistinct(sample, 1e6);
  CHECK(estimate > truth / 2);
  CHECK(estimate < truth * 2);
}

}  // namespace
}  // namespace cairn
