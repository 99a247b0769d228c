#include "train/row_codec.h"

#include <catch2/catch.hpp>
#include <limits>
#include <string>

#include "base/hash.h"

namespace cairn {
namespace {

struct Kind {
  bool values = false, weights = false, fields = false, repeated = false, hashed = false;
  uint32_t length = 0;  // 0: of all lengths.
};

RowBatch Random(uint64_t seed, size_t count, const Kind& kind) {
  RowBatch rows;
  for (size_t row = 0; row < count; ++row) {
    const uint64_t hash = HashWords(seed, row);
    const uint32_t length = kind.length == 0 ? hash % 7 : kind.length;
    for (uint32_t k = 0; k < length; ++k) {
      const uint64_t random = HashWords(seed, row, k);
      const Key key = kind.hashed ? random : random % (uint64_t{1} << random % 40);
      rows.AddFeature(key, kind.values && random % 3 == 0 ? static_cast<float>(random % 99) : 1);
      if (kind.fields) {
        rows.fields.push_back(static_cast<uint16_t>(kind.repeated ? k : random >> 48));
      }
    }
    const float label =
        kind.weights ? static_cast<float>(hash % 5) - 2 : static_cast<float>(hash & 1);
    rows.AddRow(label, kind.weights ? static_cast<float>(hash % 3) : 1);
  }
  return rows;
}

// `parts` one after the other, each by way of its encoding.
RowBatch ThroughCodec(const std::vector<RowBatch>& parts) {
  RowBatch rows;
  for (const RowBatch& part : parts) {
    std::string bytes;
    EncodeRows(part, 0, &bytes);
    REQUIRE(DecodeRows(bytes, &rows).ok());
  }
  return rows;
}

TEST_CASE("Rows come back to the last bit, whatever they have", "[row_codec]") {
  const Kind kinds[] = {{},
                        {.length = 12},
                        {.fields = true, .repeated = true, .length = 12},
                        {.fields = true, .length = 3},
                        {.values = true, .weights = true, .fields = true},
                        {.values = true, .hashed = true, .length = 5},
                        {.weights = true, .fields = true, .repeated = true}};
  for (const Kind& kind : kinds) {
    for (const size_t count : {0, 1, 2, 9, 200}) {
      CAPTURE(&kind - kinds, count);
      const RowBatch rows = Random(7, count, kind);
      CHECK(ThroughCodec({rows}) == rows);
    }
  }
}

TEST_CASE("Rows without features, and the largest keys", "[row_codec]") {
  RowBatch rows;
  rows.AddRow(1, 1);
  rows.AddFeature(~Key{0}, 1);
  rows.AddFeature(0, 1);
  rows.AddRow(0, 1);
  rows.AddFeature(0, std::numeric_limits<float>::denorm_min());
  rows.AddRow(-0.0f, 1);
  const RowBatch back = ThroughCodec({rows});
  CHECK(back == rows);
  CHECK(std::signbit(back.labels[2]));
}

TEST_CASE("Rows behind others stand there as if they had been parsed", "[row_codec]") {
  const RowBatch plain = Random(1, 20, {}), full = Random(2, 20, {.values = true, .weights = true});
  RowBatch expected = plain;
  for (size_t row = 0; row < full.rows(); ++row) {
    for (size_t k = full.offsets[row]; k < full.offsets[row + 1]; ++k) {
      expected.AddFeature(full.keys[k], full.values[k]);
    }
    expected.AddRow(full.labels[row], full.weight(row));
  }
  for (size_t row = 0; row < plain.rows(); ++row) {
    for (size_t k = plain.offsets[row]; k < plain.offsets[row + 1]; ++k) {
      expected.AddFeature(plain.keys[k], 1);
    }
    expected.AddRow(plain.labels[row], 1);
  }
  CHECK(ThroughCodec({plain, full, plain}) == expected);
  // Only the last part of a batch, which itself has neither values nor weights.
  std::string bytes;
  EncodeRows(expected, 40, &bytes);
  RowBatch tail;
  REQUIRE(DecodeRows(bytes, &tail).ok());
  CHECK(tail == plain);
}

TEST_CASE("The bytes are those of the page", "[row_codec]") {
  RowBatch rows;
  for (const Key key : {1000, 1001}) {
    rows.AddFeature(key, 1);
    rows.AddFeature(7, 1);
    rows.fields.insert(rows.fields.end(), {0, 1});
    rows.AddRow(key == 1000 ? 1 : 0, 1);
  }
  std::string bytes;
  EncodeRows(rows, 0, &bytes);
  const std::string expected(
      "\x3c"              // Fields, bit labels, equal lengths, repeated fields.
      "\2\0\0\0\4\0\0\0"  // 2 rows, 4 features.
      "\1"                // Labels.
      "\0\0\1\0"          // Fields of a row.
      "\x12\1"            // Bytes of each key, in nibbles: 2, 1, 1, 0.
      "\xe8\3\7\1"        // 1000, 7, 1000 xor 1001.
      "\0\0\0\0\0\0\0\0",
      1 + 8 + 1 + 4 + 2 + 4 + 8);
  CHECK(bytes == expected);
}

TEST_CASE("Rows that are alike take few bytes", "[row_codec]") {
  std::string bytes;
  EncodeRows(Random(3, 64, {.fields = true, .repeated = true, .length = 12}), 0, &bytes);
  CHECK(bytes.size() < 64 * 12 * 4.5);  // Keys of up to 40 bits, and fields.
  RowBatch same;
  for (int row = 0; row < 64; ++row) {
    for (Key key = 1000; key < 1012; ++key) same.AddFeature(key, 1);
    same.AddRow(1, 1);
  }
  bytes.clear();
  EncodeRows(same, 0, &bytes);
  CHECK(bytes.size() < 64 * 12 * 0.6);
}

TEST_CASE("Bytes that are cut or changed are refused or decoded, and never read beyond",
          "[row_codec]") {
  const RowBatch rows = Random(5, 30, {.values = true, .weights = true, .fields = true});
  std::string bytes;
  EncodeRows(rows, 0, &bytes);
  for (size_t length = 0; length < bytes.size(); ++length) {
    RowBatch back = rows;
    // Memory of its own, so that a sanitizer sees a byte too much.
    const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(length));
    CHECK(DecodeRows({cut.data(), cut.size()}, &back).code() == absl::StatusCode::kDataLoss);
    CHECK(back == rows);
  }
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::vector<char> changed(bytes.begin(), bytes.end());
      changed[at] = static_cast<char>(changed[at] ^ 1 << bit);
      RowBatch back = rows;
      if (!DecodeRows({changed.data(), changed.size()}, &back).ok()) CHECK(back == rows);
      CHECK(back.offsets.back() == back.features());
      CHECK(back.offsets.size() == back.rows() + 1);
    }
  }
}

}  // namespace
}  // namespace cairn
