#include "wire/columns.h"

#include <catch2/catch.hpp>

#include "base/status.h"

namespace cairn {
namespace {

enum class Colour : uint8_t { kRed = 0, kBlue = 1 };

struct Record {
  uint64_t wide = 0;
  uint32_t narrow = 0;
  Colour colour = Colour::kRed;
  bool flag = false;

  bool operator==(const Record&) const = default;
};

std::vector<std::byte> Write(const std::vector<Record>& records) {
  std::vector<std::byte> bytes;
  ByteWriter out(&bytes);
  WriteColumn(records, &Record::wide, &out);
  WriteColumn(records, &Record::narrow, &out);
  WriteColumn(records, &Record::colour, &out);
  WriteColumn(records, &Record::flag, &out);
  return bytes;
}

absl::Status Read(const std::vector<std::byte>& bytes, std::vector<Record>* records) {
  ByteReader in(bytes);
  CAIRN_RETURN_IF_ERROR(ReadColumn("wide", &in, records, &Record::wide));
  CAIRN_RETURN_IF_ERROR(ReadColumn("narrow", &in, records, &Record::narrow));
  CAIRN_RETURN_IF_ERROR(ReadColumn("colour", &in, records, &Record::colour));
  CAIRN_RETURN_IF_ERROR(ReadColumn("flag", &in, records, &Record::flag));
  return in.End("records");
}

TEST_CASE("columns come back, even or not") {
  constexpr uint64_t kHalf = uint64_t{1} << 63;
  const std::vector<std::vector<Record>> samples = {
      {},
      {{7, 8, Colour::kBlue, true}},
      {{7, 1, Colour::kBlue, true}, {7, 2, Colour::kBlue, true}, {7, 3, Colour::kBlue, true}},
      {{~0ull, 9, Colour::kRed, true}, {5, 0, Colour::kBlue, false}, {kHalf, 7, {}, true}},
      {{0, 0, {}, {}}, {kHalf, 0xFFFFFFFF, {}, {}}},
  };
  for (const std::vector<Record>& sample : samples) {
    std::vector<Record> read(sample.size());
    REQUIRE(Read(Write(sample), &read).ok());
    CHECK(read == sample);
  }
}

TEST_CASE("equal and evenly spaced values cost nothing more") {
  std::vector<Record> records(1'000);
  for (uint32_t i = 0; i < 1'000; ++i) records[i].narrow = 3 * i;
  CHECK(Write(records).size() == 8);
}

TEST_CASE("a column that is cut off or does not fit is refused") {
  const std::vector<Record> records = {{1, 2, {}, {}}, {5, 3, {}, {}}, {5, 9, {}, {}}};
  std::vector<std::byte> bytes = Write(records);
  std::vector<Record> read(records.size());
  while (!bytes.empty()) {
    bytes.pop_back();
    CHECK_FALSE(Read(bytes, &read).ok());
  }
  std::vector<std::byte> large;
  ByteWriter out(&large);
  out.Varint(ZigZag(250));
  out.Varint(1 + ZigZag(3));
  ByteReader in(large);
  const absl::Status status = ReadColumn("colour", &in, &read, &Record::colour);
  CHECK(std::string(MessageOf(status)) ==
        "colour at offset 0: 256 at place 2, at most 255 is legal");
}

}  // namespace
}  // namespace cairn
