// Generated click data with a known truth: for tests and benchmarks of any size.
//
// 39 fields, the first 13 with 50 values each, 26 more whose sizes grow geometrically from the
// first to the last by 10,000 and add up to about `features` - 650. Which value a row has follows a
// bounded Zipf law of exponent 1.05. The truth is a factorization machine of rank 4: with g a
// standard normal hashed from (seed, id),
//
//   z = -1.6 + sum 0.25 g0(id) + 1/2 sum_t [(sum w_t)^2 - sum w_t^2],  w_t = 0.12 g_{t+1}(id)
//
// and the label is 1 with probability 1 / (1 + exp(-z)).
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "absl/status/status.h"

namespace cairn {

struct ZipfSpec {
  enum class Part : uint8_t { kTrain, kTest };  // Of the same truth, other rows.

  uint64_t rows = 0;
  uint64_t features = 100'000;  // About so many different ids, 1,000 .. 2^40.
  uint64_t seed = 1;
  Part part = Part::kTrain;
};

// Takes the next piece of a file. An error ends the generation.
using TextSink = std::function<absl::Status(std::string_view)>;

// Writes libffm text to `rows`, and to `oracle`, unless it is null, the true probability of every
// row, one a line with 5 decimals. The same spec gives the same bytes with the same C library.
// kInvalidArgument: features out of range; else what a sink returned.
absl::Status GenerateZipf(const ZipfSpec& spec, const TextSink& rows, const TextSink& oracle);

}  // namespace cairn
