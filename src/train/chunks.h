// Which lines of the data make which batch: a pure function of a job's data definition, so that
// any worker can read any step again without an index.
// doc/decisions/001-batches-are-whole-chunks.md
//
// Chunk k of a file is the lines that begin in bytes [k * C, (k + 1) * C) of its text; the chunks
// of all files are numbered through, file after file. A batch is a fixed number of whole chunks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "train/data_format.h"
#include "train/data_source.h"
#include "train/read_spec.h"

namespace cairn {

// A longer line is refused: no data has such rows, but a binary file does.
inline constexpr uint64_t kLineBytesMax = uint64_t{16} << 20;
inline constexpr uint32_t kChunkBytesMin = 64;
inline constexpr uint32_t kChunkBytesMax = 64u << 10;
// chunk_bytes * chunks_per_batch: keeps the offsets of a batch within 32 bits.
inline constexpr uint64_t kBatchBytesMax = uint64_t{1} << 30;

enum class DataOrder : uint8_t {
  kShuffled,  // Every epoch visits all chunks in another order.
  kFile,      // The order of the files, every time.
};

// Which of the files' chunks are the data. Of every `held_out_of` in a row, a hash of their place
// chooses one; those that are left over at the end are not held out.
enum class DataPart : uint8_t {
  kAll,
  kLearnt,   // All but the chosen ones.
  kHeldOut,  // These.
};
inline constexpr uint32_t kHeldOutOfMax = 1000;

// All that decides what a batch holds. It goes to every worker and into the checkpoint.
struct DataDefinition {
  std::vector<DataFile> files;
  DataFormat format = DataFormat::kLibffm;
  uint32_t chunk_bytes = 4096;     // C: a power of two, kChunkBytesMin .. kChunkBytesMax.
  uint32_t chunks_per_batch = 16;  // >= 1; the last batch of an epoch may hold fewer.
  uint64_t seed = 1;
  DataOrder order = DataOrder::kShuffled;
  ReadSpec read = {};  // How rows are made of lines.
  DataPart part = DataPart::kAll;
  uint32_t held_out_of = 0;  // 2 .. kHeldOutOfMax; 0: kAll.

  bool operator==(const DataDefinition&) const = default;
};

// kInvalidArgument names the first field that is out of its range: for what came over the wire. How
// rows are read is checked too, with the errors of CheckReadSpec.
absl::Status CheckDefinition(const DataDefinition& definition);

// kInvalidArgument names the first file that cannot be read as this format at all: images where
// text is expected, text where images are, images of several sizes.
absl::Status CheckFormat(const DataSource& source, DataFormat format);

// kFailedPrecondition if the files that `source` has opened are not, in order, the texts that the
// definition speaks of. Paths may differ: machines mount the same data in different places. And
// fails as CheckFormat does.
absl::Status CheckSameData(const DataDefinition& definition, const DataSource& source);

uint64_t ChunkCount(const DataDefinition& definition);  // Of its part.
uint64_t BatchCount(const DataDefinition& definition);  // Of an epoch.

// One line for logs and reports: "2 files, 19.7 MiB of libffm, 5,050 chunks of 4.0 KiB in 316
// batches of 16, shuffled with seed 1".
std::string Describe(const DataDefinition& definition);

// Bytes of one file's text.
struct TextRange {
  uint32_t file = 0;
  uint64_t begin = 0;
  uint64_t end = 0;

  bool operator==(const TextRange&) const = default;
};

// A permutation of 0 .. chunk_count - 1 that needs no memory: a Feistel network over the next power
// of four, walked until it is back in range. Other epochs give other permutations. Fixed for all
// time: the order of a checkpointed job depends on it.
class ChunkOrder {
 public:
  ChunkOrder(uint64_t chunk_count, uint64_t seed, uint64_t epoch);

  // Which chunk comes at place `index`. CHECKs index < chunk_count. 16 to 130 ns.
  uint64_t Permute(uint64_t index) const;

 private:
  uint64_t Encrypt(uint64_t block) const;

  const uint64_t chunk_count_;
  const uint64_t key_;
  const int half_bits_;  // A block is two halves; 4 ** half_bits_ >= chunk_count_.
};

// The definition's chunks and batches as ranges of text. Immutable, so thread-safe.
class BatchPlan {
 public:
  // CHECKs that CheckDefinition holds.
  explicit BatchPlan(DataDefinition definition);

  const DataDefinition& definition() const { return definition_; }
  uint64_t chunk_count() const { return chunk_count_; }
  uint64_t batch_count() const { return batch_count_; }

  // The chunk at this place among those of the definition's part.
  TextRange Chunk(uint64_t place) const;

  // The chunks of a batch in the order in which its rows come. CHECKs batch < batch_count(). Epochs
  // count from 0.
  std::vector<uint64_t> Chunks(uint64_t epoch, uint64_t batch) const;
  // The same in the files' order, whatever the definition's: for evaluation and prediction.
  std::vector<uint64_t> ChunksInFileOrder(uint64_t batch) const;

  // Their ranges; neighbours are joined.
  std::vector<TextRange> Batch(uint64_t epoch, uint64_t batch) const;
  std::vector<TextRange> BatchInFileOrder(uint64_t batch) const;

 private:
  std::vector<TextRange> RangesOf(const std::vector<uint64_t>& chunks) const;

  const DataDefinition definition_;
  std::vector<uint64_t> first_chunks_;  // Of each file; behind them the count of all.
  uint64_t chunk_count_ = 0;            // Of the part.
  uint64_t batch_count_ = 0;
};

// The whole lines, or rows of images, that begin in a range, the last one with its newline if it
// has one; empty if none does. The view lives as DataSource::Read says. kInvalidArgument: a line of
// more than kLineBytesMax.
struct Lines {
  std::string_view text;
  uint64_t offset = 0;     // Of the text's first byte in its file.
  uint64_t row_bytes = 0;  // Of rows of images; 0: lines.
};
absl::StatusOr<Lines> ReadLines(const DataSource& source, const TextRange& range,
                                std::string* buffer);

}  // namespace cairn
