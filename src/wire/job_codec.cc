#include "wire/job_codec.h"

#include <cmath>

#include "wire/limits.h"

namespace cairn {
namespace {

struct RawJob {
  uint64_t seed;
  uint32_t partitions, streams, staleness, table_count;
  uint8_t consistency, wire_values;
  uint8_t reserved[6];
};
static_assert(sizeof(RawJob) == 32);

struct RawTable {
  uint64_t dense_size;
  uint32_t part_count;
  uint8_t kind, reduction, has_retention;
  uint8_t reserved;
};
static_assert(sizeof(RawTable) == 16);

struct RawRetention {
  uint64_t sketch_bytes, expire_steps, bytes_max;
  uint32_t admit_count;
  float admit_probability, expire_below;
  uint8_t reserved[4];
};
static_assert(sizeof(RawRetention) == 40);

struct RawPart {
  uint32_t width;
  float learning_rate, l1, l2, beta1, beta2, beta, epsilon, initial_accumulator;
  float initializer_scale;
  uint8_t initializer_kind;
  uint8_t reserved[7];
};
static_assert(sizeof(RawPart) == 48);

struct RawPlan {
  uint64_t epochs, batches_per_epoch, batches_max, evaluation_batches;
  double max_seconds, target, min_delta, relative_change, checkpoint_seconds;
  uint32_t servers, workers, fixed_streams, lease_batches, patience, checkpoints_kept;
  float warmup_share;
  uint32_t checkpoints_full_every;
  uint8_t decay, metric, end_with_clients, want_digest, resume;
  uint8_t reserved[3];
};
static_assert(sizeof(RawPlan) == 112);

// Reads a number of an enum whose values are 0 .. last.
template <typename Enum>
absl::Status ReadEnum(std::string_view field, uint8_t number, Enum last, Enum* value) {
  if (number > static_cast<uint8_t>(last)) {
    return InvalidArgument(field, ": ", int{number}, " has no meaning");
  }
  *value = static_cast<Enum>(number);
  return absl::OkStatus();
}

absl::Status CheckCount(std::string_view field, uint64_t count, uint64_t count_max) {
  if (count <= count_max) return absl::OkStatus();
  return InvalidArgument(field, ": ", count, ", at most ", count_max, " are legal");
}

absl::Status ReadBool(std::string_view field, uint8_t number, bool* value) {
  if (number > 1) return InvalidArgument(field, ": ", int{number}, ", not 0 or 1");
  *value = number == 1;
  return absl::OkStatus();
}

absl::Status CheckFinite(std::string_view field, double number) {
  if (std::isfinite(number)) return absl::OkStatus();
  return InvalidArgument(field, ": ", number, " is not finite");
}

absl::Status CheckFloats(const RawPlan& raw) {
  CAIRN_RETURN_IF_ERROR(CheckFinite("plan.schedule.warmup_share", raw.warmup_share));
  CAIRN_RETURN_IF_ERROR(CheckFinite("plan.stop.max_seconds", raw.max_seconds));
  CAIRN_RETURN_IF_ERROR(CheckFinite("plan.stop.target", raw.target));
  CAIRN_RETURN_IF_ERROR(CheckFinite("plan.stop.min_delta", raw.min_delta));
  CAIRN_RETURN_IF_ERROR(CheckFinite("plan.checkpoints.every_seconds", raw.checkpoint_seconds));
  return CheckFinite("plan.stop.relative_change", raw.relative_change);
}

void WritePart(const PartSpec& part, ByteWriter* out) {
  const OptimizerSpec& o = part.optimizer;
  out->Record(RawPart{.width = part.width,
                      .learning_rate = o.learning_rate,
                      .l1 = o.l1,
                      .l2 = o.l2,
                      .beta1 = o.beta1,
                      .beta2 = o.beta2,
                      .beta = o.beta,
                      .epsilon = o.epsilon,
                      .initial_accumulator = o.initial_accumulator,
                      .initializer_scale = part.initializer.scale,
                      .initializer_kind = static_cast<uint8_t>(part.initializer.kind),
                      .reserved = {}});
  out->String(o.name);
}

absl::Status ReadPart(ByteReader* in, PartSpec* part) {
  CAIRN_ASSIGN_OR_RETURN(const RawPart raw, in->Record<RawPart>("job.tables.parts"));
  if (raw.width == 0 || raw.width > limits::kRowFloatsMax) {
    return InvalidArgument("job.tables.parts.width: ", raw.width, ", not 1 .. ",
                           limits::kRowFloatsMax);
  }
  part->width = raw.width;
  part->optimizer = {.name = {},
                     .learning_rate = raw.learning_rate,
                     .l1 = raw.l1,
                     .l2 = raw.l2,
                     .beta1 = raw.beta1,
                     .beta2 = raw.beta2,
                     .beta = raw.beta,
                     .epsilon = raw.epsilon,
                     .initial_accumulator = raw.initial_accumulator};
  part->initializer.scale = raw.initializer_scale;
  CAIRN_RETURN_IF_ERROR(ReadEnum("job.tables.parts.initializer.kind", raw.initializer_kind,
                                 InitializerSpec::Kind::kNormal, &part->initializer.kind));
  return in->String("job.tables.parts.optimizer.name", limits::kStringBytesMax,
                    &part->optimizer.name);
}

void WriteRetention(const RetentionSpec& retention, ByteWriter* out) {
  out->Record(RawRetention{.sketch_bytes = retention.sketch_bytes,
                           .expire_steps = retention.expire_steps,
                           .bytes_max = retention.bytes_max,
                           .admit_count = retention.admit_count,
                           .admit_probability = retention.admit_probability,
                           .expire_below = retention.expire_below,
                           .reserved = {}});
}

absl::Status ReadRetention(ByteReader* in, RetentionSpec* retention) {
  CAIRN_ASSIGN_OR_RETURN(const RawRetention raw, in->Record<RawRetention>("job.tables.retention"));
  *retention = {.admit_count = raw.admit_count,
                .admit_probability = raw.admit_probability,
                .sketch_bytes = raw.sketch_bytes,
                .expire_steps = raw.expire_steps,
                .expire_below = raw.expire_below,
                .bytes_max = raw.bytes_max};
  return {};
}

void WriteTable(const TableSpec& table, ByteWriter* out) {
  const bool has_retention = table.retention != RetentionSpec{};
  out->Record(RawTable{.dense_size = table.dense_size,
                       .part_count = static_cast<uint32_t>(table.parts.size()),
                       .kind = static_cast<uint8_t>(table.kind),
                       .reduction = static_cast<uint8_t>(table.reduction),
                       .has_retention = has_retention,
                       .reserved = {}});
  if (has_retention) WriteRetention(table.retention, out);
  out->String(table.name);
  for (const PartSpec& part : table.parts) WritePart(part, out);
}

absl::Status ReadTable(ByteReader* in, TableSpec* table) {
  CAIRN_ASSIGN_OR_RETURN(const RawTable raw, in->Record<RawTable>("job.tables"));
  table->dense_size = raw.dense_size;
  CAIRN_RETURN_IF_ERROR(
      ReadEnum("job.tables.kind", raw.kind, TableSpec::Kind::kDense, &table->kind));
  CAIRN_RETURN_IF_ERROR(ReadEnum("job.tables.reduction", raw.reduction, TableSpec::Reduction::kMean,
                                 &table->reduction));
  bool has_retention = false;
  CAIRN_RETURN_IF_ERROR(ReadBool("job.tables.has_retention", raw.has_retention, &has_retention));
  if (has_retention) CAIRN_RETURN_IF_ERROR(ReadRetention(in, &table->retention));
  CAIRN_RETURN_IF_ERROR(in->String("job.tables.name", limits::kStringBytesMax, &table->name));
  CAIRN_RETURN_IF_ERROR(CheckCount("job.tables.part_count", raw.part_count, limits::kPartsMax));
  CAIRN_RETURN_IF_ERROR(in->Need("job.tables.parts", raw.part_count, sizeof(RawPart)));
  table->parts.resize(raw.part_count);
  for (PartSpec& part : table->parts) CAIRN_RETURN_IF_ERROR(ReadPart(in, &part));
  if (table->parts.empty() || table->width() > limits::kRowFloatsMax) {
    return InvalidArgument("job.tables.parts: a row of ", table->width(), " floats, not 1 .. ",
                           limits::kRowFloatsMax);
  }
  return absl::OkStatus();
}

}  // namespace

void WriteJob(const JobSpec& job, ByteWriter* out) {
  out->Record(RawJob{.seed = job.seed,
                     .partitions = job.partitions,
                     .streams = job.streams,
                     .staleness = job.mode.staleness,
                     .table_count = static_cast<uint32_t>(job.tables.size()),
                     .consistency = static_cast<uint8_t>(job.mode.consistency),
                     .wire_values = static_cast<uint8_t>(job.wire_values),
                     .reserved = {}});
  out->String(job.name);
  out->String(job.init_dir);
  out->String(job.program);
  for (const TableSpec& table : job.tables) WriteTable(table, out);
}

absl::Status ReadJob(ByteReader* in, JobSpec* job) {
  CAIRN_ASSIGN_OR_RETURN(const RawJob raw, in->Record<RawJob>("job"));
  if (!std::has_single_bit(raw.partitions) || raw.partitions > limits::kPartitionsMax) {
    return InvalidArgument("job.partitions: ", raw.partitions, ", not a power of two up to ",
                           limits::kPartitionsMax);
  }
  job->seed = raw.seed;
  job->partitions = raw.partitions;
  job->streams = raw.streams;
  job->mode.staleness = raw.staleness;
  CAIRN_RETURN_IF_ERROR(
      ReadEnum("job.consistency", raw.consistency, Consistency::kBsp, &job->mode.consistency));
  CAIRN_RETURN_IF_ERROR(
      ReadEnum("job.wire_values", raw.wire_values, WireValues::kBf16F8, &job->wire_values));
  CAIRN_RETURN_IF_ERROR(in->String("job.name", limits::kStringBytesMax, &job->name));
  CAIRN_RETURN_IF_ERROR(in->String("job.init_dir", limits::kStringBytesMax, &job->init_dir));
  CAIRN_RETURN_IF_ERROR(in->String("job.program", limits::kProgramBytesMax, &job->program));
  CAIRN_RETURN_IF_ERROR(CheckCount("job.table_count", raw.table_count, limits::kTablesMax));
  CAIRN_RETURN_IF_ERROR(in->Need("job.tables", raw.table_count, sizeof(RawTable)));
  job->tables.resize(raw.table_count);
  for (TableSpec& table : job->tables) CAIRN_RETURN_IF_ERROR(ReadTable(in, &table));
  return absl::OkStatus();
}

void WritePlan(const JobPlan& plan, ByteWriter* out) {
  const Schedule& schedule = plan.schedule;
  const StopRules& stop = plan.stop;
  out->Record(RawPlan{.epochs = schedule.epochs,
                      .batches_per_epoch = schedule.batches_per_epoch,
                      .batches_max = schedule.batches_max,
                      .evaluation_batches = plan.evaluation_batches,
                      .max_seconds = stop.max_seconds,
                      .target = stop.target,
                      .min_delta = stop.min_delta,
                      .relative_change = stop.relative_change,
                      .checkpoint_seconds = plan.checkpoints.every_seconds,
                      .servers = plan.servers,
                      .workers = plan.workers,
                      .fixed_streams = schedule.fixed_streams,
                      .lease_batches = plan.lease_batches,
                      .patience = stop.patience,
                      .checkpoints_kept = plan.checkpoints.kept,
                      .warmup_share = schedule.warmup_share,
                      .checkpoints_full_every = plan.checkpoints.full_every,
                      .decay = schedule.decay,
                      .metric = static_cast<uint8_t>(stop.metric),
                      .end_with_clients = plan.end_with_clients,
                      .want_digest = plan.want_digest,
                      .resume = plan.checkpoints.resume,
                      .reserved = {}});
  out->String(plan.save_dir);
  out->String(plan.checkpoints.directory);
}

absl::Status ReadPlan(ByteReader* in, JobPlan* plan) {
  CAIRN_ASSIGN_OR_RETURN(const RawPlan raw, in->Record<RawPlan>("plan"));
  CAIRN_RETURN_IF_ERROR(CheckFloats(raw));
  plan->servers = raw.servers;
  plan->workers = raw.workers;
  plan->evaluation_batches = raw.evaluation_batches;
  plan->lease_batches = raw.lease_batches;
  plan->schedule = {.epochs = raw.epochs,
                    .batches_per_epoch = raw.batches_per_epoch,
                    .batches_max = raw.batches_max,
                    .fixed_streams = raw.fixed_streams,
                    .warmup_share = raw.warmup_share,
                    .decay = false};
  plan->stop = {.max_seconds = raw.max_seconds,
                .metric = StopRules::Metric::kAuc,
                .target = raw.target,
                .patience = raw.patience,
                .min_delta = raw.min_delta,
                .relative_change = raw.relative_change};
  CAIRN_RETURN_IF_ERROR(ReadBool("plan.schedule.decay", raw.decay, &plan->schedule.decay));
  CAIRN_RETURN_IF_ERROR(
      ReadEnum("plan.stop.metric", raw.metric, StopRules::Metric::kAccuracy, &plan->stop.metric));
  CAIRN_RETURN_IF_ERROR(
      ReadBool("plan.end_with_clients", raw.end_with_clients, &plan->end_with_clients));
  CAIRN_RETURN_IF_ERROR(ReadBool("plan.want_digest", raw.want_digest, &plan->want_digest));
  CAIRN_RETURN_IF_ERROR(in->String("plan.save_dir", limits::kStringBytesMax, &plan->save_dir));
  CheckpointPlan& checkpoints = plan->checkpoints;
  checkpoints.every_seconds = raw.checkpoint_seconds;
  checkpoints.kept = raw.checkpoints_kept;
  checkpoints.full_every = raw.checkpoints_full_every;
  CAIRN_RETURN_IF_ERROR(ReadBool("plan.checkpoints.resume", raw.resume, &checkpoints.resume));
  return in->String("plan.checkpoints.directory", limits::kStringBytesMax, &checkpoints.directory);
}

}  // namespace cairn
