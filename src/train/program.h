// What the trainer's workers are to do: the content of JobSpec::program, and what a saved model
// remembers of its training.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/table.h"
#include "sharding/schedule.h"
#include "train/chunks.h"

namespace cairn {

// ModelSettings::update: who takes the optimizer's steps, and how often (doc/optimizers.md).
inline constexpr char kGradientUpdate[] = "gradient";      // A server, once for a batch.
inline constexpr char kSequentialUpdate[] = "sequential";  // The worker, for row after row.

struct ModelSettings {
  std::string model = "lr";
  std::string optimizer = "adagrad";
  float learning_rate = 0.3f;
  float l1 = 0;
  float l2 = 0;            // Prior per feature.
  float base_rate = 0.5f;  // Share of positive rows: where the bias begins.
  std::string update = kGradientUpdate;
  RetentionSpec retention = {};  // Of the table of features.

  // "fm": of each feature's vector. The numbers above are those of its weight.
  uint32_t dim = 8;
  std::string vector_optimizer = "rowwise_adagrad";
  float vector_learning_rate = 0.3f;
  float vector_l2 = 0;
  float init_scale = 0.1f;  // Standard deviation of a new vector's numbers.

  bool operator==(const ModelSettings&) const = default;
};

struct TrainProgram {
  ModelSettings model;
  Schedule schedule;
  DataDefinition train;
  DataDefinition valid;  // Without files: none.
  double bad_rows_share = 0;
  uint32_t steps_at_once = 0;  // StreamRunner::Options; 0: no bound.

  bool operator==(const TrainProgram&) const = default;
};

// Lines of "name value", one entry each. kInvalidArgument: too long for a job, or a path with a
// line break in it.
absl::StatusOr<std::string> EncodeProgram(const TrainProgram& program);
// kInvalidArgument names the line; or as CheckDefinition.
absl::StatusOr<TrainProgram> DecodeProgram(std::string_view text);

}  // namespace cairn
