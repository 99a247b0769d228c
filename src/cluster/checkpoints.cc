#include "cluster/checkpoints.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "cluster/saved_model.h"
#include "coordinator/checkpoint_file.h"
#include "coordinator/coordinator_shell.h"
#include "sharding/schedule.h"

namespace cairn {
namespace {

using absl::StatusCode;

// What is missing of a checkpoint is damage to it.
absl::Status AsDamage(const absl::Status& status) {
  return status.code() == StatusCode::kNotFound ? DataLoss(MessageOf(status)) : status;
}

// Is the state that of this checkpoint, and do both lists of its files say the same? A job goes on
// by the one in JOB, tools read by the manifest's.
absl::Status CheckState(const CheckpointInfo& info) {
  const std::string path = JoinPath(info.path, info.manifest.state.name);
  const CheckpointState& own = info.job.checkpoints.back();
  if (own.id != info.number) return DataLoss(path, ": it is of checkpoint ", own.id);
  const auto is_same = [&](const SnapshotDone& done, const Manifest::File& file) {
    return done.partition == file.partition && NameInCheckpoint(own.id, done) == file.name &&
           done.bytes == file.bytes && done.crc == file.crc && done.rows == file.rows;
  };
  const std::vector<Manifest::File>& named = info.manifest.files;
  if (std::equal(own.files.begin(), own.files.end(), named.begin(), named.end(), is_same)) {
    return absl::OkStatus();
  }
  return DataLoss(path, ": its list of files is not the manifest's");
}

absl::Status ReadState(FileSystem* files, CheckpointInfo* info) {
  CAIRN_ASSIGN_OR_RETURN(info->manifest, ReadManifest(files, info->path));
  CAIRN_ASSIGN_OR_RETURN(info->job, ReadCheckpoint(files, info->path));
  return CheckState(*info);
}

bool IsNamed(const Manifest& manifest, const std::string& name) {
  return name == kManifestName || name == manifest.state.name ||
         std::any_of(manifest.files.begin(), manifest.files.end(),
                     [&](const Manifest::File& file) { return file.name == name; });
}

// Without its manifest the job that it is of has begun to remove it.
void SetFault(FileSystem* files, const absl::Status& fault, CheckpointInfo* info) {
  info->manifest = {};
  info->job = {};
  const absl::StatusOr<bool> exists = files->Exists(JoinPath(info->path, kManifestName));
  info->has_manifest = !exists.ok() || *exists;
  if (info->has_manifest) info->fault = AsDamage(fault);
}

// kNotFound: it has gone meanwhile; kFailedPrecondition: it is no directory.
absl::StatusOr<CheckpointInfo> Look(FileSystem* files, uint64_t number, std::string path) {
  CheckpointInfo info;
  info.number = number;
  info.path = std::move(path);
  CAIRN_ASSIGN_OR_RETURN(const std::vector<std::string> names, files->List(info.path));
  for (const std::string& name : names) {
    ++info.files;
    info.bytes += files->Size(JoinPath(info.path, name)).value_or(0);
    info.has_manifest = info.has_manifest || name == kManifestName;
  }
  if (!info.has_manifest) return info;
  if (const absl::Status read = ReadState(files, &info); !read.ok()) {
    SetFault(files, read, &info);
    return info;
  }
  for (const std::string& name : names) {
    if (!IsNamed(info.manifest, name)) info.strays.push_back(name);
  }
  return info;
}

absl::Status ReadEveryByte(FileSystem* files, const CheckpointInfo& info) {
  CAIRN_ASSIGN_OR_RETURN(const SavedModel model, SavedModel::Open(files, info.path));
  ModelDigest digest;
  for (uint32_t partition = 0; partition < model.partitions(); ++partition) {
    CAIRN_ASSIGN_OR_RETURN(const SnapshotReader reader, model.OpenPartition(partition));
    if (reader.header().checkpoint != info.number) {
      return DataLoss(model.PathOf(partition), ": a snapshot of checkpoint ",
                      reader.header().checkpoint);
    }
    // It holds the rows to the footer's digest.
    CAIRN_RETURN_IF_ERROR(reader.ForEachRow(
        [](uint32_t, uint64_t, std::span<const float>) { return absl::OkStatus(); }));
    digest += reader.digest();
  }
  return model.CheckDigest(digest);
}

// bsp: all streams have taken `step`. What the coordinator knew when it chose that step is older.
CheckpointProgress ProgressAt(const Schedule& schedule, StepIndex step) {
  CheckpointProgress progress;
  progress.epochs = schedule.epochs;
  const uint64_t epoch = std::min(FixedBatch(schedule, 0, step).epoch, schedule.epochs - 1);
  progress.epoch = epoch + 1;
  progress.batches = BatchesOfEpoch(schedule, epoch);
  const uint64_t before = FixedStepsThrough(schedule, epoch);
  progress.batches_done =
      std::min(progress.batches, (step - std::min(step, before)) * schedule.fixed_streams);
  return progress;
}

// asp, ssp: at least so far.
CheckpointProgress ProgressOfStreams(const JobState& job) {
  const Schedule& schedule = job.plan.schedule;
  CheckpointProgress progress;
  progress.epochs = schedule.epochs;
  progress.epoch = std::min<uint64_t>(job.epochs.size() + 1, progress.epochs);
  progress.batches = BatchesOfEpoch(schedule, progress.epoch - 1);
  if (job.epochs.size() < progress.epochs && job.epochs_opened <= job.epochs.size()) {
    return progress;
  }
  const bool fixed = job.job.mode.consistency != Consistency::kAsp;
  uint64_t left = 0;
  for (const auto& [id, stream] : job.streams) {
    if (stream.work.kind != StreamWork::Kind::kTrain) continue;
    const StepIndex last = fixed ? stream.limit : stream.work.last;
    left += last - std::min(last, stream.progress);
  }
  progress.batches_done = progress.batches - std::min(progress.batches, left);
  return progress;
}

// Where there is none: what else might have been meant?
absl::Status NoCheckpoints(const std::string& directory, const std::vector<std::string>& names) {
  const bool is_model = std::find(names.begin(), names.end(), kManifestName) != names.end();
  return NotFound("there is no checkpoint in ", directory,
                  is_model
                      ? ": it is a model or a checkpoint itself; name the directory that it is "
                        "in"
                      : ": --checkpoint-dir of a training is meant");
}

}  // namespace

uint64_t CheckpointInfo::rows() const {
  uint64_t rows = 0;
  for (size_t i = 0; i < manifest.files.size(); ++i) {
    const Manifest::File& file = manifest.files[i];
    const bool is_last = i + 1 == manifest.files.size();
    if (is_last || manifest.files[i + 1].partition != file.partition) rows += file.rows;
  }
  return rows;
}

uint64_t CheckpointInfo::since() const {
  const bool has = manifest.has_increments() && !job.checkpoints.empty();
  return has ? job.checkpoints.back().since : 0;
}

bool CheckpointInfo::NeedsFilesOf(uint64_t checkpoint) const {
  if (job.checkpoints.empty()) return false;
  return std::ranges::any_of(job.checkpoints.back().files, [&](const SnapshotDone& file) {
    return file.checkpoint == checkpoint;
  });
}

absl::StatusOr<std::vector<CheckpointInfo>> ListCheckpoints(FileSystem* files,
                                                            const std::string& directory) {
  const absl::StatusOr<std::vector<std::string>> names = files->List(directory);
  if (names.status().code() == StatusCode::kNotFound) {
    return NotFound("there is no directory ", directory);
  }
  if (names.status().code() == StatusCode::kFailedPrecondition) {
    return NotFound(directory, " is no directory");
  }
  CAIRN_RETURN_IF_ERROR(names.status());
  std::vector<CheckpointInfo> checkpoints;
  for (const std::string& name : *names) {
    const uint64_t number = CheckpointNumber(name);
    if (number == 0 || name != CheckpointDirectory(number)) continue;
    absl::StatusOr<CheckpointInfo> info = Look(files, number, JoinPath(directory, name));
    const StatusCode code = info.status().code();
    if (code == StatusCode::kNotFound || code == StatusCode::kFailedPrecondition) continue;
    CAIRN_RETURN_IF_ERROR(info.status());
    checkpoints.push_back(*std::move(info));
  }
  if (checkpoints.empty()) return NoCheckpoints(directory, *names);
  std::sort(checkpoints.begin(), checkpoints.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
  return checkpoints;
}

absl::StatusOr<CheckpointInfo> ChooseCheckpoint(const std::vector<CheckpointInfo>& checkpoints,
                                                uint64_t number) {
  const auto found =
      std::find_if(checkpoints.rbegin(), checkpoints.rend(), [&](const CheckpointInfo& each) {
        return number == 0 ? each.complete() : each.number == number;
      });
  if (found != checkpoints.rend()) {
    if (found->complete()) return *found;
    CAIRN_RETURN_IF_ERROR(found->fault);
    return NotFound("checkpoint ", number, " is not complete: it has no MANIFEST");
  }
  if (number != 0) return NotFound("there is no checkpoint ", number);
  for (const CheckpointInfo& each : checkpoints) CAIRN_RETURN_IF_ERROR(each.fault);
  return NotFound("no checkpoint is complete yet");
}

CheckpointInfo VerifyCheckpoint(FileSystem* files, CheckpointInfo listed) {
  if (!listed.complete()) return listed;
  const absl::Status read = ReadEveryByte(files, listed);
  if (!read.ok()) SetFault(files, read, &listed);
  return listed;
}

CheckpointProgress ProgressOf(const JobState& job) {
  const Schedule& schedule = job.plan.schedule;
  if (schedule.epochs == 0) return {};
  const StepIndex cut = job.checkpoints.back().cut;
  const bool has_cut = cut != kOwnMoment && schedule.fixed_streams > 0;
  return has_cut ? ProgressAt(schedule, cut) : ProgressOfStreams(job);
}

absl::StatusOr<PrunePlan> PlanPrune(FileSystem* files, const std::string& directory,
                                    uint32_t keep) {
  CAIRN_CHECK(keep > 0);
  CAIRN_ASSIGN_OR_RETURN(std::vector<CheckpointInfo> all, ListCheckpoints(files, directory));
  PrunePlan plan;
  std::vector<CheckpointInfo> kept;
  const auto builder_on = [&](uint64_t number) {
    return std::ranges::find_if(
        kept, [&](const CheckpointInfo& each) { return each.NeedsFilesOf(number); });
  };
  absl::Status first_fault;  // Of the newest that has one.
  for (auto next = all.rbegin(); next != all.rend(); ++next) {
    const bool has_newer = !plan.kept.empty();
    CheckpointInfo info =
        plan.kept.size() < keep ? VerifyCheckpoint(files, std::move(*next)) : std::move(*next);
    if (first_fault.ok()) first_fault = info.fault;
    const bool is_unreadable = !info.fault.ok() && !info.damaged();
    if (info.complete() && plan.kept.size() < keep) {
      plan.kept.insert(plan.kept.begin(), info.number);
      kept.push_back(std::move(info));
    } else if (const auto builder = builder_on(info.number); builder != kept.end()) {
      plan.notes.push_back(Concat("checkpoint ", info.number, " stays: checkpoint ",
                                  builder->number, " builds on its files"));
    } else if (has_newer && !is_unreadable) {
      plan.removed.push_back(std::move(info));
    } else if (!info.fault.ok()) {
      plan.notes.push_back(Concat("checkpoint ", info.number, " stays: ", MessageOf(info.fault)));
    }
  }
  if (!plan.kept.empty()) return plan;
  if (first_fault.ok()) return NotFound("no checkpoint in ", directory, " is complete yet");
  return Annotate(first_fault, "no checkpoint in ", directory, " is whole, so all stay");
}

}  // namespace cairn
