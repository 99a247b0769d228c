// The checkpoints of a directory, for people who look after jobs: which there are, whether every
// byte of them holds, and which may go. doc/checkpoints.md says what they are.
//
// Blocking calls on a FileSystem, which outlives them; thread-safe. A job may go on taking and
// removing checkpoints meanwhile: what it removes under their hands is passed over.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/file_system.h"
#include "coordinator/job_state.h"
#include "coordinator/manifest.h"

namespace cairn {

struct CheckpointInfo {
  uint64_t number = 0;
  std::string path;           // Of its own directory: "DIR/checkpoint-7".
  bool has_manifest = false;  // Without one it is none: it is being taken, or was left over.
  // Why a job cannot go on with it. kDataLoss: it is damaged, with file and place; anything else:
  // it cannot be read here.
  absl::Status fault;
  uint64_t files = 0, bytes = 0;    // In its directory, whatever they are.
  std::vector<std::string> strays;  // Names there that its manifest does not have.
  // Of a complete one; else empty.
  Manifest manifest;
  JobState job;  // As of the checkpoint, which is the last of its `checkpoints`.

  bool complete() const { return has_manifest && fault.ok(); }
  bool damaged() const { return fault.code() == absl::StatusCode::kDataLoss; }
  uint64_t rows() const;  // Of sparse tables.
  // Of which checkpoint, the one before, some of its files hold only what changed; 0: of none.
  uint64_t since() const;
  bool NeedsFilesOf(uint64_t checkpoint) const;
};

// By number, the newest last. Reads each MANIFEST and JOB, and looks at the sizes of the other
// files. kNotFound: there is no such directory, or no checkpoint in it; else errors of listing it.
absl::StatusOr<std::vector<CheckpointInfo>> ListCheckpoints(FileSystem* files,
                                                            const std::string& directory);

// The one of that number; 0: the newest complete one. kNotFound: there is none, or it is not
// complete; or its fault.
absl::StatusOr<CheckpointInfo> ChooseCheckpoint(const std::vector<CheckpointInfo>& checkpoints,
                                                uint64_t number);

// Reads every byte of one that is listed as complete, and returns it with the fault that there is.
// Others come back as they are.
CheckpointInfo VerifyCheckpoint(FileSystem* files, CheckpointInfo listed);

// How far the training was, of the job of a complete one.
struct CheckpointProgress {
  uint64_t epoch = 0;   // The one under way, from 1; after the last one, that one.
  uint64_t epochs = 0;  // 0: a job without data.
  uint64_t batches_done = 0, batches = 0;  // Of that epoch.
};
CheckpointProgress ProgressOf(const JobState& job);

struct PrunePlan {
  std::vector<uint64_t> kept;           // The newest ones whose every byte holds; ascending.
  std::vector<CheckpointInfo> removed;  // To be removed in this order: descending.
  std::vector<std::string> notes;       // What else stays, and why; for people.
};
// What is to be removed so that the `keep` newest whole checkpoints are left, at least 1: those
// before them that none of them builds on, and damaged or incomplete ones that are older than the
// newest whole one. Reads every byte of those that it keeps. kDataLoss: none is whole; kNotFound:
// as ListCheckpoints, or none is complete.
absl::StatusOr<PrunePlan> PlanPrune(FileSystem* files, const std::string& directory, uint32_t keep);

}  // namespace cairn
