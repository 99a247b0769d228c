// The ids of recent pulls, for pushes that name them instead of sending them again. What is not
// remembered is asked for (PartCode::kNeedIds), so this is a cache: it may forget anything at any
// time. Owned by one executor; deterministic.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <vector>

#include "wire/message.h"

namespace cairn {

// What becomes of rows whose ids are not remembered.
enum class UnknownIds {
  kLeave,  // They lack their ids, and that can be seen.
  kDrop,   // For tests: they vanish (ServerGuards::need_ids).
};

class PulledIdCache {
 public:
  // Forgets the oldest pulls while all of them together have more ids than these bytes hold.
  explicit PulledIdCache(size_t bytes_max, UnknownIds unknown = UnknownIds::kLeave)
      : bytes_max_(bytes_max), unknown_(unknown) {}

  // `message` is a Pull, of whose parts `parts` are this executor's. A repetition is not kept
  // twice.
  void Keep(const MessagePtr& message, size_t parts);

  // The push with the ids of all slices that name some, in parts of partitions that `serves` is
  // true of, as far as they are remembered: the others still lack them. The message itself if it
  // lacks none, as within a process. The copy has ids of its own and lives as long as anybody wants
  // it to.
  MessagePtr Resolve(const MessagePtr& message, const std::function<bool(uint32_t)>& serves) const;

  // The part was executed: nobody will name these ids in this partition any more.
  void Release(const Message& message, const PushPart& part);

  size_t bytes() const { return bytes_; }

 private:
  // One request may come in several messages, cut by partition.
  struct Key {
    ProcessId from;
    uint64_t request = 0;

    auto operator<=>(const Key&) const = default;
  };
  struct Kept {
    Key key;
    std::vector<MessagePtr> messages;
    size_t bytes = 0;
    size_t parts_left = 0;  // That were not yet pushed.
  };
  using Order = std::list<Kept>;  // The oldest first.

  std::span<const uint64_t> Find(const Key& key, uint32_t partition, const TableSlice& slice) const;
  void Forget(Order::iterator kept);

  const size_t bytes_max_;
  const UnknownIds unknown_;
  Order order_;
  std::map<Key, Order::iterator> by_key_;
  size_t bytes_ = 0;
};

// Does any slice of this part lack its ids?
bool LacksIds(const Push& push, const PushPart& part);

}  // namespace cairn
