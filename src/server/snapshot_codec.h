// The bytes inside a snapshot's blocks: shared by writer and parser, of no interest to others.
// doc/snapshot_format.md is the specification. Everything is little-endian and unaligned.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "base/crc32c.h"
#include "server/snapshot.h"

namespace cairn::snapshot {

static_assert(std::endian::native == std::endian::little, "files are written as memory is");

enum class BlockKind : uint32_t {
  kHeader = 1,
  kTable = 2,
  kRows = 3,
  kErased = 4,
  kStamps = 5,
  kStreams = 6,
  kFooter = 7,
  kRetention = 8,
  kSketch = 9,
  kAhead = 10,
};

inline constexpr uint32_t kBlockMagic = 0x424E5243;  // "CRNB"
inline constexpr size_t kBlockHeaderBytes = 16;      // Magic, kind, number, payload bytes.
inline constexpr size_t kBlockCrcBytes = 4;
inline constexpr size_t kBlockBytesMax = size_t{256} << 10;  // But for a block of one long row.
inline constexpr size_t kPayloadBytesMax = kBlockBytesMax - kBlockHeaderBytes - kBlockCrcBytes;
inline constexpr size_t kRowsHeaderBytes = 12;     // Table, words of a row, rows.
inline constexpr size_t kErasedHeaderBytes = 8;    // Table, keys.
inline constexpr size_t kStreamBytes = 20;         // Stream, attempt, last.
inline constexpr size_t kAheadBytes = 24;          // Stream, partitions, partition, last.
inline constexpr size_t kSketchHeaderBytes = 12;   // Table, offset.
inline constexpr size_t kSketchPieceBytes = 1024;  // Told if any byte is not 0.

// What stands at the end of a block: a scrambled CRC-32C. A plain one would make every block a code
// word, and the CRC of a whole file of code words does not depend on which ones they are: an older
// block of the same length, put in the place of a newer one, would go unseen.
inline uint32_t BlockChecksum(std::span<const std::byte> header_and_payload) {
  return std::rotl(Crc32c(header_and_payload), 16) + 0x9E3779B9u;
}

// Appends values to a payload.
class PayloadWriter {
 public:
  template <typename T>
  void Put(T value) {
    static_assert(std::is_arithmetic_v<T>);
    Append(&value, sizeof(value));
  }
  void PutString(std::string_view s) {
    Put(static_cast<uint32_t>(s.size()));
    Append(s.data(), s.size());
  }
  void PutBytes(std::span<const std::byte> bytes) { Append(bytes.data(), bytes.size()); }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  void Append(const void* from, size_t size) {
    if (size == 0) return;
    const size_t at = bytes_.size();
    bytes_.resize(at + size);
    std::memcpy(bytes_.data() + at, from, size);
  }

  std::vector<std::byte> bytes_;
};

// Takes values from a payload; false if it is too short.
class PayloadReader {
 public:
  explicit PayloadReader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  template <typename T>
  [[nodiscard]] bool Get(T* value) {
    static_assert(std::is_arithmetic_v<T>);
    return Take(value, sizeof(*value));
  }
  template <typename T, typename... Rest>
  [[nodiscard]] bool Get(T* value, Rest*... rest) {
    return Get(value) && Get(rest...);
  }
  // A string of at most `most` bytes.
  [[nodiscard]] bool GetString(size_t most, std::string* s) {
    uint32_t size = 0;
    if (!Get(&size) || size > most || size > bytes_.size()) return false;
    s->assign(reinterpret_cast<const char*>(bytes_.data()), size);
    bytes_ = bytes_.subspan(size);
    return true;
  }
  size_t left() const { return bytes_.size(); }

 private:
  bool Take(void* to, size_t size) {
    if (bytes_.size() < size) return false;
    std::memcpy(to, bytes_.data(), size);
    bytes_ = bytes_.subspan(size);
    return true;
  }

  std::span<const std::byte> bytes_;
};

// The payload of a table's block.
PayloadWriter EncodeTable(const TableSpec& spec, std::span<const uint32_t> state_floats);
// kInvalidArgument says what is wrong; never accepts a table that CheckTable refuses, or one with
// rows of more than kRowWordsMax words.
absl::Status DecodeTable(std::span<const std::byte> payload, TableSpec* spec,
                         std::vector<uint32_t>* state_floats);

// The payload of a table's retention, of whose sketch so many pieces follow.
PayloadWriter EncodeRetention(uint32_t table, uint32_t pieces, const RetentionState& state);
// kInvalidArgument: it is not one.
absl::Status DecodeRetention(std::span<const std::byte> payload, uint32_t* table, uint32_t* pieces,
                             RetentionState* state);

// A hash of all tables' payloads, in order: do two snapshots have the same schema?
uint64_t SchemaHash(const SnapshotHeader& header);

// The payload of the header's block: everything but the tables themselves.
PayloadWriter EncodeHeader(const SnapshotHeader& header);
// kUnimplemented: another version; kInvalidArgument: a number out of its range. Of the tables only
// their count is here.
absl::Status DecodeHeader(std::span<const std::byte> payload, SnapshotHeader* header,
                          uint32_t* version, uint32_t* table_count);

}  // namespace cairn::snapshot
