#include "kernels/portable_math.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/check.h"

namespace cairn {
namespace {

constexpr double kLn2 = 0.693147180559945309417;
constexpr double kSqrtHalf = 0.707106781186547524401;
constexpr double kLog2E = 1.44269504088896340736;

// e^r for |r| <= ln 2 / 2: the Taylor series to degree 9; the first term left out is below 8e-12.
double ExpSmall(double r) {
  double sum = 1.0 / 362'880;
  sum = sum * r + 1.0 / 40'320;
  sum = sum * r + 1.0 / 5'040;
  sum = sum * r + 1.0 / 720;
  sum = sum * r + 1.0 / 120;
  sum = sum * r + 1.0 / 24;
  sum = sum * r + 1.0 / 6;
  sum = sum * r + 0.5;
  sum = sum * r + 1.0;
  return sum * r + 1.0;
}

// 2^n for -1022 <= n <= 1023.
double PowerOfTwo(int32_t n) {
  return std::bit_cast<double>(static_cast<uint64_t>(n + 1023) << 52);
}

}  // namespace

double PortableExpWide(float x) {
  if (std::isnan(x)) return std::numeric_limits<double>::quiet_NaN();
  if (x > 128 * kLn2) return std::numeric_limits<double>::infinity();
  if (x < -151 * kLn2) return 0;
  const double wide = x;
  // The nearest integer to x / ln 2. x has 24 bits, so n * ln 2 costs less than 2e-14.
  const auto n = static_cast<int32_t>(wide * kLog2E + (wide < 0 ? -0.5 : 0.5));
  return ExpSmall(wide - n * kLn2) * PowerOfTwo(n);
}

float PortableExp(float x) { return static_cast<float>(PortableExpWide(x)); }

float Sigmoid(float x) {
  if (x >= 0) return static_cast<float>(1 / (1 + PortableExpWide(-x)));
  const double e = PortableExpWide(x);
  return static_cast<float>(e / (1 + e));
}

double PortableLog(double x) {
  CAIRN_CHECK(x > 0 && std::isfinite(x));
  int exponent = 0;
  double m = std::frexp(x, &exponent);  // x = m 2^exponent, 1/2 <= m < 1.
  if (m < kSqrtHalf) {
    m *= 2;
    --exponent;
  }
  // ln m = 2 artanh(s); |s| < 0.172, so the first term left out is below 1e-18.
  const double s = (m - 1) / (m + 1);
  const double square = s * s;
  double sum = 0;
  for (int k = 21; k >= 1; k -= 2) sum = sum * square + 1.0 / k;
  return 2 * s * sum + exponent * kLn2;
}

}  // namespace cairn
