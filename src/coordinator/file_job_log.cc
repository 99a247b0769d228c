#include "coordinator/file_job_log.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/numbers.h"
#include "base/status.h"
#include "coordinator/record_codec.h"

namespace cairn {
namespace {

constexpr std::string_view kPrefix = "job-log-";
constexpr uint32_t kMagic = 0x4C6A6E43;  // "CnjL"
constexpr uint32_t kVersion = 3;

enum class FrameKind : uint32_t {
  kState = 1,   // First in a file: version and length of the file, then the state.
  kBatches = 2  // Records.
};

struct RawFrame {
  uint32_t magic;
  uint32_t kind;
  uint64_t first_index;  // Of its records; of a state, the index that it has.
  uint64_t bytes;        // Of what follows, before it is padded to a multiple of 8.
  uint32_t content_crc;
  uint32_t crc;  // Of the fields before.
};
static_assert(sizeof(RawFrame) == 32);

struct Frame {
  FrameKind kind = FrameKind::kState;
  uint64_t first_index = 0;
  std::span<const std::byte> content;
  uint64_t bytes = 0;  // In the file, one copy.
};

uint32_t HeadCrc(const RawFrame& raw) {
  return Crc32c(std::as_bytes(std::span(&raw, 1)).first(sizeof raw - sizeof raw.crc));
}

// Twice.
std::vector<std::byte> FrameBytes(FrameKind kind, uint64_t first_index,
                                  const std::vector<std::byte>& content) {
  RawFrame raw{.magic = kMagic,
               .kind = static_cast<uint32_t>(kind),
               .first_index = first_index,
               .bytes = content.size(),
               .content_crc = Crc32c(content),
               .crc = 0};
  raw.crc = HeadCrc(raw);
  std::vector<std::byte> bytes;
  ByteWriter out(&bytes);
  for (int copy = 0; copy < 2; ++copy) {
    out.Record(raw);
    out.Bytes({reinterpret_cast<const char*>(content.data()), content.size()});
  }
  return bytes;
}

// The frame that begins here, if one does and is whole.
std::optional<Frame> FrameAt(std::span<const std::byte> bytes) {
  RawFrame raw;
  if (bytes.size() < sizeof raw) return std::nullopt;
  std::memcpy(&raw, bytes.data(), sizeof raw);
  if (raw.magic != kMagic || raw.crc != HeadCrc(raw)) return std::nullopt;
  bytes = bytes.subspan(sizeof raw);
  if (raw.bytes > bytes.size()) return std::nullopt;
  const std::span<const std::byte> content = bytes.first(raw.bytes);
  if (raw.content_crc != Crc32c(content)) return std::nullopt;
  return Frame{static_cast<FrameKind>(raw.kind), raw.first_index, content,
               sizeof raw + PaddedTo8(raw.bytes)};
}

std::string PathOf(const std::string& directory, uint64_t segment) {
  std::string number = Concat(segment);
  number.insert(0, 12 - std::min<size_t>(12, number.size()), '0');
  return JoinPath(directory, Concat(kPrefix, number));
}

// What a file says.
class Replay {
 public:
  explicit Replay(std::string path) : path_(std::move(path)) {}

  // kDataLoss: a hole in it, or it is shorter than it was made.
  absl::Status Read(std::span<const std::byte> bytes) {
    uint64_t at = 0;
    while (at + sizeof(RawFrame) <= bytes.size()) {
      const std::optional<Frame> frame = FrameAt(bytes.subspan(at));
      if (!frame.has_value()) {
        at += 8;
        continue;
      }
      CAIRN_RETURN_IF_ERROR(Take(*frame, at, bytes.size()));
      at += frame->bytes;
    }
    // A crash while this was written; nobody has heard of it.
    const auto used = [](std::byte byte) { return byte != std::byte{0}; };
    is_blank_ = !bytes.empty() && std::none_of(bytes.begin(), bytes.end(), used);
    if (std::any_of(bytes.begin() + static_cast<ptrdiff_t>(end_), bytes.end(), used)) {
      notes_.push_back(Concat(path_, ": what begins at byte ", end_,
                              " was not written to its end, and is left out"));
    }
    return {};
  }

  bool has_state() const { return has_state_; }
  // Nothing was ever written to it.
  bool is_blank() const { return is_blank_; }
  JobState TakeState() { return std::move(state_); }
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  absl::Status Take(const Frame& frame, uint64_t at, uint64_t file_bytes) {
    if (has_state_ && frame.first_index <= state_.index) {
      end_ = std::max(end_, at + frame.bytes);  // A copy.
      return {};
    }
    const bool follows = frame.kind == FrameKind::kState
                             ? !has_state_
                             : has_state_ && frame.first_index == state_.index + 1;
    if (!follows) {
      return DataLoss(path_, " is damaged between bytes ", end_, " and ", at,
                      ", both copies of what was there: ",
                      has_state_ ? Concat("record ", state_.index + 1) : "the job's state",
                      " cannot be read");
    }
    if (at > end_) {
      notes_.push_back(Concat(path_, " is damaged between bytes ", end_, " and ", at,
                              ": the copy behind that is used"));
    }
    end_ = at + frame.bytes;
    const absl::Status read =
        frame.kind == FrameKind::kState ? ReadHead(frame, file_bytes) : ReadBatches(frame);
    return read.ok() ? read : DataLoss(path_, ", byte ", at, ": ", MessageOf(read));
  }

  absl::Status ReadHead(const Frame& frame, uint64_t file_bytes) {
    ByteReader in(frame.content);
    uint64_t version = 0, bytes = 0;
    CAIRN_RETURN_IF_ERROR(in.Varint("version", &version));
    if (version != kVersion) {
      return DataLoss("format ", version, ", this program reads format ", kVersion);
    }
    CAIRN_RETURN_IF_ERROR(in.Varint("length", &bytes));
    if (file_bytes < bytes) {
      return DataLoss("the file has ", file_bytes, " bytes and was made with ", bytes,
                      ": its end is gone");
    }
    CAIRN_RETURN_IF_ERROR(ReadState(&in, &state_));
    has_state_ = true;
    return in.End("state");
  }

  absl::Status ReadBatches(const Frame& frame) {
    ByteReader in(frame.content);
    while (in.remaining() > 0) {
      LogRecord record;
      CAIRN_RETURN_IF_ERROR(ReadRecord(&in, &record));
      CAIRN_RETURN_IF_ERROR(CheckRecord(state_, record));
      state_.Apply(record);
    }
    return {};
  }

  const std::string path_;
  JobState state_;
  bool has_state_ = false;
  bool is_blank_ = false;
  uint64_t end_ = 0;  // Of what was taken.
  std::vector<std::string> notes_;
};

// Numbers of the files in the directory, ascending.
absl::StatusOr<std::vector<uint64_t>> Segments(FileSystem* files, const std::string& directory) {
  CAIRN_ASSIGN_OR_RETURN(const std::vector<std::string> names, files->List(directory));
  std::vector<uint64_t> segments;
  for (const std::string& name : names) {
    if (!name.starts_with(kPrefix)) continue;
    const absl::StatusOr<uint64_t> number = ParseU64(name.substr(kPrefix.size()));
    if (number.ok()) segments.push_back(*number);
  }
  std::sort(segments.begin(), segments.end());
  return segments;
}

}  // namespace

absl::StatusOr<FileJobLog::Opened> FileJobLog::Open(const Options& options) {
  FileSystem* const files = options.files;
  CAIRN_RETURN_IF_ERROR(files->CreateDirectories(options.directory));
  CAIRN_ASSIGN_OR_RETURN(auto lock, files->LockDirectory(options.directory));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<uint64_t> segments, Segments(files, options.directory));
  Opened opened;
  JobState state;
  bool found = false, all_blank = true;
  // The newest one whose state is there: one is begun before the one before is removed.
  for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
    const std::string path = PathOf(options.directory, *segment);
    CAIRN_ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, files->ReadAll(path));
    Replay replay(path);
    CAIRN_RETURN_IF_ERROR(replay.Read(bytes));
    opened.notes.insert(opened.notes.end(), replay.notes().begin(), replay.notes().end());
    found = replay.has_state();
    all_blank = all_blank && replay.is_blank();
    if (!found) continue;
    state = replay.TakeState();
    break;
  }
  // The first state of all fits into one sector, so it is there as a whole, or as zeros: a crash
  // before it was stored, when there was no job yet.
  if (!found && !segments.empty() && all_blank) {
    opened.notes.push_back(Concat(PathOf(options.directory, segments.back()),
                                  " was made and not written to, and is left out"));
  } else if (!found && !segments.empty()) {
    return DataLoss(PathOf(options.directory, segments.back()),
                    ": the job's state cannot be read, neither copy of it; remove ",
                    options.directory, " if no job was ever begun there");
  }
  if (state.job_id == 0) state = {};
  const uint64_t next = segments.empty() ? 1 : segments.back() + 1;
  opened.log.reset(new FileJobLog(options, std::move(lock), std::move(state), next));
  CAIRN_RETURN_IF_ERROR(opened.log->BeginSegment(0));
  for (const uint64_t segment : segments) {
    CAIRN_RETURN_IF_ERROR(files->Remove(PathOf(options.directory, segment)));
  }
  CAIRN_RETURN_IF_ERROR(files->SyncDirectory(options.directory));
  return opened;
}

// A file that begins with the state, and has room for so many bytes more.
absl::Status FileJobLog::BeginSegment(uint64_t room) {
  std::vector<std::byte> content;
  const auto fill = [&](uint64_t bytes) {
    content.clear();
    ByteWriter out(&content);
    out.Varint(kVersion);
    out.Varint(bytes);
    WriteState(state_, &out);
  };
  fill(options_.segment_bytes);
  const uint64_t needed = 2 * (sizeof(RawFrame) + content.size() + kVarintBytesMax + 8) + room;
  const uint64_t bytes = std::max(options_.segment_bytes, PaddedTo8(2 * needed));
  fill(bytes);
  const std::vector<std::byte> frame = FrameBytes(FrameKind::kState, state_.index, content);
  CAIRN_ASSIGN_OR_RETURN(file_,
                         options_.files->OpenZeroed(PathOf(options_.directory, segment_), bytes));
  CAIRN_RETURN_IF_ERROR(file_->Append(frame));
  left_ = bytes - frame.size();
  return file_->Sync();
}

absl::Status FileJobLog::Append(const std::vector<LogBatch>& batches) {
  if (batches.empty() || !failure_.ok()) return failure_;
  return failure_ = Write(batches);
}

absl::Status FileJobLog::Write(const std::vector<LogBatch>& batches) {
  std::vector<std::byte> content;
  ByteWriter out(&content);
  uint64_t index = state_.index;
  for (const LogBatch& batch : batches) {
    CAIRN_CHECK(batch.first_index == index + 1, "the job log has a hole");
    for (const LogRecord& record : batch.records) WriteRecord(record, &out);
    index += batch.records.size();
  }
  const std::vector<std::byte> frame = FrameBytes(FrameKind::kBatches, state_.index + 1, content);
  if (frame.size() > left_) {
    const std::string full = PathOf(options_.directory, segment_);
    ++segment_;
    CAIRN_RETURN_IF_ERROR(BeginSegment(frame.size()));
    CAIRN_RETURN_IF_ERROR(options_.files->Remove(full));
    CAIRN_RETURN_IF_ERROR(options_.files->SyncDirectory(options_.directory));
  }
  CAIRN_RETURN_IF_ERROR(file_->Append(frame));
  CAIRN_RETURN_IF_ERROR(file_->Sync());
  left_ -= frame.size();
  for (const LogBatch& batch : batches) {
    for (const LogRecord& record : batch.records) state_.Apply(record);
  }
  return {};
}

}  // namespace cairn
