// What is in the columns of csv and of Criteo's rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "train/distinct_counter.h"

namespace cairn {

// The most frequent of many texts, by the algorithm of Misra and Gries (1982) with kKept counters:
// exact as long as there are no more different texts than counters; beyond that every count is too
// low by at most 1 / kKept of all texts. The order of texts decides which rare ones are kept, but
// nothing random does. Not thread-safe.
class FrequentTexts {
 public:
  static constexpr size_t kKept = 1024;
  // Longer texts count as the same if they begin alike.
  static constexpr size_t kTextBytesMax = 64;

  void Add(std::string_view text);

  bool exact() const { return exact_; }
  // At most `count`, most frequent first; equally frequent ones in the order of their bytes.
  std::vector<std::pair<std::string, uint64_t>> Top(size_t count) const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const;
  };

  std::unordered_map<std::string, uint64_t, Hash, std::equal_to<>> counts_;
  bool exact_ = true;
};

struct ColumnStat {
  std::string name;
  uint64_t cells = 0;
  uint64_t missing = 0;  // Empty, NA, NULL, \N or nan.
  // Of the cells that are not missing.
  uint64_t distinct = 0;
  bool distinct_is_exact = true;  // False: an estimate, with DistinctCounter::kStandardError.
  std::vector<std::pair<std::string, uint64_t>> top;
  bool top_is_exact = true;  // False: counts may be too low by 1 / FrequentTexts::kKept of all.
  struct Numbers {
    double min = 0, mean = 0, max = 0;
  };
  std::optional<Numbers> numbers;  // Where all of them are.
};

// Sums up one column in bounded memory, some 3 MiB at most. Not thread-safe.
class ColumnCounter {
 public:
  explicit ColumnCounter(std::string name);

  void Add(std::string_view cell, bool is_missing);
  ColumnStat Stat() const;

 private:
  static constexpr size_t kTopShown = 5;

  void AddNumber(std::string_view cell);

  std::string name_;
  uint64_t cells_ = 0;
  uint64_t missing_ = 0;
  DistinctCounter distinct_{DistinctCounter::kExactMaxMin};
  FrequentTexts frequent_;
  bool are_numbers_ = true;  // So far.
  double min_ = std::numeric_limits<double>::infinity();
  double max_ = -std::numeric_limits<double>::infinity();
  double sum_ = 0;
};

}  // namespace cairn
