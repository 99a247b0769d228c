// CheckTable and CheckJob: what a coordinator refuses before a job exists. The two are declared in
// include/cairn, next to the structs that they check.
#include <bit>
#include <cmath>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/units.h"
#include "cairn/job.h"
#include "cairn/table.h"
#include "wire/job_codec.h"
#include "wire/limits.h"

namespace cairn {
namespace {

absl::Status CheckRange(std::string_view field, uint64_t value, uint64_t least, uint64_t most) {
  if (least <= value && value <= most) return absl::OkStatus();
  return InvalidArgument(field, " is ", HumanCount(value), ", legal: ", HumanCount(least), " to ",
                         HumanCount(most));
}

absl::Status CheckBytes(std::string_view field, const std::string& text, size_t least,
                        size_t most) {
  if (least <= text.size() && text.size() <= most) return absl::OkStatus();
  return InvalidArgument(field, " has ", HumanCount(text.size()),
                         " bytes, legal: ", HumanCount(least), " to ", HumanCount(most));
}

absl::Status CheckNotNegative(std::string_view field, float value) {
  if (std::isfinite(value) && value >= 0) return absl::OkStatus();
  return InvalidArgument(field, " is ", value, ", legal: 0 or more, finite");
}

absl::Status CheckDecay(std::string_view field, float value) {
  if (value >= 0 && value < 1) return absl::OkStatus();  // False for NaN.
  return InvalidArgument(field, " is ", value, ", legal: 0 or more, below 1");
}

// In the range of what an enum names: values from outside may be anything.
template <typename Enum>
absl::Status CheckEnum(std::string_view field, Enum value, Enum last) {
  return CheckRange(field, static_cast<uint64_t>(value), 0, static_cast<uint64_t>(last));
}

absl::Status CheckTableName(const std::string& name) {
  CAIRN_RETURN_IF_ERROR(CheckBytes("name", name, 1, limits::kTableNameBytesMax));
  constexpr std::string_view kLegal = "abcdefghijklmnopqrstuvwxyz0123456789_";
  const size_t bad = name.find_first_not_of(kLegal);
  if (bad == std::string::npos) return absl::OkStatus();
  return InvalidArgument("name has an illegal character at position ", bad, ", legal: a-z, 0-9, _");
}

absl::Status CheckOptimizer(const OptimizerSpec& optimizer) {
  CAIRN_RETURN_IF_ERROR(CheckBytes("name", optimizer.name, 1, limits::kStringBytesMax));
  CAIRN_RETURN_IF_ERROR(CheckNotNegative("learning_rate", optimizer.learning_rate));
  CAIRN_RETURN_IF_ERROR(CheckNotNegative("l1", optimizer.l1));
  CAIRN_RETURN_IF_ERROR(CheckNotNegative("l2", optimizer.l2));
  CAIRN_RETURN_IF_ERROR(CheckDecay("beta1", optimizer.beta1));
  CAIRN_RETURN_IF_ERROR(CheckDecay("beta2", optimizer.beta2));
  CAIRN_RETURN_IF_ERROR(CheckNotNegative("beta", optimizer.beta));
  CAIRN_RETURN_IF_ERROR(CheckNotNegative("epsilon", optimizer.epsilon));
  return CheckNotNegative("initial_accumulator", optimizer.initial_accumulator);
}

absl::Status CheckInitializer(const InitializerSpec& initializer) {
  using Kind = InitializerSpec::Kind;
  CAIRN_RETURN_IF_ERROR(CheckEnum("kind", initializer.kind, Kind::kNormal));
  if (initializer.kind == Kind::kNormal) return CheckNotNegative("scale", initializer.scale);
  if (std::isfinite(initializer.scale)) return absl::OkStatus();
  return InvalidArgument("scale is ", initializer.scale, ", legal: finite");
}

absl::Status CheckPart(const PartSpec& part) {
  CAIRN_RETURN_IF_ERROR(CheckRange("width", part.width, 1, limits::kRowFloatsMax));
  CAIRN_RETURN_IF_ERROR(Annotate(CheckOptimizer(part.optimizer), "optimizer"));
  return Annotate(CheckInitializer(part.initializer), "initializer");
}

absl::Status CheckParts(const TableSpec& table) {
  CAIRN_RETURN_IF_ERROR(CheckRange("number of parts", table.parts.size(), 1, limits::kPartsMax));
  uint64_t width = 0;
  for (size_t i = 0; i < table.parts.size(); ++i) {
    CAIRN_RETURN_IF_ERROR(Annotate(CheckPart(table.parts[i]), "part ", i));
    width += table.parts[i].width;
  }
  return CheckRange("width of all parts", width, 1, limits::kRowFloatsMax);
}

absl::Status CheckSize(const TableSpec& table) {
  if (table.kind == TableSpec::Kind::kSparse) {
    return CheckRange("dense_size of a sparse table", table.dense_size, 0, 0);
  }
  CAIRN_RETURN_IF_ERROR(CheckRange("number of parts of a dense table", table.parts.size(), 1, 1));
  return CheckRange("dense_size", table.dense_size, 1, limits::kDenseFloatsMax);
}

absl::Status CheckRetention(const TableSpec& table) {
  const RetentionSpec& retention = table.retention;
  if (table.kind == TableSpec::Kind::kDense && retention != RetentionSpec{}) {
    return InvalidArgument("a dense table has all its rows from the start, and keeps them");
  }
  CAIRN_RETURN_IF_ERROR(
      CheckRange("admit_count", retention.admit_count, 1, limits::kAdmitCountMax));
  const float chance = retention.admit_probability;
  if (!(chance > 0 && chance <= 1)) {
    return InvalidArgument("admit_probability is ", chance, ", legal: above 0, at most 1");
  }
  if (retention.admit_count > 1 && chance < 1) {
    return InvalidArgument("admit_count is ", retention.admit_count, " and admit_probability ",
                           chance, ", legal: one of the two");
  }
  CAIRN_RETURN_IF_ERROR(CheckRange("sketch_bytes", retention.sketch_bytes, limits::kSketchBytesMin,
                                   limits::kSketchBytesMax));
  if (!std::has_single_bit(retention.sketch_bytes)) {
    return InvalidArgument("sketch_bytes is ", HumanCount(retention.sketch_bytes),
                           ", legal: a power of two");
  }
  CAIRN_RETURN_IF_ERROR(
      CheckRange("expire_steps", retention.expire_steps, 0, limits::kExpireStepsMax));
  CAIRN_RETURN_IF_ERROR(CheckNotNegative("expire_below", retention.expire_below));
  if (retention.expire_below > 0 && retention.expire_steps == 0) {
    return InvalidArgument("expire_below is ", retention.expire_below,
                           ", but expire_steps is 0: rows never expire");
  }
  return CheckRange("bytes_max", retention.bytes_max, 0, limits::kTableBytesMax);
}

absl::Status CheckMode(const ConsistencyMode& mode, uint32_t streams) {
  CAIRN_RETURN_IF_ERROR(CheckEnum("consistency", mode.consistency, Consistency::kBsp));
  const bool ssp = mode.consistency == Consistency::kSsp;
  CAIRN_RETURN_IF_ERROR(CheckRange(ssp ? "staleness" : "staleness without ssp", mode.staleness, 0,
                                   ssp ? limits::kStalenessMax : 0));
  if (mode.consistency == Consistency::kAsp) return absl::OkStatus();
  return CheckRange("streams", streams, 1, limits::kFixedStreamsMax);
}

absl::Status CheckWireValues(const JobSpec& job) {
  CAIRN_RETURN_IF_ERROR(CheckEnum("wire_values", job.wire_values, WireValues::kBf16F8));
  if (job.wire_values == WireValues::kF32) return absl::OkStatus();
  if (job.mode.consistency == Consistency::kBsp) {
    return InvalidArgument(
        "wire_values is not f32, but bsp promises a model that is the same to the last bit: take "
        "asp or ssp, or f32");
  }
  return absl::OkStatus();
}

absl::Status CheckTables(const std::vector<TableSpec>& tables) {
  CAIRN_RETURN_IF_ERROR(CheckRange("number of tables", tables.size(), 1, limits::kTablesMax));
  std::set<std::string_view> names;
  for (size_t i = 0; i < tables.size(); ++i) {
    CAIRN_RETURN_IF_ERROR(Annotate(CheckTable(tables[i]), "table ", i));
    if (!names.insert(tables[i].name).second) {
      return InvalidArgument("table ", i, ": name \"", tables[i].name,
                             "\" is that of an earlier table, legal: one of its own");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTable(const TableSpec& table) {
  CAIRN_RETURN_IF_ERROR(CheckTableName(table.name));
  CAIRN_RETURN_IF_ERROR(CheckEnum("kind", table.kind, TableSpec::Kind::kDense));
  CAIRN_RETURN_IF_ERROR(CheckParts(table));
  CAIRN_RETURN_IF_ERROR(CheckSize(table));
  CAIRN_RETURN_IF_ERROR(Annotate(CheckRetention(table), "retention"));
  return CheckEnum("reduction", table.reduction, TableSpec::Reduction::kMean);
}

absl::Status CheckJob(const JobSpec& job) {
  CAIRN_RETURN_IF_ERROR(CheckBytes("name", job.name, 1, limits::kStringBytesMax));
  CAIRN_RETURN_IF_ERROR(CheckRange("partitions", job.partitions, 1, limits::kPartitionsMax));
  if (!std::has_single_bit(job.partitions)) {
    return InvalidArgument("partitions is ", HumanCount(job.partitions),
                           ", legal: a power of two, 1 to ", HumanCount(limits::kPartitionsMax));
  }
  CAIRN_RETURN_IF_ERROR(CheckMode(job.mode, job.streams));
  CAIRN_RETURN_IF_ERROR(CheckWireValues(job));
  CAIRN_RETURN_IF_ERROR(CheckTables(job.tables));
  CAIRN_RETURN_IF_ERROR(CheckBytes("init_dir", job.init_dir, 0, limits::kStringBytesMax));
  CAIRN_RETURN_IF_ERROR(CheckBytes("program", job.program, 0, limits::kProgramBytesMax));
  // A job travels whole, in one message.
  std::vector<std::byte> encoded;
  ByteWriter out(&encoded);
  WriteJob(job, &out);
  return CheckRange("number of bytes of the job as a message", encoded.size(), 0,
                    limits::kJobBytesMax);
}

}  // namespace cairn
