#include "sharding/placement.h"

#include <catch2/catch.hpp>
#include <limits>
#include <vector>

namespace cairn {
namespace {

constexpr uint64_t kLast = std::numeric_limits<uint64_t>::max();

TEST_CASE("a sparse id gives its key back") {
  const uint64_t salt = TableSalt("w");
  for (const Key key : {Key{0}, Key{1}, Key{12345}, salt, ~salt, kLast}) {
    CHECK(KeyOfSparseId(SparseId(key, salt), salt) == key);
  }
}

TEST_CASE("placement is fixed for all time") {
  const uint64_t salt = TableSalt("w");
  CHECK(salt == Mix64(0xAF63EA4C86020456u));  // FNV-1a of "w".
  CHECK(SparseId(5, salt) == Mix64(5 ^ salt));
}

TEST_CASE("sparse ids are spread by their top bits") {
  CHECK(PartitionOfSparseId(kLast, 1) == 0);
  CHECK(PartitionOfSparseId(0, 64) == 0);
  CHECK(PartitionOfSparseId(kLast, 64) == 63);
  CHECK(PartitionOfSparseId(uint64_t{1} << 63, 2) == 1);
  CHECK(PartitionOfSparseId(uint64_t{1} << 48, 65'536) == 1);
  std::vector<int> held(64, 0);
  for (Key key = 0; key < 64'000; ++key) {
    ++held[PartitionOfSparseId(SparseId(key, TableSalt("w")), 64)];
  }
  for (const int keys : held) {
    CHECK(keys > 1000 - 200);  // Standard deviation 31.
    CHECK(keys < 1000 + 200);
  }
}

TEST_CASE("twice the partitions split each in two") {
  for (Key key = 0; key < 1000; ++key) {
    const uint64_t id = SparseId(key, TableSalt("v"));
    CHECK(PartitionOfSparseId(id, 128) / 2 == PartitionOfSparseId(id, 64));
  }
}

TEST_CASE("neighbouring blocks lie in neighbouring partitions, round and round") {
  const uint64_t salt = TableSalt("layer");
  for (uint64_t block = 0; block < 100; ++block) {
    const uint32_t here = PartitionOfBlock(block, salt, 8);
    CHECK(here < 8);
    CHECK(PartitionOfBlock(block + 1, salt, 8) == (here + 1) % 8);
  }
  CHECK(PartitionOfBlock(7, salt, 1) == 0);
}

}  // namespace
}  // namespace cairn
