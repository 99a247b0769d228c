#include "coordinator/checkpoint_file.h"

#include <algorithm>
#include <utility>

#include "base/crc32c.h"
#include "base/numbers.h"
#include "base/status.h"
#include "coordinator/coordinator_shell.h"
#include "coordinator/record_codec.h"
#include "wire/byte_io.h"

namespace cairn {
namespace {

constexpr uint64_t kVersion = 3;
constexpr std::string_view kPrefix = "checkpoint-";

}  // namespace

absl::StatusOr<JobState> ReadCheckpoint(FileSystem* files, const std::string& directory) {
  CAIRN_ASSIGN_OR_RETURN(const Manifest manifest, ReadManifest(files, directory));
  if (manifest.state.name.empty()) {
    return DataLoss(directory, ": a model, and no checkpoint of a job");
  }
  const std::string path = JoinPath(directory, manifest.state.name);
  CAIRN_ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, files->ReadAll(path));
  if (bytes.size() != manifest.state.bytes || Crc32c(bytes) != manifest.state.crc) {
    return DataLoss(path, ": not what the manifest says");
  }
  absl::StatusOr<JobState> state = DecodeCheckpoint(bytes);
  if (!state.ok()) return Annotate(state.status(), path);
  return state;
}

JobState StateAsOf(const JobState& state, CheckpointState complete) {
  JobState as_of = state;
  static_cast<TrainingState&>(as_of) = complete.training;
  as_of.checkpoints.push_back(std::move(complete));
  ForgetOldCheckpoints(state.plan.checkpoints.kept, &as_of.checkpoints);
  as_of.taking.reset();
  as_of.members.clear();
  as_of.partitions.clear();
  as_of.restored = 0;
  // Positions in this job's log mean nothing in that of another one, nor do its workers.
  as_of.index = as_of.map_index = as_of.grants_index = as_of.rollback_index = 0;
  for (auto& [id, stream] : as_of.streams) stream.worker = 0;
  return as_of;
}

std::vector<std::byte> EncodeCheckpoint(const JobState& state) {
  std::vector<std::byte> bytes;
  ByteWriter out(&bytes);
  out.Varint(kVersion);
  WriteState(state, &out);
  return bytes;
}

absl::StatusOr<JobState> DecodeCheckpoint(std::span<const std::byte> bytes) {
  ByteReader in(bytes);
  uint64_t version = 0;
  absl::Status read = in.Varint("version", &version);
  if (read.ok() && version != kVersion) {
    return MakeError(absl::StatusCode::kUnimplemented, "a job of version ", version,
                     ", this program reads ", kVersion);
  }
  JobState state;
  read.Update(ReadState(&in, &state));
  read.Update(in.End("job"));
  if (!read.ok()) return DataLoss(MessageOf(read));
  if (state.job_id == 0 || state.checkpoints.empty()) return DataLoss("there is no checkpoint");
  return state;
}

Manifest::Extra DescribeCheckpointFile(std::span<const std::byte> bytes) {
  return {kCheckpointFileName, bytes.size(), Crc32c(bytes)};
}

std::string NameInCheckpoint(uint64_t checkpoint, const SnapshotDone& file) {
  if (file.checkpoint == checkpoint) return file.file;
  return Concat("../", CheckpointDirectory(file.checkpoint), "/", file.file);
}

uint64_t CheckpointNumber(std::string_view name) {
  if (!name.starts_with(kPrefix)) return 0;
  return ParseU64(name.substr(kPrefix.size())).value_or(0);
}

absl::StatusOr<FoundCheckpoints> FindCheckpoints(FileSystem* files, const std::string& directory) {
  FoundCheckpoints found;
  absl::StatusOr<std::vector<std::string>> names = files->List(directory);
  if (names.status().code() == absl::StatusCode::kNotFound) return found;
  CAIRN_RETURN_IF_ERROR(names.status());
  std::vector<uint64_t> numbers;
  std::erase_if(*names, [](const std::string& name) { return CheckpointNumber(name) == 0; });
  for (const std::string& name : *names) {
    found.highest = std::max(found.highest, CheckpointNumber(name));
    const std::string manifest = JoinPath(JoinPath(directory, name), kManifestName);
    CAIRN_ASSIGN_OR_RETURN(const bool is_named, files->Exists(manifest));
    if (is_named) numbers.push_back(CheckpointNumber(name));  // Else it was never complete.
  }
  std::sort(numbers.rbegin(), numbers.rend());
  for (const uint64_t number : numbers) {
    absl::StatusOr<JobState> state =
        ReadCheckpoint(files, JoinPath(directory, CheckpointDirectory(number)));
    if (!state.ok()) {
      found.notes.push_back(Concat("checkpoint ", number, ": ", MessageOf(state.status())));
      continue;
    }
    std::erase_if(state->checkpoints, [&](const CheckpointState& each) {
      return std::find(numbers.begin(), numbers.end(), each.id) == numbers.end();
    });
    found.newest.push_back(*std::move(state));
    return found;
  }
  if (numbers.empty()) return found;
  return DataLoss("no checkpoint in ", directory, " is whole: ", found.notes.front());
}

absl::Status CheckSameJob(const JobState& saved, const JobDefinition& wanted) {
  const JobSpec& spec = wanted.spec;
  const auto differs = [](std::string_view what) {
    return InvalidArgument("--resume: this job has other ", what,
                           " than the one that the checkpoint is of; use its options again, or "
                           "--init to begin a new training with its model");
  };
  if (spec.tables != saved.job.tables) return differs("tables (--model, --dim, --optimizer, ...)");
  if (!(spec.mode == saved.job.mode) || spec.streams != saved.job.streams) {
    return differs("consistency (--consistency, --streams)");
  }
  if (spec.seed != saved.job.seed) return differs("--seed");
  if (!(wanted.plan.schedule == saved.plan.schedule)) {
    return differs("numbers of epochs and batches (--train, --epochs, --batch, --max-steps)");
  }
  if (wanted.plan.lease_batches != saved.plan.lease_batches) return differs("batches of a lease");
  JobSpec same = spec;  // But for the number of partitions, which may be another one.
  same.partitions = saved.job.partitions;
  if (!(same == saved.job)) return differs("data or settings of its model");
  return absl::OkStatus();
}

absl::Status RemoveCheckpoint(FileSystem* files, const std::string& path) {
  const auto is_gone = [](const absl::Status& status) {
    return status.ok() || status.code() == absl::StatusCode::kNotFound;
  };
  const absl::StatusOr<std::vector<std::string>> names = files->List(path);
  if (names.status().code() == absl::StatusCode::kNotFound) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(names.status());
  absl::Status status = files->Remove(JoinPath(path, kManifestName));
  if (!is_gone(status)) return status;
  status = files->SyncDirectory(path);
  if (!is_gone(status)) return status;
  for (const std::string& name : *names) {
    if (name == kManifestName) continue;
    status = files->Remove(JoinPath(path, name));
    if (!is_gone(status)) return status;
  }
  status = files->Remove(path);
  if (!is_gone(status)) return status;
  return files->SyncDirectory(ParentDirectory(path));
}

absl::Status PruneCheckpoints(FileSystem* files, const std::string& directory,
                              const std::set<uint64_t>& kept, uint64_t below) {
  CAIRN_ASSIGN_OR_RETURN(const std::vector<std::string> names, files->List(directory));
  std::vector<uint64_t> numbers;
  for (const std::string& name : names) {
    const uint64_t number = CheckpointNumber(name);
    if (number != 0 && number < below && !kept.contains(number)) numbers.push_back(number);
  }
  std::sort(numbers.rbegin(), numbers.rend());
  absl::Status first_error;
  for (const uint64_t number : numbers) {
    const std::string path = JoinPath(directory, CheckpointDirectory(number));
    const absl::Status removed = RemoveCheckpoint(files, path);
    first_error.Update(removed);
    const bool looks_whole =
        !removed.ok() && files->Exists(JoinPath(path, kManifestName)).value_or(true);
    if (looks_whole) break;  // What it builds on stays too.
  }
  return first_error;
}

}  // namespace cairn
