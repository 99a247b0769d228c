#include "kernels/finite.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

namespace cairn {
namespace {

TEST_CASE("AllFinite finds one bad value anywhere", "[finite]") {
  using Limits = std::numeric_limits<float>;
  CHECK(AllFinite({}));
  std::vector<float> values(37, Limits::max());
  values[3] = -Limits::max(), values[4] = Limits::denorm_min(), values[5] = -0.0f;
  CHECK(AllFinite(values));
  for (const float bad : {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN()}) {
    for (size_t i = 0; i < values.size(); ++i) {
      std::vector<float> one_bad = values;
      one_bad[i] = bad;
      CHECK_FALSE(AllFinite(one_bad));
    }
  }
}

}  // namespace
}  // namespace cairn
