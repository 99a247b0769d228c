// What a checkpoint says of its job: the file JOB beside its snapshots, which its MANIFEST names.
// With it a checkpoint is all that is needed to go on, on other machines too. Its format is the
// job log's (doc/job_log.md): version, then the state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/file_system.h"
#include "coordinator/job_state.h"
#include "coordinator/manifest.h"

namespace cairn {

inline constexpr char kCheckpointFileName[] = "JOB";

// The job as of this checkpoint, which is complete: without members and without a log, and with no
// partition placed.
JobState StateAsOf(const JobState& state, CheckpointState complete);

std::vector<std::byte> EncodeCheckpoint(const JobState& state);
// kDataLoss, kUnimplemented: another version.
absl::StatusOr<JobState> DecodeCheckpoint(std::span<const std::byte> bytes);
// How the manifest names it.
Manifest::Extra DescribeCheckpointFile(std::span<const std::byte> bytes);

// What the manifest of a checkpoint calls one of its files.
std::string NameInCheckpoint(uint64_t checkpoint, const SnapshotDone& file);

// Of one checkpoint's directory, if the files that its manifest names are there with the sizes that
// it says: the state in JOB, whose every byte is checked. kNotFound: it has no manifest, or no JOB;
// kDataLoss: it is damaged, or a model and no checkpoint; kUnimplemented: as DecodeCheckpoint.
absl::StatusOr<JobState> ReadCheckpoint(FileSystem* files, const std::string& directory);

struct FoundCheckpoints {
  uint64_t highest = 0;            // The highest number of any directory; 0: there are none.
  std::vector<JobState> newest;    // The newest whose manifest and JOB can be read: one, or none.
  std::vector<std::string> notes;  // For people: which ones are damaged, and how.
};
// Looks through a directory of checkpoints; one that is not there has none. kDataLoss: there are
// some, and none is whole.
absl::StatusOr<FoundCheckpoints> FindCheckpoints(FileSystem* files, const std::string& directory);

// The number in "checkpoint-7"; 0: that is no such name.
uint64_t CheckpointNumber(std::string_view name);

// What may be gone on with, and with what it may not: kInvalidArgument says which part of `wanted`
// is another than that of the job that the checkpoint is of.
absl::Status CheckSameJob(const JobState& saved, const JobDefinition& wanted);

// The manifest goes first: after an interruption nothing is left that looks whole. What is gone
// already is no error.
absl::Status RemoveCheckpoint(FileSystem* files, const std::string& path);

// Removes the checkpoints of numbers below `below`, but for `kept`; the newest first, since one may
// build on files of those before it. The first error, if any: what could be removed is gone, and
// what is left is whole, or looks like none.
absl::Status PruneCheckpoints(FileSystem* files, const std::string& directory,
                              const std::set<uint64_t>& kept, uint64_t below);

}  // namespace cairn
