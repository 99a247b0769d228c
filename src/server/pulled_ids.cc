#include "server/pulled_ids.h"

#include <algorithm>
#include <utility>

namespace cairn {
namespace {

const PullPart* FindPart(const Pull& pull, uint32_t partition) {
  // Parts of our own clients ascend; of others they may be missed, which is only slow.
  const auto found =
      std::lower_bound(pull.parts.begin(), pull.parts.end(), partition,
                       [](const PullPart& part, uint32_t p) { return part.partition < p; });
  return found == pull.parts.end() || found->partition != partition ? nullptr : &*found;
}

size_t BytesOf(const Pull& pull) {
  size_t bytes = sizeof(Message) + pull.parts.size() * sizeof(PullPart) +
                 pull.slices.size() * sizeof(TableSlice);
  for (const TableSlice& slice : pull.slices) bytes += slice.ids.size_bytes();
  return bytes;
}

// What a resolved push owns.
struct ResolvedStorage {
  std::shared_ptr<const void> values;
  std::vector<uint64_t> ids;
};

}  // namespace

bool LacksIds(const Push& push, const PushPart& part) {
  return std::any_of(push.slices.begin() + part.slice_begin, push.slices.begin() + part.slice_end,
                     [](const TableSlice& slice) { return slice.lacks_ids(); });
}

void PulledIdCache::Keep(const MessagePtr& message, size_t parts) {
  const Pull& pull = *BodyAs<Pull>(*message);
  const Key key{message->header.from, message->header.request};
  auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    found = by_key_.emplace(key, order_.insert(order_.end(), Kept{key, {}, 0, 0})).first;
  }
  Kept& kept = *found->second;
  const bool is_new = std::any_of(pull.parts.begin(), pull.parts.end(), [&](const PullPart& part) {
    return std::none_of(kept.messages.begin(), kept.messages.end(), [&](const MessagePtr& other) {
      return FindPart(*BodyAs<Pull>(*other), part.partition) != nullptr;
    });
  });
  if (!is_new) return;
  const size_t bytes = BytesOf(pull);
  kept.messages.push_back(message);
  kept.bytes += bytes;
  kept.parts_left += parts;
  bytes_ += bytes;
  while (bytes_ > bytes_max_) Forget(order_.begin());
}

std::span<const uint64_t> PulledIdCache::Find(const Key& key, uint32_t partition,
                                              const TableSlice& slice) const {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return {};
  for (const MessagePtr& message : found->second->messages) {
    const Pull& pull = *BodyAs<Pull>(*message);
    const PullPart* part = FindPart(pull, partition);
    for (uint32_t i = part == nullptr ? 0 : part->slice_begin; part != nullptr; ++i) {
      if (i == part->slice_end) break;
      const TableSlice& listed = pull.slices[i];
      const PulledIds& named = slice.named;
      const bool has_all = listed.table == slice.table && named.begin <= listed.ids.size() &&
                           named.count <= listed.ids.size() - named.begin;
      if (has_all) return listed.ids.subspan(named.begin, named.count);
    }
  }
  return {};
}

MessagePtr PulledIdCache::Resolve(const MessagePtr& message,
                                  const std::function<bool(uint32_t)>& serves) const {
  const Push& push = *BodyAs<Push>(*message);
  if (std::none_of(push.slices.begin(), push.slices.end(),
                   [](const TableSlice& slice) { return slice.lacks_ids(); })) {
    return message;
  }
  // Where the ids are, and then a copy of them: a record may be kept for longer than the pull.
  std::vector<std::pair<uint32_t, std::span<const uint64_t>>> found;
  size_t count = 0;
  Push resolved = push;
  for (const PushPart& part : push.parts) {
    if (!serves(part.partition)) continue;
    for (uint32_t i = part.slice_begin; i < part.slice_end; ++i) {
      const TableSlice& slice = push.slices[i];
      if (!slice.lacks_ids()) continue;
      const Key key{message->header.from, slice.named.request};
      const std::span<const uint64_t> ids = Find(key, part.partition, slice);
      if (ids.empty() && unknown_ == UnknownIds::kDrop)
        resolved.slices[i] = TableSlice{slice.table, {}, {}, {}};
      if (ids.empty()) continue;
      found.emplace_back(i, ids);
      count += ids.size();
    }
  }
  auto storage = std::make_shared<ResolvedStorage>(ResolvedStorage{push.storage, {}});
  storage->ids.reserve(count);
  for (const auto& [i, ids] : found) {
    const size_t at = storage->ids.size();
    storage->ids.insert(storage->ids.end(), ids.begin(), ids.end());
    resolved.slices[i].ids = {storage->ids.data() + at, ids.size()};
  }
  resolved.storage = std::move(storage);
  return std::make_shared<const Message>(Message{message->header, std::move(resolved)});
}

void PulledIdCache::Release(const Message& message, const PushPart& part) {
  const Push& push = *BodyAs<Push>(message);
  uint64_t last = 0;
  for (uint32_t i = part.slice_begin; i < part.slice_end; ++i) {
    const uint64_t request = push.slices[i].named.request;
    if (request == std::exchange(last, request) || request == 0) continue;
    const auto found = by_key_.find({message.header.from, request});
    if (found == by_key_.end()) continue;
    Kept& kept = *found->second;
    if (kept.parts_left > 0) --kept.parts_left;
    if (kept.parts_left == 0) Forget(found->second);
  }
}

void PulledIdCache::Forget(Order::iterator kept) {
  bytes_ -= kept->bytes;
  by_key_.erase(kept->key);
  order_.erase(kept);
}

}  // namespace cairn
