// The model digest: one number that two models share if they hold the same weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/shard_cursor.h"
#include "server/table_shard.h"

namespace cairn {

// The sum modulo 2^128 of RowDigest over all rows: independent of their order and of the number of
// partitions. Rows without changes since their creation count, missing rows do not.
struct ModelDigest {
  uint64_t high = 0;
  uint64_t low = 0;

  ModelDigest& operator+=(const ModelDigest& other);
  ModelDigest& operator-=(const ModelDigest& other);
  bool operator==(const ModelDigest&) const = default;
};

// 32 hexadecimal digits, and back; nullopt: they are not.
std::string DigestHex(const ModelDigest& digest);
std::optional<ModelDigest> ParseDigest(std::string_view hex);

// Of one row: a hash of the table (TableSalt of its name), the key (KeyOf) and the weights' bits.
// Optimizer state and counts do not enter. Fixed for all time.
ModelDigest RowDigest(uint64_t salt, uint64_t key, std::span<const float> weights);

// Adds up a partition's digest in slices. Exact if no row changes between the first slice and the
// last; a snapshot that is taken while rows change knows its own (SnapshotWriter::digest).
class DigestScan {
 public:
  // `shards` outlive the scan.
  explicit DigestScan(const std::vector<TableShard>* shards) : shards_(shards) {}

  // Takes in up to `rows_most` rows, at least 1. False when all are in.
  bool Step(size_t rows_most);

  const ModelDigest& digest() const { return digest_; }
  uint64_t rows() const { return rows_; }  // Of sparse tables, so far.

 private:
  const std::vector<TableShard>* shards_;
  ShardCursor cursor_;
  uint64_t rows_ = 0;
  ModelDigest digest_;
  std::vector<uint64_t> ids_;
  std::vector<float> weights_;
};

}  // namespace cairn
