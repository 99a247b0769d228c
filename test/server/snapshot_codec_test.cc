#include "server/snapshot_codec.h"

#include <catch2/catch.hpp>
#include <functional>
#include <vector>

#include "support/sample_snapshots.h"

namespace cairn::snapshot {
namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

SnapshotHeader Header() {
  SnapshotHeader header = test::HeaderOf(test::SampleJob(4), 2);
  header.seed = 5;
  header.state_floats = {{2, 1}, {4}, {0}};
  header.schema_hash = SchemaHash(header);
  return header;
}

TEST_CASE("A table's payload decodes to the table", "[snapshot_codec]") {
  const SnapshotHeader header = Header();
  for (size_t i = 0; i < header.tables.size(); ++i) {
    const PayloadWriter payload = EncodeTable(header.tables[i], header.state_floats[i]);
    TableSpec table;
    std::vector<uint32_t> floats;
    REQUIRE(DecodeTable(payload.bytes(), &table, &floats).ok());
    CHECK(table == header.tables[i]);
    CHECK(floats == header.state_floats[i]);
    for (size_t size = 0; size < payload.bytes().size(); ++size) {
      CHECK(DecodeTable(payload.bytes().first(size), &table, &floats).code() == kInvalid);
    }
  }
}

TEST_CASE("A table's payload has its retention", "[snapshot_codec]") {
  SnapshotHeader header = Header();
  header.tables[0].retention = {.admit_count = 7,
                                .admit_probability = 1,
                                .sketch_bytes = 1u << 20,
                                .expire_steps = 12,
                                .expire_below = 0.5f,
                                .bytes_max = 1u << 30};
  const uint64_t hash = SchemaHash(Header());
  CHECK(SchemaHash(header) != hash);
  const PayloadWriter payload = EncodeTable(header.tables[0], header.state_floats[0]);
  TableSpec table;
  std::vector<uint32_t> floats;
  REQUIRE(DecodeTable(payload.bytes(), &table, &floats).ok());
  CHECK(table == header.tables[0]);
  header.tables[0].retention.admit_count = 257;
  CHECK(DecodeTable(EncodeTable(header.tables[0], header.state_floats[0]).bytes(), &table, &floats)
            .code() == kInvalid);
}

TEST_CASE("A retention's payload decodes to it, and to nothing when it is cut",
          "[snapshot_codec]") {
  RetentionState state{.clock = 1,
                       .age = 2,
                       .hand = ~uint64_t{0},
                       .owed = 3,
                       .goes_all = 4,
                       .goes_at = 5,
                       .goes_up_to = 6,
                       .sweeping = true,
                       .counted = 7};
  for (uint32_t i = 0; i < RetentionState::kScores; ++i) state.scores[i] = 100 + i;
  const PayloadWriter payload = EncodeRetention(8, 9, state);
  RetentionState decoded;
  uint32_t table = 0, pieces = 0;
  REQUIRE(DecodeRetention(payload.bytes(), &table, &pieces, &decoded).ok());
  CHECK(decoded == state);
  CHECK(table == 8);
  CHECK(pieces == 9);
  for (size_t size = 0; size < payload.bytes().size(); ++size) {
    CHECK(DecodeRetention(payload.bytes().first(size), &table, &pieces, &decoded).code() ==
          kInvalid);
  }
}

TEST_CASE("A table that cannot be is refused", "[snapshot_codec]") {
  const auto change = GENERATE(
      as<std::function<void(TableSpec*, std::vector<uint32_t>*)>>{},
      [](TableSpec* t, auto*) { t->name = "Bad Name"; },
      [](TableSpec* t, auto*) { t->name.assign(65, 'a'); },
      [](TableSpec* t, auto*) { t->kind = static_cast<TableSpec::Kind>(2); },
      [](TableSpec* t, auto*) { t->reduction = static_cast<TableSpec::Reduction>(7); },
      [](TableSpec* t, auto*) { t->dense_size = 5; },
      [](TableSpec* t, auto*) { t->parts[0].width = 0; },
      [](TableSpec* t, auto*) { t->parts[0].optimizer.name.assign(1000, 'x'); },
      [](TableSpec* t, auto*) {
        t->parts[1].initializer.kind = static_cast<InitializerSpec::Kind>(3);
      },
      [](TableSpec* t, std::vector<uint32_t>* f) { t->parts.clear(), f->clear(); },
      [](TableSpec* t, std::vector<uint32_t>* f) {
        t->parts.resize(65, t->parts[0]), f->resize(65);
      },
      [](TableSpec*, std::vector<uint32_t>* f) { f->back() = kRowWordsMax; },
      [](TableSpec*, std::vector<uint32_t>* f) { f->front() = f->back() = 0xFFFFFFFF; });
  TableSpec table = Header().tables[0];
  std::vector<uint32_t> floats = Header().state_floats[0];
  change(&table, &floats);
  const PayloadWriter payload = EncodeTable(table, floats);
  CHECK(DecodeTable(payload.bytes(), &table, &floats).code() == kInvalid);
}

TEST_CASE("A header's payload decodes to the header", "[snapshot_codec]") {
  const SnapshotHeader header = Header();
  const PayloadWriter payload = EncodeHeader(header);
  SnapshotHeader decoded;
  uint32_t version = 0, tables = 0;
  REQUIRE(DecodeHeader(payload.bytes(), &decoded, &version, &tables).ok());
  CHECK(version == kSnapshotVersion);
  CHECK(tables == 3);
  CHECK(decoded.job == header.job);
  CHECK(decoded.checkpoint == header.checkpoint);
  CHECK(decoded.generation == header.generation);
  CHECK(decoded.seed == header.seed);
  CHECK(decoded.schema_hash == header.schema_hash);
  CHECK(decoded.partition == header.partition);
  CHECK(decoded.partitions == header.partitions);
  for (size_t size = 0; size < payload.bytes().size(); ++size) {
    CHECK(DecodeHeader(payload.bytes().first(size), &decoded, &version, &tables).code() ==
          kInvalid);
  }
}

TEST_CASE("A header that cannot be is refused", "[snapshot_codec]") {
  const auto change = GENERATE(
      as<std::function<void(SnapshotHeader*)>>{}, [](SnapshotHeader* h) { h->partition = 4; },
      [](SnapshotHeader* h) { h->partitions = 3; }, [](SnapshotHeader* h) { h->partitions = 0; },
      [](SnapshotHeader* h) { h->partitions = 1u << 17; },
      [](SnapshotHeader* h) { h->job.assign(5000, 'j'); },
      [](SnapshotHeader* h) { h->tables.clear(); },
      [](SnapshotHeader* h) { h->tables.resize(4097); });
  SnapshotHeader header = Header(), decoded;
  change(&header);
  uint32_t version = 0, tables = 0;
  CHECK(DecodeHeader(EncodeHeader(header).bytes(), &decoded, &version, &tables).code() == kInvalid);
}

TEST_CASE("The schema's hash tells tables apart", "[snapshot_codec]") {
  const uint64_t hash = SchemaHash(Header());
  CHECK(hash == SchemaHash(Header()));
  SnapshotHeader other = Header();
  other.tables[0].parts[0].optimizer.l1 = 0.25f;
  CHECK(SchemaHash(other) != hash);
  other = Header();
  other.state_floats[2][0] = 1;
  CHECK(SchemaHash(other) != hash);
  other = Header();
  std::swap(other.tables[0], other.tables[2]);
  std::swap(other.state_floats[0], other.state_floats[2]);
  CHECK(SchemaHash(other) != hash);
}

}  // namespace
}  // namespace cairn::snapshot
