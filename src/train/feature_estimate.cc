#include "train/feature_estimate.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace cairn {
namespace {

double CountDistinct(std::span<const Key> keys) {
  std::vector<Key> sorted(keys.begin(), keys.end());
  std::sort(sorted.begin(), sorted.end());
  return static_cast<double>(std::unique(sorted.begin(), sorted.end()) - sorted.begin());
}

}  // namespace

double EstimateDistinct(std::span<const Key> keys, double total) {
  if (keys.empty()) return 0;
  const double of_half = CountDistinct(keys.first((keys.size() + 1) / 2));
  const double of_all = CountDistinct(keys);
  const auto sampled = static_cast<double>(keys.size());
  if (total <= sampled) return of_all;
  const double exponent = std::clamp(std::log2(of_all / of_half), 0.0, 1.0);
  return std::min(total, of_all * std::pow(total / sampled, exponent));
}

}  // namespace cairn
