// Rare situations: how often a run reached each. A scenario that never gets there tests nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cairn::sim {

enum class Probe : uint8_t {
  kMessage,
  kDropped,
  kDuplicated,
  kEncoded,
  kLinkWentBad,
  kLinkWasCut,  // Both ways.
  kDeaf,        // A worker, to the coordinator.
  kCrash,
  kPause,
  kExpiredAlive,    // A worker was taken for dead and was not.
  kTakeover,        // A stream's new attempt began,
  kTakeoverInside,  // and somewhere behind its first step.
  kDeadLetter,      // A message arrived for a former life.
  kFragment,        // A piece of a record that travels in several.
  kFragmentDropped,
  kApplied,  // Records.
  kDuplicateAcknowledged,
  kGap,
  kFenced,  // Pushes of an older attempt.
  kPullFenced,
  kPullParked,
  kPassed,
  kUndoRead,
  kBehind,
  kNotPrimary,
  kNamedPush,  // Came as bytes, without ids.
  kNeedIds,
  kBareRecord,
  kSaved,
  kEvaluated,
  kToldToWait,     // A member asked a coordinator that had no job yet.
  kDeathReported,  // By the submitter, of a worker that had crashed,
  kDeathMistaken,  // or had not.
  kWorkerless,     // The last worker was struck off.
  kResumed,        // A coordinator went on from its records,
  kGroupCommit,    // which it had written several batches at a time.
  kWorkerCrash,
  kServerCrash,
  kCoordinatorCrash,
  kToldToLeave,  // A worker, or a server,
  kHasLeft,      // and it has, before the job was over.
  kServerPause,
  kCoordinatorPause,
  kBehindScan,  // Records that changed rows while a snapshot was being taken.
  kCheckpoint,  // Committed,
  kAbandoned,   // or given up.
  kIncrement,   // Files of checkpoints that are complete: what changed since another one.
  kRolledBack,  // All partitions went back to one.
  kPowerLost,   // With a process, and what its machine had not synced;
  kTorn,        // of a write, some sectors were stored and others not;
  kInDoubt,     // of the log, all of it, though nobody had been told.
  kLogMended,   // It was damaged, or not written to its end.
  kDiskError,
  kBitFlipped,       // In a checkpoint, or in the log;
  kReadError,        // Of a file of a checkpoint.
  kDamageFound,      // In a checkpoint, either of them.
  kMoved,            // To another cluster.
  kBlamed,           // A step for the death of a worker,
  kLeftOut,          // and then it was left out,
  kInnocentLeftOut,  // though it had killed nobody.
  kRowsAhead,        // A record that some of its rows had, and others had not.
  kKeyWithoutRow,    // At the end: not admitted, expired, or given up.
  kClientStep,       // Of a program of a user's,
  kClientLeft,       // which had done enough,
  kClientTakenBack,  // or lost its stream.
  kCount,
};

inline constexpr size_t kProbeCount = static_cast<size_t>(Probe::kCount);

constexpr std::array<std::string_view, kProbeCount> kProbeNames = {"messages",
                                                                   "dropped",
                                                                   "duplicated",
                                                                   "encoded",
                                                                   "links gone bad",
                                                                   "links cut",
                                                                   "workers deaf",
                                                                   "crashes",
                                                                   "pauses",
                                                                   "expired alive",
                                                                   "takeovers",
                                                                   "takeovers inside",
                                                                   "dead letters",
                                                                   "fragments",
                                                                   "fragments dropped",
                                                                   "records applied",
                                                                   "duplicates acknowledged",
                                                                   "gaps",
                                                                   "fenced pushes",
                                                                   "fenced pulls",
                                                                   "parked pulls",
                                                                   "passed",
                                                                   "undo reads",
                                                                   "behind",
                                                                   "not primary",
                                                                   "pushes by name",
                                                                   "ids asked for",
                                                                   "bare records",
                                                                   "files saved",
                                                                   "evaluations",
                                                                   "told to wait",
                                                                   "deaths reported",
                                                                   "deaths mistaken",
                                                                   "without workers",
                                                                   "coordinators resumed",
                                                                   "group commits",
                                                                   "workers crashed",
                                                                   "servers crashed",
                                                                   "coordinators crashed",
                                                                   "told to leave",
                                                                   "left early",
                                                                   "servers paused",
                                                                   "coordinators paused",
                                                                   "applied while scanned",
                                                                   "checkpoints committed",
                                                                   "checkpoints given up",
                                                                   "increments",
                                                                   "rollbacks",
                                                                   "power lost",
                                                                   "torn writes",
                                                                   "writes in doubt kept",
                                                                   "logs mended",
                                                                   "disk errors",
                                                                   "bits flipped",
                                                                   "read errors",
                                                                   "damage found",
                                                                   "clusters moved",
                                                                   "steps blamed",
                                                                   "batches left out",
                                                                   "innocent ones",
                                                                   "rows ahead",
                                                                   "keys without a row",
                                                                   "steps of programs",
                                                                   "programs that left",
                                                                   "programs taken back"};

struct ProbeCounts {
  std::array<uint64_t, kProbeCount> counts = {};

  void Hit(Probe probe, uint64_t times = 1) { counts[static_cast<size_t>(probe)] += times; }
  uint64_t operator[](Probe probe) const { return counts[static_cast<size_t>(probe)]; }
  ProbeCounts& operator+=(const ProbeCounts& other) {
    for (size_t i = 0; i < kProbeCount; ++i) counts[i] += other.counts[i];
    return *this;
  }
  bool operator==(const ProbeCounts&) const = default;
};

}  // namespace cairn::sim
