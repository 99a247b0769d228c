#include "sharding/plan_check.h"

#include <bit>
#include <cmath>
#include <string_view>

#include "base/status.h"
#include "base/units.h"
#include "wire/limits.h"

namespace cairn {
namespace {

absl::Status CheckRange(std::string_view field, uint64_t value, uint64_t least, uint64_t most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return InvalidArgument(field, " is ", HumanCount(value), ", legal: ", HumanCount(least), " to ",
                         HumanCount(most));
}

absl::Status CheckNumber(std::string_view field, double value, double least, double most) {
  if (value >= least && value <= most) return absl::OkStatus();  // False for a NaN.
  return InvalidArgument(field, " is ", value, ", legal: ", least, " to ", most);
}

absl::Status CheckStop(const StopRules& stop) {
  constexpr double kMost = 1e18;
  CAIRN_RETURN_IF_ERROR(CheckNumber("stop.max_seconds", stop.max_seconds, 0, kMost));
  CAIRN_RETURN_IF_ERROR(CheckRange("stop.metric", static_cast<uint64_t>(stop.metric), 0,
                                   static_cast<uint64_t>(StopRules::Metric::kAccuracy)));
  CAIRN_RETURN_IF_ERROR(CheckNumber("stop.target", stop.target, 0, kMost));
  CAIRN_RETURN_IF_ERROR(CheckNumber("stop.min_delta", stop.min_delta, 0, kMost));
  return CheckNumber("stop.relative_change", stop.relative_change, 0, kMost);
}

absl::Status CheckCheckpoints(const CheckpointPlan& plan) {
  if (plan.directory.empty()) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(CheckNumber("checkpoints.every_seconds", plan.every_seconds, 0.1, 1e9));
  CAIRN_RETURN_IF_ERROR(CheckRange("checkpoints.kept", plan.kept, 1, limits::kCheckpointsKeptMax));
  CAIRN_RETURN_IF_ERROR(
      CheckRange("checkpoints.full_every", plan.full_every, 1, limits::kCheckpointChainMax));
  return CheckRange("number of bytes of checkpoints.directory", plan.directory.size(), 0,
                    limits::kStringBytesMax);
}

// The bounds keep sums and products of batches within 64 bits, and what an epoch opens in memory.
absl::Status CheckSchedule(const JobDefinition& job) {
  const Schedule& schedule = job.plan.schedule;
  CAIRN_RETURN_IF_ERROR(CheckRange("schedule.epochs", schedule.epochs, 0, limits::kEpochsMax));
  CAIRN_RETURN_IF_ERROR(
      CheckRange("schedule.batches_max", schedule.batches_max, 0, limits::kBatchesMax));
  CAIRN_RETURN_IF_ERROR(CheckNumber("schedule.warmup_share", schedule.warmup_share, 0, 1));
  if (schedule.epochs == 0) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(CheckRange("schedule.batches_per_epoch", schedule.batches_per_epoch, 1,
                                   limits::kBatchesMax / schedule.epochs));
  const bool asp = job.spec.mode.consistency == Consistency::kAsp;
  const uint32_t streams = asp ? 0 : job.spec.streams;
  CAIRN_RETURN_IF_ERROR(
      CheckRange("schedule.fixed_streams", schedule.fixed_streams, streams, streams));
  if (!asp) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(CheckRange("lease_batches", job.plan.lease_batches, 1, UINT32_MAX));
  return CheckRange("number of streams of an epoch",
                    schedule.batches_per_epoch / job.plan.lease_batches, 0,
                    limits::kStreamsAtOnceMax);
}

}  // namespace

absl::Status CheckServers(uint32_t servers, uint32_t partitions) {
  if (servers <= partitions) return absl::OkStatus();
  return InvalidArgument("--servers ", servers, " needs --partitions ", std::bit_ceil(servers),
                         " or more");
}

absl::Status CheckPlan(const JobDefinition& job) {
  const JobPlan& plan = job.plan;
  CAIRN_RETURN_IF_ERROR(CheckRange("servers", plan.servers, 1, limits::kProcessesMax));
  CAIRN_RETURN_IF_ERROR(CheckRange("workers", plan.workers, 0, limits::kProcessesMax));
  CAIRN_RETURN_IF_ERROR(CheckSchedule(job));
  CAIRN_RETURN_IF_ERROR(
      CheckRange("evaluation_batches", plan.evaluation_batches, 0, limits::kBatchesMax));
  CAIRN_RETURN_IF_ERROR(CheckStop(plan.stop));
  CAIRN_RETURN_IF_ERROR(CheckCheckpoints(plan.checkpoints));
  return CheckRange("number of bytes of save_dir", plan.save_dir.size(), 0,
                    limits::kStringBytesMax);
}

}  // namespace cairn
