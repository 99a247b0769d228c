#include "train/chunks.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "base/status.h"
#include "base/units.h"
#include "train/column_plan.h"

namespace cairn {
namespace {

constexpr int kFeistelRounds = 6;
// Smaller networks have too few permutations to choose from: walk within 16 blocks instead.
constexpr int kHalfBitsMin = 2;

uint64_t DivideRoundingUp(uint64_t a, uint64_t b) { return a / b + (a % b != 0 ? 1 : 0); }

int HalfBits(uint64_t count) {
  const int bits = count <= 1 ? 0 : static_cast<int>(std::bit_width(count - 1));
  return std::max((bits + 1) / 2, kHalfBitsMin);
}

// Bytes that a read takes beyond the range, for the line that hangs over its end.
constexpr uint64_t kOverhangBytes = 1024;

absl::StatusOr<Lines> ReadImages(const DataSource& source, const TextRange& range,
                                 std::string* buffer) {
  const uint64_t row_bytes = source.row_bytes(range.file);
  const uint64_t begin = DivideRoundingUp(range.begin, row_bytes) * row_bytes;
  const uint64_t end = DivideRoundingUp(range.end, row_bytes) * row_bytes;
  CAIRN_ASSIGN_OR_RETURN(const std::string_view text,
                         source.Read(range.file, begin, end - begin, buffer));
  return Lines{text, begin, row_bytes};
}

}  // namespace

absl::Status CheckDefinition(const DataDefinition& definition) {
  if (definition.files.empty()) return InvalidArgument("data definition: no files");
  uint64_t bytes = 0;
  for (const DataFile& file : definition.files) {
    if (file.bytes == 0) return InvalidArgument("data definition: ", file.path, " has no bytes");
    if (__builtin_add_overflow(bytes, file.bytes, &bytes) || bytes >> 62 != 0) {
      return InvalidArgument("data definition: the files add up to too many bytes");
    }
  }
  if (definition.format > kLastDataFormat) {
    return InvalidArgument("data definition: unknown format");
  }
  if (definition.order != DataOrder::kShuffled && definition.order != DataOrder::kFile) {
    return InvalidArgument("data definition: unknown order");
  }
  if (!std::has_single_bit(definition.chunk_bytes) || definition.chunk_bytes < kChunkBytesMin ||
      definition.chunk_bytes > kChunkBytesMax) {
    return InvalidArgument("data definition: chunk_bytes is ", definition.chunk_bytes,
                           ", not a power of two from ", kChunkBytesMin, " to ", kChunkBytesMax);
  }
  const uint64_t chunks_most = kBatchBytesMax / definition.chunk_bytes;
  if (definition.chunks_per_batch < 1 || definition.chunks_per_batch > chunks_most) {
    return InvalidArgument("data definition: chunks_per_batch is ", definition.chunks_per_batch,
                           ", not from 1 to ", chunks_most);
  }
  const bool is_all = definition.part == DataPart::kAll;
  if (definition.part > DataPart::kHeldOut || is_all != (definition.held_out_of == 0) ||
      definition.held_out_of == 1 || definition.held_out_of > kHeldOutOfMax) {
    return InvalidArgument("data definition: part ", static_cast<int>(definition.part), " of ",
                           definition.held_out_of, ": unknown");
  }
  return CheckReadSpec(definition.format, definition.read);
}

absl::Status CheckFormat(const DataSource& source, DataFormat format) {
  for (size_t i = 0; i < source.files().size(); ++i) {
    const uint64_t row_bytes = source.row_bytes(i);
    if (format != DataFormat::kIdx && row_bytes != 0) {
      return InvalidArgument(source.name(i), ": holds idx images, not ", FormatName(format));
    }
    if (format == DataFormat::kIdx && row_bytes == 0) {
      return InvalidArgument(source.name(i), ": holds no idx images");
    }
    if (row_bytes != source.row_bytes(0)) {
      return InvalidArgument(source.name(i), ": images of ", row_bytes - 1, " bytes, those of ",
                             source.name(0), " have ", source.row_bytes(0) - 1);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSameData(const DataDefinition& definition, const DataSource& source) {
  if (definition.files.size() != source.files().size()) {
    return FailedPrecondition("the job is defined over ", definition.files.size(),
                              " data files, not over ", source.files().size());
  }
  for (size_t i = 0; i < definition.files.size(); ++i) {
    const DataFile& defined = definition.files[i];
    const DataFile& opened = source.files()[i];
    if (defined.bytes == opened.bytes && defined.fingerprint == opened.fingerprint) continue;
    return FailedPrecondition(
        source.name(i), ": not the data that the job was defined over",
        opened.path == defined.path ? std::string() : Concat(" as ", defined.path), ": ",
        HumanCount(defined.bytes), " bytes of text are expected, and there are ",
        opened.bytes == defined.bytes ? "as many, but other ones" : HumanCount(opened.bytes),
        "; bring the old file back, or start a new job");
  }
  return CheckFormat(source, definition.format);
}

namespace {

constexpr uint64_t kHeldOutSeed = 0x4E1D0;  // Not the job's: other seeds, same parts.

// Which of the chunks of all files is at `place` of the part.
uint64_t ChunkAt(const DataDefinition& definition, uint64_t chunks, uint64_t place) {
  const uint64_t of = definition.held_out_of;
  const auto chosen = [&](uint64_t group) { return HashWords(kHeldOutSeed, group) % of; };
  if (definition.part == DataPart::kAll) return place;
  if (definition.part == DataPart::kHeldOut) return place * of + chosen(place);
  const uint64_t group = place / (of - 1), in_group = place % (of - 1);
  const bool is_whole = group < chunks / of;
  return group * of + in_group + (is_whole && in_group >= chosen(group) ? 1 : 0);
}

}  // namespace

uint64_t ChunkCount(const DataDefinition& definition) {
  uint64_t count = 0;
  for (const DataFile& file : definition.files) {
    count += DivideRoundingUp(file.bytes, definition.chunk_bytes);
  }
  if (definition.part == DataPart::kAll) return count;
  const uint64_t held_out = count / definition.held_out_of;
  return definition.part == DataPart::kHeldOut ? held_out : count - held_out;
}

uint64_t BatchCount(const DataDefinition& definition) {
  return DivideRoundingUp(ChunkCount(definition), definition.chunks_per_batch);
}

std::string Describe(const DataDefinition& definition) {
  uint64_t bytes = 0;
  for (const DataFile& file : definition.files) bytes += file.bytes;
  const std::string order = definition.order == DataOrder::kFile
                                ? "in file order"
                                : Concat("shuffled with seed ", definition.seed);
  return Concat(definition.files.size(), definition.files.size() == 1 ? " file, " : " files, ",
                HumanBytes(bytes), " of ", FormatName(definition.format), ", ",
                HumanCount(ChunkCount(definition)), " chunks of ",
                HumanBytes(definition.chunk_bytes), " in ", HumanCount(BatchCount(definition)),
                " batches of ", definition.chunks_per_batch, ", ", order,
                definition.part == DataPart::kLearnt
                    ? Concat("; every ", definition.held_out_of, "th chunk is held out")
                : definition.part == DataPart::kHeldOut
                    ? Concat("; every ", definition.held_out_of, "th chunk of the files")
                    : "");
}

ChunkOrder::ChunkOrder(uint64_t chunk_count, uint64_t seed, uint64_t epoch)
    : chunk_count_(chunk_count), key_(HashWords(seed, epoch)), half_bits_(HalfBits(chunk_count)) {}

uint64_t ChunkOrder::Encrypt(uint64_t block) const {
  const uint64_t half_mask = (uint64_t{1} << half_bits_) - 1;
  uint64_t left = block >> half_bits_;
  uint64_t right = block & half_mask;
  for (int round = 0; round < kFeistelRounds; ++round) {
    const uint64_t mixed = HashWords(key_ + static_cast<uint64_t>(round), right) & half_mask;
    left = std::exchange(right, left ^ mixed);
  }
  return left << half_bits_ | right;
}

uint64_t ChunkOrder::Permute(uint64_t index) const {
  CAIRN_CHECK(index < chunk_count_);
  // The network permutes all blocks, so from a block in range a walk comes back into range, at the
  // latest where it began: the blocks in range are permuted too.
  uint64_t block = Encrypt(index);
  while (block >= chunk_count_) block = Encrypt(block);
  return block;
}

BatchPlan::BatchPlan(DataDefinition definition) : definition_(std::move(definition)) {
  CAIRN_CHECK(CheckDefinition(definition_).ok(), "check what came from outside beforehand");
  uint64_t chunks = 0;
  for (const DataFile& file : definition_.files) {
    first_chunks_.push_back(chunks);
    chunks += DivideRoundingUp(file.bytes, definition_.chunk_bytes);
  }
  first_chunks_.push_back(chunks);
  chunk_count_ = ChunkCount(definition_);
  batch_count_ = BatchCount(definition_);
}

TextRange BatchPlan::Chunk(uint64_t place) const {
  CAIRN_CHECK(place < chunk_count());
  const uint64_t chunk = ChunkAt(definition_, first_chunks_.back(), place);
  const auto above = std::upper_bound(first_chunks_.begin(), first_chunks_.end(), chunk);
  const auto file = static_cast<uint32_t>(above - first_chunks_.begin() - 1);
  const uint64_t begin = (chunk - first_chunks_[file]) * definition_.chunk_bytes;
  const uint64_t end = begin + definition_.chunk_bytes;
  return {file, begin, std::min(end, definition_.files[file].bytes)};
}

std::vector<uint64_t> BatchPlan::Chunks(uint64_t epoch, uint64_t batch) const {
  std::vector<uint64_t> chunks = ChunksInFileOrder(batch);
  if (definition_.order == DataOrder::kFile) return chunks;
  const ChunkOrder order(chunk_count(), definition_.seed, epoch);
  for (uint64_t& chunk : chunks) chunk = order.Permute(chunk);
  return chunks;
}

std::vector<uint64_t> BatchPlan::ChunksInFileOrder(uint64_t batch) const {
  CAIRN_CHECK(batch < batch_count_);
  const uint64_t begin = batch * definition_.chunks_per_batch;
  const uint64_t end = std::min(begin + definition_.chunks_per_batch, chunk_count());
  std::vector<uint64_t> chunks(end - begin);
  std::iota(chunks.begin(), chunks.end(), begin);
  return chunks;
}

std::vector<TextRange> BatchPlan::Batch(uint64_t epoch, uint64_t batch) const {
  return RangesOf(Chunks(epoch, batch));
}

std::vector<TextRange> BatchPlan::BatchInFileOrder(uint64_t batch) const {
  return RangesOf(ChunksInFileOrder(batch));
}

std::vector<TextRange> BatchPlan::RangesOf(const std::vector<uint64_t>& chunks) const {
  std::vector<TextRange> ranges;
  ranges.reserve(chunks.size());
  for (const uint64_t chunk : chunks) {
    const TextRange range = Chunk(chunk);
    if (!ranges.empty() && ranges.back().file == range.file && ranges.back().end == range.begin) {
      ranges.back().end = range.end;
    } else {
      ranges.push_back(range);
    }
  }
  return ranges;
}

absl::StatusOr<Lines> ReadLines(const DataSource& source, const TextRange& range,
                                std::string* buffer) {
  if (source.row_bytes(range.file) != 0) return ReadImages(source, range, buffer);
  // The byte before tells whether a line begins at the range's first byte.
  const uint64_t from = range.begin == 0 ? 0 : range.begin - 1;
  const uint64_t file_bytes = source.files()[range.file].bytes;
  for (uint64_t overhang = kOverhangBytes;; overhang *= 4) {
    const uint64_t bytes = range.end - from + overhang;
    CAIRN_ASSIGN_OR_RETURN(const std::string_view text,
                           source.Read(range.file, from, bytes, buffer));
    size_t begin = 0;
    if (range.begin != 0) {
      // No line begins in the range if the one that is on at its first byte goes on beyond it.
      begin = text.substr(0, range.end - from - 1).find('\n');
      if (begin == text.npos) return Lines{{}, range.end};
      ++begin;
    }
    const size_t last = text.find('\n', range.end - from - 1);
    if (last != text.npos) return Lines{text.substr(begin, last + 1 - begin), from + begin};
    if (from + text.size() == file_bytes) return Lines{text.substr(begin), from + begin};
    if (overhang >= kLineBytesMax) {
      CAIRN_ASSIGN_OR_RETURN(const uint64_t line, source.LineNumber(range.file, range.end - 1));
      return InvalidArgument(source.name(range.file), ":", line, ": a line of more than ",
                             HumanBytes(kLineBytesMax),
                             ": no rows of text, or their line breaks are missing");
    }
  }
}

}  // namespace cairn
