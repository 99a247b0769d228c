#include "worker/pulled_values.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "sharding/merge.h"

namespace cairn {
namespace {

// Shorter rows are packed first, so that they lie close together while they are scattered.
constexpr uint32_t kLongRowFloats = 16;

}  // namespace

PulledValues::PulledValues(std::shared_ptr<const PullPayload> payload,
                           const std::vector<uint32_t>& partitions)
    : payload_(std::move(payload)) {
  pieces_.reserve(partitions.size());
  for (const uint32_t partition : partitions) pieces_.push_back({partition, {}});
}

bool PulledValues::Set(size_t part, std::span<const float> values,
                       const std::shared_ptr<const void>& storage) {
  Piece& piece = pieces_[part];
  size_t expected = 0;
  for (const auto& cut : *payload_) expected += cut->IdsOf(piece.partition).size() * cut->width;
  if (values.size() != expected) return false;
  piece.values = values;
  if (storages_.empty() || storages_.back() != storage) storages_.push_back(storage);
  return true;
}

std::span<const float> PulledValues::RowsOf(const Piece& piece, size_t table) const {
  size_t begin = 0;
  for (size_t before = 0; before < table; ++before) {
    const KeyCut& cut = *(*payload_)[before];
    begin += cut.IdsOf(piece.partition).size() * cut.width;
  }
  const KeyCut& cut = *(*payload_)[table];
  return piece.values.subspan(begin, cut.IdsOf(piece.partition).size() * cut.width);
}

std::vector<float> PulledValues::Packed(size_t table) const {
  const KeyCut& cut = *(*payload_)[table];
  std::vector<float> values;
  values.reserve(cut.unique() * cut.width);
  for (const Piece& piece : pieces_) {
    const std::span<const float> rows = RowsOf(piece, table);
    values.insert(values.end(), rows.begin(), rows.end());
  }
  CAIRN_CHECK(values.size() == cut.unique() * cut.width, "a partition's answer is missing");
  return values;
}

std::vector<std::vector<float>> PulledValues::Packed() const {
  std::vector<std::vector<float>> values;
  for (size_t table = 0; table < tables(); ++table) values.push_back(Packed(table));
  return values;
}

void PulledValues::ScatterTo(size_t table, std::span<float> rows) const {
  const KeyCut& cut = *(*payload_)[table];
  if (cut.width < kLongRowFloats) return ScatterRows(cut, Packed(table), rows);
  CAIRN_CHECK(rows.size() == cut.inverse.size() * cut.width);
  std::vector<const float*> row_of;  // By position in cut.ids.
  row_of.reserve(cut.unique());
  for (const Piece& piece : pieces_) {
    const std::span<const float> some = RowsOf(piece, table);
    for (size_t at = 0; at < some.size(); at += cut.width) row_of.push_back(some.data() + at);
  }
  CAIRN_CHECK(row_of.size() == cut.unique(), "a partition's answer is missing");
  float* to = rows.data();
  for (const uint32_t at : cut.inverse) {
    std::copy_n(row_of[at], cut.width, to);
    to += cut.width;
  }
}

}  // namespace cairn
