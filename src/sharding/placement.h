// Which partition holds what. Pure functions, fixed for all time: files and clients depend on them.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#include "base/hash.h"
#include "cairn/types.h"

namespace cairn {

// Salt of a table's key hash; a function of its name, so that models move between jobs.
constexpr uint64_t TableSalt(std::string_view table_name) { return HashString(table_name); }

// The id under which a sparse table knows a key: a bijection of the key, uniformly spread.
constexpr uint64_t SparseId(Key key, uint64_t salt) { return Mix64(key ^ salt); }
constexpr Key KeyOfSparseId(uint64_t id, uint64_t salt) { return Unmix64(id) ^ salt; }

// The partition of a sparse id: its top log2(partitions) bits.
constexpr uint32_t PartitionOfSparseId(uint64_t id, uint32_t partitions) {
  const int bits = std::countr_zero(partitions);
  return bits == 0 ? 0 : static_cast<uint32_t>(id >> (64 - bits));
}

// The partition of a dense table's block: (base + block) mod partitions, base from the salt.
constexpr uint32_t PartitionOfBlock(uint64_t block, uint64_t salt, uint32_t partitions) {
  return static_cast<uint32_t>((salt + block) & (partitions - 1));
}

}  // namespace cairn
