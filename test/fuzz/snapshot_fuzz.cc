// Snapshots, as files and peers bring them. Each input is read twice: as it is, and with frames and
// checksums made good, because random bytes never pass those.
#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "base/check.h"
#include "fuzz/fuzz_target.h"
#include "server/snapshot.h"
#include "server/snapshot_codec.h"
#include "support/sample_snapshots.h"

namespace cairn {
namespace {

// Looks at what it is told and keeps nothing.
class CheckingSink final : public SnapshotSink {
 public:
  absl::Status OnHeader(const SnapshotHeader& header) override {
    CAIRN_CHECK(!header.tables.empty() && header.partition < header.partitions);
    for (size_t table = 0; table < header.tables.size(); ++table) {
      row_words_.push_back(header.RowWords(table));
    }
    return absl::OkStatus();
  }
  absl::Status OnRow(uint32_t table, uint64_t, std::span<const float> row) override {
    CAIRN_CHECK(row.size() == row_words_.at(table));
    return absl::OkStatus();
  }
  absl::Status OnErase(uint32_t table, uint64_t) override {
    CAIRN_CHECK(table < row_words_.size());
    return absl::OkStatus();
  }
  absl::Status OnStamps(const SnapshotStamps&) override { return absl::OkStatus(); }

 private:
  std::vector<uint32_t> row_words_;
};

bool Accepts(std::span<const std::byte> bytes) {
  CheckingSink sink;
  return test::ParseSnapshot(bytes, 1000, &sink).ok();
}

uint32_t NumberAt(std::span<const std::byte> bytes, size_t at) {
  uint32_t number = 0;
  std::memcpy(&number, bytes.data() + at, sizeof(number));
  return number;
}

// The same kinds and payloads, as far as the lengths make sense, with all else made good.
std::vector<std::byte> Seal(std::span<const std::byte> bytes) {
  constexpr size_t kFooterBytes = 52;
  constexpr size_t kFrameBytes = snapshot::kBlockHeaderBytes + snapshot::kBlockCrcBytes;
  std::vector<std::byte> sealed;
  SnapshotBlocks frames;
  while (bytes.size() >= kFrameBytes) {
    const uint32_t kind = NumberAt(bytes, 4);
    const size_t size = std::min<size_t>(NumberAt(bytes, 12), bytes.size() - kFrameBytes);
    std::vector<std::byte> payload(bytes.begin() + snapshot::kBlockHeaderBytes,
                                   bytes.begin() + snapshot::kBlockHeaderBytes + size);
    if (kind == static_cast<uint32_t>(snapshot::BlockKind::kFooter) && size == kFooterBytes) {
      const uint64_t before = frames.bytes();
      const uint32_t crc = frames.crc();
      std::memcpy(payload.data(), &before, sizeof(before));
      std::memcpy(payload.data() + kFooterBytes - sizeof(crc), &crc, sizeof(crc));
    }
    frames.Append(kind, payload, &sealed);
    bytes = bytes.subspan(kFrameBytes + size);
  }
  return sealed;
}

int SnapshotFuzz(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const bool as_it_is = Accepts(bytes);
  return Accepts(Seal(bytes)) || as_it_is ? 0 : -1;
}

std::vector<FuzzTarget::Bytes> SnapshotSeeds() {
  const std::vector<std::byte> sample = test::SampleSnapshot();
  FuzzTarget::Bytes bytes(sample.size());
  std::memcpy(bytes.data(), sample.data(), sample.size());
  return {bytes};
}

}  // namespace

FuzzTarget SnapshotTarget() {
  return {.name = "snapshot", .run = SnapshotFuzz, .seeds = SnapshotSeeds};
}

}  // namespace cairn
