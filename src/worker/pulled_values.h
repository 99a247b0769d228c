// What a pull has brought.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "worker/payload.h"

namespace cairn {

// The values of a pull, partition by partition where they were received; copied once, by whoever
// wants them. Filled in by one thread, then read by another.
class PulledValues {
 public:
  PulledValues() = default;
  // For the answers of `partitions`, which ascend; all that `payload` has ids in are among them.
  PulledValues(std::shared_ptr<const PullPayload> payload, const std::vector<uint32_t>& partitions);

  // The answer of partitions[part]: of each table in turn the rows of its ids. False, and nothing
  // is taken: they are not as many. `storage` keeps them.
  bool Set(size_t part, std::span<const float> values, const std::shared_ptr<const void>& storage);

  // Once all are set; `table` counts those of the payload.
  size_t tables() const { return payload_ == nullptr ? 0 : payload_->size(); }
  // [unique x width], in the order of the table's KeyCut.
  std::vector<float> Packed(size_t table) const;
  // The same, by table.
  std::vector<std::vector<float>> Packed() const;
  // rows: [keys x width], in the order of the keys as they were given.
  void ScatterTo(size_t table, std::span<float> rows) const;

 private:
  struct Piece {
    uint32_t partition;
    std::span<const float> values;
  };

  std::span<const float> RowsOf(const Piece& piece, size_t table) const;

  std::shared_ptr<const PullPayload> payload_;
  std::vector<Piece> pieces_;
  std::vector<std::shared_ptr<const void>> storages_;
};

}  // namespace cairn
