// The job log in a directory: decisions survive the coordinator, and a loss of power. The format
// stands in doc/job_log.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/file_system.h"
#include "coordinator/job_state.h"

namespace cairn {

// Files of a fixed length, zeros from the start, each of which begins with the state so far; when
// one is full, the next one begins with what has become of it, and the old one is removed. Whatever
// is written is written twice, one copy behind the other, so that a damaged byte takes nothing. One
// thread at a time.
class FileJobLog {
 public:
  static constexpr uint64_t kSegmentBytes = uint64_t{4} << 20;  // Unless a state takes more.

  struct Options {
    FileSystem* files = nullptr;  // Outlives the log.
    std::string directory;        // Made if it is not there.
    uint64_t segment_bytes = kSegmentBytes;
  };
  struct Opened;

  // Reads what is there, and begins a new file. The directory is locked from here on.
  // kFailedPrecondition: another process has it; kDataLoss: what is there is damaged beyond repair,
  // file and byte are named; kPermissionDenied and the like: it cannot be read or written.
  static absl::StatusOr<Opened> Open(const Options& options);

  // Returns once the batches are durable: all of them, in order. After an error nothing is known,
  // and nothing can be appended any more.
  absl::Status Append(const std::vector<LogBatch>& batches);

  // By all that was appended. job_id 0: no job was ever logged.
  const JobState& state() const { return state_; }

 private:
  FileJobLog(const Options& options, std::unique_ptr<DirectoryLock> lock, JobState state,
             uint64_t segment)
      : options_(options), lock_(std::move(lock)), state_(std::move(state)), segment_(segment) {}

  absl::Status BeginSegment(uint64_t room);
  absl::Status Write(const std::vector<LogBatch>& batches);

  const Options options_;
  const std::unique_ptr<DirectoryLock> lock_;
  JobState state_;
  uint64_t segment_;  // The number of the file that is written to.
  std::unique_ptr<WritableFile> file_;
  uint64_t left_ = 0;     // Bytes of it that are still zero.
  absl::Status failure_;  // Of an earlier call.
};

struct FileJobLog::Opened {
  std::unique_ptr<FileJobLog> log;
  std::vector<std::string> notes;  // For people: what was mended, or left out as never finished.
};

}  // namespace cairn
