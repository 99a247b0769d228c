#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "server/snapshot.h"
#include "server/snapshot_codec.h"
#include "support/sample_snapshots.h"

namespace cairn {
namespace {

using snapshot::BlockKind;
using Bytes = std::vector<std::byte>;

absl::Status Parse(std::span<const std::byte> bytes, size_t piece = 1 << 20) {
  test::SnapshotContent content;
  return test::ParseSnapshot(bytes, piece, &content);
}

// True if the bytes are refused as damaged, with block and offset named.
bool IsDamaged(std::span<const std::byte> bytes, size_t piece = 1 << 20) {
  const absl::Status status = Parse(bytes, piece);
  return status.code() == absl::StatusCode::kDataLoss &&
         MessageOf(status).find("in block ") != std::string_view::npos &&
         MessageOf(status).find(" at byte ") != std::string_view::npos;
}

TEST_CASE("Pieces of any size say the same", "[snapshot_parser]") {
  const Bytes bytes = test::SampleSnapshot();
  test::SnapshotContent whole;
  REQUIRE(test::ParseSnapshot(bytes, bytes.size(), &whole).ok());
  CHECK(whole.rows.size() > 8);
  for (size_t piece = 1; piece < 100; ++piece) {
    test::SnapshotContent pieces;
    REQUIRE(test::ParseSnapshot(bytes, piece, &pieces).ok());
    CHECK(pieces.rows_told == whole.rows_told);
    CHECK(pieces.stamps == whole.stamps);
  }
}

TEST_CASE("Every damaged byte is found", "[snapshot_parser]") {
  Bytes bytes = test::SampleSnapshot();
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const auto flip : {std::byte{0x01}, std::byte{0x80}, std::byte{0xFF}}) {
      bytes[at] ^= flip;
      CAPTURE(at, static_cast<int>(flip));
      CHECK(IsDamaged(bytes));
      CHECK(IsDamaged(bytes, 37));
      bytes[at] ^= flip;
    }
  }
  CHECK(Parse(bytes).ok());
}

TEST_CASE("Every missing or surplus byte is found", "[snapshot_parser]") {
  Bytes bytes = test::SampleSnapshot();
  for (size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    CHECK(IsDamaged(std::span(bytes).first(size)));
  }
  bytes.push_back(std::byte{0});
  CHECK(IsDamaged(bytes));
  bytes.pop_back();
  bytes.insert(bytes.end(), bytes.begin(), bytes.end());
  CHECK(IsDamaged(bytes));
}

struct Block {
  BlockKind kind;
  Bytes payload;
};

std::vector<Block> BlocksOf(std::span<const std::byte> bytes) {
  std::vector<Block> blocks;
  while (!bytes.empty()) {
    uint32_t kind = 0, size = 0;
    std::memcpy(&kind, bytes.data() + 4, sizeof(kind));
    std::memcpy(&size, bytes.data() + 12, sizeof(size));
    const auto payload = bytes.subspan(snapshot::kBlockHeaderBytes, size);
    blocks.push_back({static_cast<BlockKind>(kind), {payload.begin(), payload.end()}});
    bytes = bytes.subspan(snapshot::kBlockHeaderBytes + size + snapshot::kBlockCrcBytes);
  }
  return blocks;
}

// Frames with good numbers and checksums: what a broken or malicious writer would send. The last
// block, if it is a footer, is made to fit the others.
Bytes Frame(std::vector<Block> blocks) {
  Bytes bytes;
  SnapshotBlocks frames;
  for (Block& block : blocks) {
    if (block.kind == BlockKind::kFooter && block.payload.size() >= 52) {
      const uint64_t size = frames.bytes();
      const uint32_t crc = frames.crc();
      std::memcpy(block.payload.data(), &size, sizeof(size));
      std::memcpy(block.payload.data() + 48, &crc, sizeof(crc));
    }
    frames.Append(static_cast<uint32_t>(block.kind), block.payload, &bytes);
  }
  return bytes;
}

template <typename T>
void Store(size_t at, T value, Bytes* payload) {
  std::memcpy(payload->data() + at, &value, sizeof(value));
}

TEST_CASE("Blocks with good checksums in a wrong order are refused", "[snapshot_parser]") {
  const std::vector<Block> blocks = BlocksOf(test::SampleSnapshot());
  REQUIRE(Parse(Frame(blocks)).ok());
  for (size_t at = 0; at < blocks.size(); ++at) {
    CAPTURE(at);
    std::vector<Block> fewer = blocks, more = blocks, swapped = blocks;
    fewer.erase(fewer.begin() + static_cast<ptrdiff_t>(at));
    more.insert(more.begin() + static_cast<ptrdiff_t>(at), blocks[at]);
    CHECK(IsDamaged(Frame(fewer)));
    CHECK(IsDamaged(Frame(more)));
    if (at + 1 == blocks.size() || blocks[at].kind == blocks[at + 1].kind) continue;
    std::swap(swapped[at], swapped[at + 1]);
    const bool both_rows =
        (blocks[at].kind == BlockKind::kRows || blocks[at].kind == BlockKind::kErased) &&
        (blocks[at + 1].kind == BlockKind::kRows || blocks[at + 1].kind == BlockKind::kErased);
    CHECK(IsDamaged(Frame(swapped)) != both_rows);  // Of rows only the whole file's order counts.
  }
}

// The bytes of each block, frame included.
std::vector<Bytes> FramesOf(std::span<const std::byte> bytes) {
  std::vector<Bytes> frames;
  for (const Block& block : BlocksOf(bytes)) {
    const size_t size =
        snapshot::kBlockHeaderBytes + block.payload.size() + snapshot::kBlockCrcBytes;
    frames.emplace_back(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
    bytes = bytes.subspan(size);
  }
  return frames;
}

Bytes Join(const std::vector<Bytes>& frames) {
  Bytes bytes;
  for (const Bytes& frame : frames) bytes.insert(bytes.end(), frame.begin(), frame.end());
  return bytes;
}

TEST_CASE("A whole block from another snapshot is found by the footer", "[snapshot_parser]") {
  const JobSpec job = test::SampleJob(1);
  std::vector<Bytes> files;
  for (const float gradient : {1.0f, 2.0f}) {  // As if one page of the disk were an older one.
    std::vector<TableShard> shards = test::MakeShards(job, 0);
    test::PushKeys(std::vector<uint64_t>{1, 2, 3}, gradient, &shards[0]);
    files.push_back(test::SnapshotOf(job, 0, &shards));
  }
  std::vector<Bytes> frames = FramesOf(files[0]);
  constexpr size_t kFirstRows = 4;  // Behind the header and three tables.
  REQUIRE(frames[kFirstRows] != FramesOf(files[1])[kFirstRows]);
  frames[kFirstRows] = FramesOf(files[1])[kFirstRows];
  CHECK(MessageOf(Parse(Join(frames))).find("footer is that of other blocks") !=
        std::string_view::npos);
}

TEST_CASE("A block that moved says so itself", "[snapshot_parser]") {
  std::vector<Bytes> frames = FramesOf(test::SampleSnapshot());
  std::swap(frames[5], frames[6]);
  CHECK(MessageOf(Parse(Join(frames))).find("block 5") != std::string_view::npos);
  CHECK(MessageOf(Parse(Join(frames))).find("the block's number is 6") != std::string_view::npos);
}

// A lie in the first block of a kind, told with good checksums.
struct Lie {
  std::string name;
  BlockKind kind;
  std::function<void(Bytes*)> tell;
};

TEST_CASE("Lies with good checksums are refused", "[snapshot_parser]") {
  const auto lie = GENERATE(values<Lie>({
      {"tables missing", BlockKind::kHeader, [](Bytes* p) { Store<uint32_t>(4, 2, p); }},
      {"no tables", BlockKind::kHeader, [](Bytes* p) { Store<uint32_t>(4, 0, p); }},
      {"many tables", BlockKind::kHeader, [](Bytes* p) { Store<uint32_t>(4, ~0u, p); }},
      {"schema hash", BlockKind::kHeader, [](Bytes* p) { Store<uint64_t>(40, 1, p); }},
      {"another partition", BlockKind::kHeader, [](Bytes* p) { Store<uint32_t>(48, 0, p); }},
      {"no partitions", BlockKind::kHeader, [](Bytes* p) { Store<uint32_t>(52, 0, p); }},
      {"long name", BlockKind::kHeader, [](Bytes* p) { Store<uint32_t>(56, ~0u, p); }},
      {"table cut", BlockKind::kTable, [](Bytes* p) { p->pop_back(); }},
      {"table goes on", BlockKind::kTable, [](Bytes* p) { p->emplace_back(); }},
      {"rows of no table", BlockKind::kRows, [](Bytes* p) { Store<uint32_t>(0, 3, p); }},
      {"other table", BlockKind::kRows, [](Bytes* p) { Store<uint32_t>(0, 2, p); }},
      {"long rows", BlockKind::kRows, [](Bytes* p) { Store<uint32_t>(4, ~0u, p); }},
      {"many rows", BlockKind::kRows, [](Bytes* p) { Store<uint32_t>(8, ~0u, p); }},
      {"fewer rows", BlockKind::kRows, [](Bytes* p) { Store<uint32_t>(8, 1, p); }},
      {"no rows' head", BlockKind::kRows, [](Bytes* p) { p->resize(11); }},
      {"erased nowhere", BlockKind::kErased, [](Bytes* p) { Store<uint32_t>(0, 9, p); }},
      {"erased blocks", BlockKind::kErased, [](Bytes* p) { Store<uint32_t>(0, 1, p); }},
      {"erased many", BlockKind::kErased, [](Bytes* p) { Store<uint32_t>(4, ~0u, p); }},
      {"no erased's head", BlockKind::kErased, [](Bytes* p) { p->resize(7); }},
      {"retention of another table", BlockKind::kRetention,
       [](Bytes* p) { Store<uint32_t>(0, 0, p); }},
      {"retention of no table", BlockKind::kRetention, [](Bytes* p) { Store<uint32_t>(0, 9, p); }},
      {"more sketch", BlockKind::kRetention, [](Bytes* p) { Store<uint32_t>(4, 99, p); }},
      {"no sketch", BlockKind::kRetention, [](Bytes* p) { Store<uint32_t>(4, 0, p); }},
      {"sweeping or not", BlockKind::kRetention, [](Bytes* p) { Store<uint32_t>(8, 2, p); }},
      {"a sweep elsewhere", BlockKind::kRetention, [](Bytes* p) { Store<uint64_t>(32, 5, p); }},
      {"fewer scores", BlockKind::kRetention, [](Bytes* p) { Store<uint32_t>(72, 35, p); }},
      {"retention cut", BlockKind::kRetention, [](Bytes* p) { p->pop_back(); }},
      {"retention's head cut", BlockKind::kRetention, [](Bytes* p) { p->resize(70); }},
      {"sketch of another table", BlockKind::kSketch, [](Bytes* p) { Store<uint32_t>(0, 0, p); }},
      {"sketch beyond its end", BlockKind::kSketch,
       [](Bytes* p) { Store<uint64_t>(4, (32u << 10) - 1, p); }},
      {"sketch far beyond", BlockKind::kSketch,
       [](Bytes* p) { Store<uint64_t>(4, ~uint64_t{0}, p); }},
      {"sketch without bytes", BlockKind::kSketch, [](Bytes* p) { p->resize(12); }},
      {"sketch's head cut", BlockKind::kSketch, [](Bytes* p) { p->resize(11); }},
      {"more streams", BlockKind::kStamps, [](Bytes* p) { Store<uint32_t>(24, 3, p); }},
      {"fewer streams", BlockKind::kStamps, [](Bytes* p) { Store<uint32_t>(24, 1, p); }},
      {"no streams", BlockKind::kStamps, [](Bytes* p) { Store<uint32_t>(24, 0, p); }},
      {"stamps cut", BlockKind::kStamps, [](Bytes* p) { p->pop_back(); }},
      {"stream cut", BlockKind::kStreams, [](Bytes* p) { p->pop_back(); }},
      {"no stream", BlockKind::kStreams, [](Bytes* p) { p->clear(); }},
      {"streams unsorted", BlockKind::kStreams, [](Bytes* p) { Store<uint64_t>(0, 6, p); }},
      {"ahead of nothing", BlockKind::kStamps, [](Bytes* p) { Store<uint32_t>(28, 3, p); }},
      {"ahead missing", BlockKind::kAhead, [](Bytes* p) { p->resize(24); }},
      {"ahead cut", BlockKind::kAhead, [](Bytes* p) { p->pop_back(); }},
      {"ahead of no power", BlockKind::kAhead, [](Bytes* p) { Store<uint32_t>(8, 9, p); }},
      {"ahead elsewhere", BlockKind::kAhead, [](Bytes* p) { Store<uint32_t>(12, 8, p); }},
      {"ahead twice", BlockKind::kAhead,
       [](Bytes* p) { std::memcpy(p->data() + 24, p->data(), 24); }},
      {"rows counted", BlockKind::kFooter, [](Bytes* p) { Store<uint64_t>(8, 1, p); }},
      {"erased counted", BlockKind::kFooter, [](Bytes* p) { Store<uint64_t>(16, 2, p); }},
      {"footer cut", BlockKind::kFooter, [](Bytes* p) { p->pop_back(); }},
      {"other kind", BlockKind::kFooter, [](Bytes* p) { p->emplace_back(); }},
  }));
  CAPTURE(lie.name);
  std::vector<Block> blocks = BlocksOf(test::SampleSnapshot());
  const auto block = std::find_if(blocks.begin(), blocks.end(),
                                  [&](const Block& b) { return b.kind == lie.kind; });
  REQUIRE(block != blocks.end());
  lie.tell(&block->payload);
  CHECK(IsDamaged(Frame(blocks)));
}

TEST_CASE("What decides about rows to come is told", "[snapshot_parser]") {
  test::SnapshotContent content;
  REQUIRE(test::ParseSnapshot(test::SampleSnapshot(), 100, &content).ok());
  CHECK(content.header.tables[2].retention == test::SampleRetention());
  REQUIRE(content.retentions.size() == 1);
  const RetentionState& state = content.retentions.at(2);
  CHECK(state.clock == 1);
  CHECK(state.counted > 0);
  CHECK(!content.sketches.empty());
}

TEST_CASE("Keys that the file's partition cannot hold are refused", "[snapshot_parser]") {
  std::vector<Block> blocks = BlocksOf(test::SampleSnapshot());
  int changed = 0;
  for (Block& block : blocks) {
    if (block.kind != BlockKind::kRows && block.kind != BlockKind::kErased) continue;
    const size_t keys_at = block.kind == BlockKind::kRows ? 12 : 8;
    uint32_t table = 0;
    std::memcpy(&table, block.payload.data(), sizeof(table));
    const Bytes honest = block.payload;
    if (table == 1) {
      Store<uint64_t>(keys_at, 8, &block.payload);  // One block too far.
    } else {
      const auto shards = test::MakeShards(test::SampleJob(2), 1);
      uint64_t key = 0;
      while (shards[table].Owns(shards[table].schema().IdOf(key))) ++key;
      Store<uint64_t>(keys_at, key, &block.payload);
    }
    CHECK(IsDamaged(Frame(blocks)));
    block.payload = honest;
    ++changed;
  }
  CHECK(changed >= 4);
}

TEST_CASE("A payload that is too long is refused before it is kept", "[snapshot_parser]") {
  Bytes bytes = test::SampleSnapshot();
  Store<uint32_t>(12, snapshot::kPayloadBytesMax + 1, &bytes);
  test::SnapshotContent content;
  SnapshotParser parser(&content);
  const absl::Status status = parser.Feed(std::span(bytes).first(snapshot::kBlockHeaderBytes));
  CHECK(status.code() == absl::StatusCode::kDataLoss);
}

TEST_CASE("Another format version is named", "[snapshot_parser]") {
  std::vector<Block> blocks = BlocksOf(test::SampleSnapshot());
  const uint32_t version = GENERATE(2, 6);
  Store<uint32_t>(0, version, &blocks[0].payload);
  const absl::Status status = Parse(Frame(blocks));
  CHECK(status.code() == absl::StatusCode::kUnimplemented);
  CHECK(MessageOf(status) == "snapshot format version " + std::to_string(version) +
                                 "; this program reads versions 3 to 5");
}

TEST_CASE("Other files are not taken for snapshots", "[snapshot_parser]") {
  const std::string text = "label 1:1 2:1\nlabel 3:1\n";
  const absl::Status status = Parse(std::as_bytes(std::span(text)));
  CHECK(MessageOf(status) == "snapshot is damaged in block 0 at byte 0: this is not a snapshot");
}

// Refuses one kind of news.
class RefusingSink final : public SnapshotSink {
 public:
  explicit RefusingSink(int refused) : refused_(refused) {}
  absl::Status OnHeader(const SnapshotHeader&) override { return Answer(0); }
  absl::Status OnRow(uint32_t, uint64_t, std::span<const float>) override { return Answer(1); }
  absl::Status OnErase(uint32_t, uint64_t) override { return Answer(2); }
  absl::Status OnStamps(const SnapshotStamps&) override { return Answer(3); }
  int refusals() const { return refusals_; }

 private:
  absl::Status Answer(int kind) {
    if (kind != refused_) return absl::OkStatus();
    ++refusals_;
    return InvalidArgument("not wanted");
  }
  const int refused_;
  int refusals_ = 0;
};

TEST_CASE("The sink's error ends the parsing, once and as it is", "[snapshot_parser]") {
  RefusingSink sink(GENERATE(0, 1, 2, 3));
  SnapshotParser parser(&sink);
  const Bytes bytes = test::SampleSnapshot();
  CHECK(parser.Feed(bytes) == InvalidArgument("not wanted"));
  CHECK(parser.Feed(bytes) == InvalidArgument("not wanted"));
  CHECK(parser.Finish() == InvalidArgument("not wanted"));
  CHECK(sink.refusals() == 1);
}

}  // namespace
}  // namespace cairn
