#include "server/digest.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "sharding/placement.h"
#include "support/sample_snapshots.h"

namespace cairn {
namespace {

constexpr uint64_t kLargest = ~uint64_t{0};

TEST_CASE("Digests add and subtract modulo 2^128", "[digest]") {
  ModelDigest digest{1, kLargest};
  digest += {2, 1};
  CHECK(digest == ModelDigest{4, 0});
  digest -= {2, 1};
  CHECK(digest == ModelDigest{1, kLargest});
  digest += {kLargest, 0};
  CHECK(digest == ModelDigest{0, kLargest});
  digest -= {0, kLargest};
  digest -= {0, 1};
  CHECK(digest == ModelDigest{kLargest, kLargest});
  CHECK(DigestHex({0x0123456789ABCDEFu, 0xF}) == "0123456789abcdef000000000000000f");
}

TEST_CASE("A row's digest depends on table, key and every weight's bits", "[digest]") {
  const std::vector<float> weights = {1, 2, 3};
  const ModelDigest digest = RowDigest(1, 2, weights);
  CHECK(digest == RowDigest(1, 2, weights));
  CHECK(digest != RowDigest(2, 2, weights));
  CHECK(digest != RowDigest(1, 3, weights));
  for (size_t i = 0; i < weights.size(); ++i) {
    std::vector<float> other = weights;
    other[i] = std::nextafter(other[i], 9.0f);
    CHECK(digest.high != RowDigest(1, 2, other).high);
    CHECK(digest.low != RowDigest(1, 2, other).low);
  }
  CHECK(RowDigest(1, 2, std::vector<float>{0}) != RowDigest(1, 2, std::vector<float>{-0.0f}));
  CHECK(RowDigest(1, 2, std::vector<float>{0}) != RowDigest(1, 2, std::vector<float>{0, 0}));
  CHECK(RowDigest(1, 2, {}) != RowDigest(1, 3, {}));
  CHECK(DigestHex(RowDigest(TableSalt("w"), 7, std::vector<float>{0.5f, -1})) ==
        "97bbc352ba85191a83912bba29d5c6a5");
}

// The digest of one model held by `partitions` partitions, taken in slices of `slice` rows.
ModelDigest DigestOf(uint32_t partitions, size_t slice, uint64_t* rows) {
  const JobSpec job = test::SampleJob(partitions);
  std::vector<uint64_t> keys;
  for (uint64_t key = 0; key < 500; ++key) keys.push_back(key);
  ModelDigest sum;
  *rows = 0;
  for (uint32_t p = 0; p < partitions; ++p) {
    std::vector<TableShard> shards = test::MakeShards(job, p);
    test::PushKeys(keys, 0.5f, &shards[0]);
    DigestScan scan(&shards);
    while (scan.Step(slice)) {
    }
    sum += scan.digest();
    *rows += scan.rows();
  }
  return sum;
}

TEST_CASE("The model digest depends neither on partitions nor on slices", "[digest]") {
  uint64_t rows = 0;
  const ModelDigest one = DigestOf(1, 1'000'000, &rows);
  CHECK(rows == 500);
  for (const size_t slice : {1, 7, 500}) CHECK(DigestOf(8, slice, &rows) == one);
  CHECK(rows == 500);
}

TEST_CASE("Optimizer state and counts do not enter the digest", "[digest]") {
  const JobSpec job = test::SampleJob(1);
  std::vector<TableShard> shards = test::MakeShards(job, 0);
  std::vector<float> row(shards[0].schema().row_floats());
  shards[0].Put(5, row);
  const auto digest = [&] {
    DigestScan scan(&shards);
    while (scan.Step(100)) continue;
    return scan.digest();
  };
  const ModelDigest before = digest();
  SetCount(RowCount::Near(7, false), row.data());
  row[kRowCountWords + shards[0].schema().width()] = 3;
  shards[0].Put(5, row);
  CHECK(digest() == before);
  row[kRowCountWords] += 1;
  shards[0].Put(5, row);
  CHECK(digest() != before);
}

TEST_CASE("A digest's digits read back", "[digest]") {
  const ModelDigest digest{0x0123456789ABCDEFu, 0xF0E1D2C3B4A59687u};
  CHECK(ParseDigest(DigestHex(digest)) == digest);
  CHECK_FALSE(ParseDigest(DigestHex(digest).substr(1)).has_value());
  CHECK_FALSE(ParseDigest(DigestHex(digest) + "0").has_value());
  CHECK_FALSE(ParseDigest("0123456789ABCDEF0123456789ABCDEF").has_value());
  CHECK_FALSE(ParseDigest("0123456789abcdeg0123456789abcdef").has_value());
}

}  // namespace
}  // namespace cairn
