#include "wire/id_codec.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "base/random.h"

namespace cairn {
namespace {

using Ids = std::vector<uint64_t>;

std::vector<std::byte> Write(const std::vector<Ids>& slices) {
  IdLists lists;
  for (const Ids& ids : slices) lists.emplace_back(ids);
  std::vector<std::byte> bytes;
  ByteWriter out(&bytes);
  WriteIds(lists, &out);
  return bytes;
}

Ids Joined(const std::vector<Ids>& slices) {
  Ids all;
  for (const Ids& ids : slices) all.insert(all.end(), ids.begin(), ids.end());
  return all;
}

// The bytes that they take, after a look at whether they come back.
size_t RoundTrip(const std::vector<Ids>& slices) {
  const Ids all = Joined(slices);
  const std::vector<std::byte> bytes = Write(slices);
  CHECK(bytes.size() <= IdBytesMax(all.size()));
  CHECK(bytes.size() >= all.size());
  Ids read(all.size());
  ByteReader in(bytes);
  REQUIRE(ReadIds(&in, read.size(), read.data()).ok());
  CHECK(read == all);
  CHECK(in.remaining() == 0);
  return bytes.size();
}

// Distinct, ascending, with the top bits of a partition.
Ids RandomIds(size_t count, int range_bits, uint64_t base, Random* random) {
  std::set<uint64_t> ids;
  while (ids.size() < count) ids.insert(base | random->Next() >> (64 - range_bits));
  return {ids.begin(), ids.end()};
}

TEST_CASE("the ids of a batch take 6.53 bytes, next to the bound") {
  SeededRandom random(1);
  std::vector<Ids> slices;
  for (uint64_t p = 0; p < 64; ++p) slices.push_back(RandomIds(156, 58, p << 58, &random));
  const auto ids = static_cast<double>(Joined(slices).size());
  CHECK(static_cast<double>(RoundTrip(slices)) < 6.53 * ids);
}

TEST_CASE("ids of every density come back, and sparse ones cost little more than the bound") {
  SeededRandom random(2);
  for (const int bits : {8, 12, 20, 33, 50, 57, 58, 60, 63}) {
    for (const size_t count : {1, 2, 3, 60, 200}) {
      INFO(bits << " bits, " << count << " ids");
      const size_t bytes = RoundTrip({RandomIds(count, bits, 0, &random)});
      if (bits >= 20 && count >= 60) {
        const double bound = bits - std::log2(static_cast<double>(count)) + 1.45;
        CHECK(8.0 * static_cast<double>(bytes) < (bound + 1) * static_cast<double>(count));
      }
    }
  }
}

TEST_CASE("ids that nobody would send come back as well") {
  const uint64_t last = ~uint64_t{0};
  RoundTrip({{0}});
  RoundTrip({{last}});
  RoundTrip({{0, last}});
  RoundTrip({{last, 0}});
  RoundTrip({{0, 0, 0, 0, last, last}});
  RoundTrip({{}, {7}, {}, {7}, {}});
  RoundTrip({{last - 1, last}, {0, 1}, {last, last - 1, last - 2}});
  Ids dense(1'000);
  for (size_t i = 0; i < dense.size(); ++i) dense[i] = 64 * i + 5;
  CHECK(RoundTrip({dense, dense}) < 2'100);  // About a byte each.
  std::reverse(dense.begin(), dense.end());
  RoundTrip({dense});
  SeededRandom random(3);
  for (int round = 0; round < 2'000; ++round) {
    std::vector<Ids> slices(1 + random.Below(4));
    for (Ids& ids : slices) {
      ids.resize(random.Below(40));
      const uint64_t shift = random.Below(64);
      for (uint64_t& id : ids) id = random.Next() >> (random.Chance(0.1) ? 0 : shift);
      if (random.Chance(0.7)) std::sort(ids.begin(), ids.end());
    }
    RoundTrip(slices);
  }
  CHECK(Write({}).empty());
  CHECK(Write({{}, {}}).empty());
}

TEST_CASE("a few ids far from all others are listed, and the others stay short") {
  SeededRandom random(4);
  Ids ids = RandomIds(1'000, 40, 0, &random);
  const size_t alone = RoundTrip({ids});
  ids.push_back(~uint64_t{0});
  CHECK(RoundTrip({ids, {1, 2}}) < alone + 60);
}

TEST_CASE("what WriteIds does not write is refused") {
  SeededRandom random(5);
  const Ids ids = RandomIds(100, 58, 0, &random);
  const std::vector<std::byte> bytes = Write({ids});
  Ids read(ids.size() + 1);
  for (size_t n = 0; n < bytes.size(); ++n) {
    ByteReader in{std::span(bytes).first(n)};
    CHECK_FALSE(ReadIds(&in, ids.size(), read.data()).ok());
  }
  ByteReader in(bytes);
  CHECK_FALSE(ReadIds(&in, ids.size() + 1, read.data()).ok());
  for (const uint8_t low_bits : {1, 6, 64, 255}) {
    std::vector<std::byte> other(64);
    other[0] = std::byte{low_bits};
    if (low_bits == 255) other[1] = std::byte{1};  // The varint's second byte.
    ByteReader reader(other);
    CHECK_FALSE(ReadIds(&reader, 1, read.data()).ok());
  }
}

}  // namespace
}  // namespace cairn
