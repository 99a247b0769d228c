#include "train/field_groups.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "base/units.h"

namespace cairn {
namespace {

constexpr size_t kFieldsOfFeature = 2;  // At most so many for each feature of the longest row.

struct Occurrence {
  Key index;
  size_t row;

  auto operator<=>(const Occurrence&) const = default;
};

// By rising index, each row once.
std::vector<Occurrence> OccurrencesOf(const RowBatch& rows) {
  std::vector<Occurrence> occurrences;
  occurrences.reserve(rows.features());
  for (size_t row = 0; row < rows.rows(); ++row) {
    for (size_t i = rows.offsets[row]; i < rows.offsets[row + 1]; ++i) {
      occurrences.push_back({rows.keys[i], row});
    }
  }
  std::sort(occurrences.begin(), occurrences.end());
  occurrences.erase(std::unique(occurrences.begin(), occurrences.end()), occurrences.end());
  return occurrences;
}

}  // namespace

absl::StatusOr<std::vector<Key>> FindFields(const RowBatch& rows) {
  const std::vector<Occurrence> all = OccurrencesOf(rows);
  if (all.empty()) return InvalidArgument("no row has features");
  std::vector<Key> starts = {0};
  std::vector<size_t> fields_so_far(rows.rows());  // Up to the last feature of the row.
  std::vector<size_t> features_of_row(rows.rows());
  for (size_t begin = 0; begin < all.size();) {
    size_t end = begin;
    bool together = false;
    for (; end < all.size() && all[end].index == all[begin].index; ++end) {
      together = together || fields_so_far[all[end].row] == starts.size();
      ++features_of_row[all[end].row];
    }
    if (together) starts.push_back(all[begin].index);
    for (; begin < end; ++begin) fields_so_far[all[begin].row] = starts.size();
  }
  const size_t longest = *std::max_element(features_of_row.begin(), features_of_row.end());
  if (starts.size() <= std::min(kFoundFieldsMax, kFieldsOfFeature * longest)) return starts;
  return InvalidArgument("neighbouring indices are no fields: there would be ",
                         HumanCount(starts.size()), " of them, and no row has more than ",
                         HumanCount(longest), " features");
}

uint16_t FieldOf(std::span<const Key> starts, Key index) {
  const auto next = std::upper_bound(starts.begin() + 1, starts.end(), index);
  return static_cast<uint16_t>(next - starts.begin() - 1);
}

}  // namespace cairn
