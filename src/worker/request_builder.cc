#include "worker/request_builder.h"

#include <algorithm>

#include "base/check.h"
#include "wire/limits.h"

namespace cairn {
namespace {

constexpr size_t kSliceOverhead = 32;  // Of a slice and of a part on the wire, about.

// Rows [begin, end) of one table's cut.
struct Piece {
  size_t table;  // In the payload.
  uint32_t begin;
  uint32_t end;
};
using Fragment = std::vector<Piece>;

// One partition's record in pieces of at most `bytes`; always at least one, maybe empty.
std::vector<Fragment> CutRecord(const PushPayload& payload, uint32_t partition, size_t bytes) {
  std::vector<Fragment> fragments(1);
  if (payload.bare) return fragments;
  size_t room = bytes;
  for (size_t t = 0; t < payload.tables.size(); ++t) {
    const TablePush& table = payload.tables[t];
    const size_t row_bytes = sizeof(uint64_t) + sizeof(uint32_t) + table.cut->width * sizeof(float);
    uint32_t begin = table.cut->offsets[partition];
    const uint32_t end = table.cut->offsets[partition + 1];
    while (begin < end) {
      if (room < row_bytes && !fragments.back().empty()) {
        fragments.emplace_back();
        room = bytes;
      }
      const size_t fit = std::max<size_t>(1, room / row_bytes);
      const auto take =
          static_cast<uint32_t>(std::min<size_t>({fit, end - begin, limits::kIdsPerSliceMax}));
      fragments.back().push_back({t, begin, begin + take});
      room -= std::min(room, take * row_bytes);
      begin += take;
    }
  }
  CAIRN_CHECK(fragments.size() <= limits::kFragmentsMax, "one step's record is too large");
  return fragments;
}

TableSlice SliceOf(const PushContent& content, const PushTarget& target, const Piece& piece) {
  const TablePush& table = content.payload->tables[piece.table];
  const KeyCut& cut = *table.cut;
  const uint32_t count = piece.end - piece.begin;
  TableSlice slice{cut.table,
                   {cut.ids.data() + piece.begin, count},
                   {table.values.data() + size_t{piece.begin} * cut.width, count * cut.width},
                   {cut.counts.data() + piece.begin, count}};
  const uint64_t pull = piece.table < content.pulled.size() ? content.pulled[piece.table] : 0;
  if (target.name_ids && pull != 0) {
    slice.named = {pull, piece.begin - cut.offsets[target.partition], count};
  }
  return slice;
}

size_t BytesOf(const TableSlice& slice) {
  return kSliceOverhead + slice.ids.size_bytes() + slice.values.size_bytes() +
         slice.counts.size_bytes();
}

}  // namespace

std::vector<Push> BuildPushes(const PushContent& content, const std::vector<PushTarget>& targets,
                              const CutSizes& sizes) {
  const std::shared_ptr<const PushPayload>& payload = content.payload;
  std::vector<Push> messages;
  size_t room = 0;
  const auto add_part = [&](const PushTarget& target, const Fragment& fragment, uint32_t number,
                            uint32_t count) {
    size_t bytes = kSliceOverhead;
    std::vector<TableSlice> slices;
    for (const Piece& piece : fragment) {
      slices.push_back(SliceOf(content, target, piece));
      bytes += BytesOf(slices.back());
    }
    if (messages.empty() || bytes > room) {
      Push& message = messages.emplace_back();
      message.ref = content.ref;
      message.step = content.step;
      message.epoch = payload->epoch;
      message.rate_factor = payload->rate_factor;
      message.rows = payload->bare ? 0 : payload->rows;
      message.storage = payload;
      room = std::max(sizes.message, bytes);
    }
    room -= bytes;
    Push& message = messages.back();
    const auto begin = static_cast<uint32_t>(message.slices.size());
    message.slices.insert(message.slices.end(), slices.begin(), slices.end());
    message.parts.push_back({target.partition, target.term, target.prev, number, count, begin,
                             static_cast<uint32_t>(message.slices.size())});
  };
  for (const PushTarget& target : targets) {
    const std::vector<Fragment> fragments = CutRecord(*payload, target.partition, sizes.fragment);
    const auto count = static_cast<uint32_t>(fragments.size());
    for (uint32_t i = 0; i < count; ++i) add_part(target, fragments[i], i, count);
  }
  return messages;
}

std::vector<Pull> BuildPulls(Pull::Kind kind, const StreamRef& ref, StepIndex step,
                             const std::shared_ptr<const PullPayload>& payload,
                             const std::vector<PullTarget>& targets, const CutSizes& sizes) {
  std::vector<Pull> messages;
  size_t room = 0;
  for (const PullTarget& target : targets) {
    // The reply is what weighs: values go back for every id.
    size_t bytes = kSliceOverhead;
    for (const auto& cut : *payload) {
      const size_t ids = cut->IdsOf(target.partition).size();
      if (ids > 0) bytes += kSliceOverhead + ids * (sizeof(uint64_t) + cut->width * sizeof(float));
    }
    if (messages.empty() || bytes > room) {
      Pull& message = messages.emplace_back();
      message.kind = kind;
      message.ref = ref;
      message.step = step;
      message.storage = payload;
      room = std::max(sizes.message, bytes);
    }
    room -= bytes;
    Pull& message = messages.back();
    const auto begin = static_cast<uint32_t>(message.slices.size());
    for (const auto& cut : *payload) {
      const auto ids = cut->IdsOf(target.partition);
      if (!ids.empty()) message.slices.push_back({cut->table, ids, {}, {}});
    }
    message.parts.push_back({target.partition, target.term, target.min, begin,
                             static_cast<uint32_t>(message.slices.size())});
  }
  return messages;
}

}  // namespace cairn
