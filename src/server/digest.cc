#include "server/digest.h"

#include <algorithm>
#include <bit>

#include "base/escape.h"
#include "base/hash.h"

namespace cairn {

ModelDigest& ModelDigest::operator+=(const ModelDigest& other) {
  low += other.low;
  high += other.high + (low < other.low ? 1 : 0);
  return *this;
}

ModelDigest& ModelDigest::operator-=(const ModelDigest& other) {
  high -= other.high + (low < other.low ? 1 : 0);
  low -= other.low;
  return *this;
}

std::string DigestHex(const ModelDigest& digest) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const uint64_t half : {digest.high, digest.low}) {
    for (int shift = 60; shift >= 0; shift -= 4) hex += kDigits[(half >> shift) & 15];
  }
  return hex;
}

std::optional<ModelDigest> ParseDigest(std::string_view hex) {
  if (hex.size() != 32) return std::nullopt;
  ModelDigest digest;
  for (size_t i = 0; i < hex.size(); ++i) {
    const int digit = HexDigit(hex[i]);
    if (digit < 0) return std::nullopt;
    uint64_t& half = i < 16 ? digest.high : digest.low;
    half = half << 4 | static_cast<uint64_t>(digit);
  }
  return digest;
}

ModelDigest RowDigest(uint64_t salt, uint64_t key, std::span<const float> weights) {
  ModelDigest digest;
  digest.high = HashWords(salt, key, weights.size());
  digest.low = Mix64(digest.high ^ 0xA0761D6478BD642Fu);
  for (size_t i = 0; i < weights.size(); i += 2) {  // Two weights a word; the lanes stay apart.
    uint64_t word = std::bit_cast<uint32_t>(weights[i]);
    if (i + 1 < weights.size()) word |= uint64_t{std::bit_cast<uint32_t>(weights[i + 1])} << 32;
    digest.high = Mix64(digest.high ^ word);
    digest.low = Mix64(digest.low + word);
  }
  return digest;
}

bool DigestScan::Step(size_t rows_most) {
  while (rows_most > 0 && !cursor_.done(*shards_)) {
    const TableShard& shard = (*shards_)[cursor_.Next(*shards_, rows_most, &ids_)];
    const TableSchema& schema = shard.schema();
    weights_.resize(ids_.size() * schema.width());
    shard.Read(ids_, TableShard::Missing::kZero, weights_.data());
    const float* weights = weights_.data();
    for (const uint64_t id : ids_) {
      digest_ += RowDigest(schema.salt(), schema.KeyOf(id), {weights, schema.width()});
      weights += schema.width();
    }
    if (shard.schema().spec().kind == TableSpec::Kind::kSparse) rows_ += ids_.size();
    rows_most -= ids_.size();
  }
  return !cursor_.done(*shards_);
}

}  // namespace cairn
