#include "kernels/portable_math.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "base/hash.h"

namespace cairn {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// The distance of `value` from `exact`, in units in the last place of a float.
double UlpError(float value, double exact) {
  const float nearest = static_cast<float>(exact);
  const double ulp = static_cast<double>(std::nextafter(std::fabs(nearest), kInfinity)) -
                     static_cast<double>(std::fabs(nearest));
  return std::fabs(value - exact) / ulp;
}

TEST_CASE("PortableExp is correctly rounded but for near-ties", "[portable_math]") {
  double worst = 0;
  for (int i = -104'000; i <= 88'700; ++i) {
    const float x = static_cast<float>(i) * 0.001f;
    worst = std::max(worst, UlpError(PortableExp(x), std::exp(double{x})));
  }
  for (uint64_t i = 0; i < 100'000; ++i) {
    const auto x = static_cast<float>((UnitInterval(Mix64(i)) - 0.5) * 2e-3);
    worst = std::max(worst, UlpError(PortableExp(x), std::exp(double{x})));
  }
  CHECK(worst < 0.51);
}

TEST_CASE("PortableExp's ends", "[portable_math]") {
  CHECK(PortableExp(0) == 1);
  CHECK(PortableExp(-0.0f) == 1);
  CHECK(PortableExp(88.72283f) > 3.4e38f);
  CHECK(std::isfinite(PortableExp(88.72283f)));
  CHECK(PortableExp(88.73f) == kInfinity);
  CHECK(PortableExp(1e30f) == kInfinity);
  CHECK(PortableExp(kInfinity) == kInfinity);
  CHECK(PortableExp(-103.9f) == std::numeric_limits<float>::denorm_min());
  CHECK(PortableExp(-104.1f) == 0);
  CHECK(PortableExp(-1e30f) == 0);
  CHECK(PortableExp(-kInfinity) == 0);
  CHECK(std::isnan(PortableExp(std::nanf(""))));
}

TEST_CASE("Sigmoid is precise in both tails", "[portable_math]") {
  double worst = 0;
  for (int i = -8'000; i <= 8'000; ++i) {
    const float x = static_cast<float>(i) * 0.01f;
    const double exact = 1 / (1 + std::exp(-double{x}));
    worst = std::max(worst, UlpError(Sigmoid(x), exact));
  }
  CHECK(worst < 0.51);
  CHECK(Sigmoid(0) == 0.5f);
  CHECK(Sigmoid(1e4f) == 1);
  CHECK(Sigmoid(-1e4f) == 0);
  CHECK(std::isnan(Sigmoid(std::nanf(""))));
}

TEST_CASE("PortableExp's and Sigmoid's bits are fixed for all time", "[portable_math][golden]") {
  uint64_t hash = 0;
  for (uint64_t i = 0; i < 10'000; ++i) {
    const auto x = static_cast<float>((UnitInterval(Mix64(i)) - 0.5) * 40);
    hash = HashWords(hash, std::bit_cast<uint32_t>(PortableExp(x)));
    hash = HashWords(hash, std::bit_cast<uint32_t>(Sigmoid(x)));
  }
  CHECK(hash == 0x740df96c7304222eu);
}

TEST_CASE("PortableLog is the natural logarithm", "[portable_math]") {
  double worst = 0;
  for (uint64_t i = 0; i < 100'000; ++i) {
    const double x = UnitInterval(Mix64(i)) * (i % 2 == 0 ? 2 : 1e6) + 1e-9;
    worst = std::max(worst, std::fabs(PortableLog(x) - std::log(x)));
  }
  for (const double x : {1e-310, 1e-300, 0.5, 2.0, 1e300}) {
    worst = std::max(worst, std::fabs(PortableLog(x) / std::log(x) - 1));
  }
  CHECK(worst < 1e-14);
  CHECK(PortableLog(1) == 0);
}

}  // namespace
}  // namespace cairn
