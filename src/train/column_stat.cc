#include "train/column_stat.h"

#include <algorithm>
#include <iterator>

#include "base/hash.h"
#include "base/numbers.h"
#include "train/bad_row.h"

namespace cairn {

size_t FrequentTexts::Hash::operator()(std::string_view text) const { return HashString(text); }

void FrequentTexts::Add(std::string_view text) {
  text = text.substr(0, kTextBytesMax);
  const auto found = counts_.find(text);
  if (found != counts_.end()) {
    ++found->second;
    return;
  }
  if (counts_.size() < kKept) {
    counts_.emplace(text, 1);
    return;
  }
  // One of each kept text goes against this one: so each text loses as many as there are rounds,
  // and a round takes more than kKept of all texts.
  exact_ = false;
  for (auto it = counts_.begin(); it != counts_.end();) {
    it = --it->second == 0 ? counts_.erase(it) : std::next(it);
  }
}

std::vector<std::pair<std::string, uint64_t>> FrequentTexts::Top(size_t count) const {
  std::vector<std::pair<std::string, uint64_t>> all(counts_.begin(), counts_.end());
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  all.resize(std::min(all.size(), count));
  return all;
}

ColumnCounter::ColumnCounter(std::string name) : name_(std::move(name)) {}

void ColumnCounter::Add(std::string_view cell, bool is_missing) {
  ++cells_;
  if (is_missing) {
    ++missing_;
    return;
  }
  distinct_.Add(HashString(cell));
  frequent_.Add(cell);
  if (are_numbers_) AddNumber(cell);
}

void ColumnCounter::AddNumber(std::string_view cell) {
  const absl::StatusOr<double> number = ParseDouble(TrimBlanks(cell));
  are_numbers_ = number.ok();
  if (!are_numbers_) return;
  min_ = std::min(min_, *number);
  max_ = std::max(max_, *number);
  sum_ += *number;
}

ColumnStat ColumnCounter::Stat() const {
  ColumnStat stat{name_,
                  cells_,
                  missing_,
                  distinct_.count(),
                  distinct_.exact(),
                  frequent_.Top(kTopShown),
                  frequent_.exact(),
                  {}};
  if (are_numbers_ && cells_ > missing_) {
    stat.numbers = {min_, sum_ / static_cast<double>(cells_ - missing_), max_};
  }
  return stat;
}

}  // namespace cairn
