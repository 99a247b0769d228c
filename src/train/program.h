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

// ModelSettings::gemm: each worker's fastest one; else a GemmMathName, to which a bsp job is
// pinned.
inline constexpr char kAnyGemm[] = "any";

// TrainProgram::device: each worker's own matter, or what all of a job's workers compute on.
inline constexpr char kAnyDevice[] = "any";
inline constexpr char kCpuDevice[] = "cpu";
inline constexpr char kCudaDevice[] = "cuda";  // GPUs, each worker on whichever it has.

// ModelSettings::loss: what is learnt of the labels (kernels/losses.h).
inline constexpr char kLogisticLoss[] = "logistic";  // Two classes.
inline constexpr char kSoftmaxLoss[] = "softmax";    // Classes 0 .. classes - 1.
inline constexpr char kSquaredLoss[] = "squared";    // Any number.
inline constexpr char kOwnLoss[] = "own";            // Likewise, by a CustomModel's own measure.

struct ModelSettings {
  std::string model = "lr";
  std::string optimizer = "adagrad";
  float learning_rate = 0.3f;
  float l1 = 0;
  float l2 = 0;            // Prior per feature.
  float base_rate = 0.5f;  // Share of positive rows: where the bias begins.
  std::string update = kGradientUpdate;
  RetentionSpec retention = {};  // Of the table of features.
  std::string loss = kLogisticLoss;
  uint32_t classes = 0;  // kSoftmaxLoss.
  // kSquaredLoss: what a result of 0 stands for, and how much more one of 1 is. Of a
  // model of a program's own: the first one.
  float label_mean = 0;
  float label_scale = 1;
  std::string hidden = {};  // Units of the layers before the last one: "128,64".
  uint32_t inputs = 0;      // mlp: a row is so many numbers. 0: features with any keys, most of
                            // which a row does not have.
  // mlp with such features, of their weights in the first layer: the deviation at the start, and
  // the learning rate of their AdaGrad. l2 is theirs too.
  float first_scale = 0;
  float first_rate = 0.2f;
  std::string gemm = kAnyGemm;  // The arithmetic of matrix products.

  // "fm", "ffm": of each feature's vectors. The numbers above are those of its weight. "wide_deep",
  // "deepfm": of vectors and weights, but for the priors; the numbers above are those of layers.
  uint32_t dim = 8;
  std::string vector_optimizer = "rowwise_adagrad";
  float vector_learning_rate = 0.3f;
  float vector_l2 = 0;
  float init_scale = 0.1f;  // Standard deviation of a new vector's numbers.
  uint32_t fields = 0;      // ReadSpec::fields of all its data: vectors of a feature in "ffm".

  std::string model_options = {};  // Of a model of a program's own.

  bool operator==(const ModelSettings&) const = default;
};

// What labels such a model learns from, and is scored by.
LabelKind LabelsOf(const ModelSettings& settings);

struct TrainProgram {
  ModelSettings model;
  Schedule schedule;
  DataDefinition train;
  DataDefinition valid;  // Without files: none.
  double bad_rows_share = 0;
  uint32_t steps_at_once = 0;  // StreamRunner::Options; 0: no bound.
  std::string device = kAnyDevice;

  bool operator==(const TrainProgram&) const = default;
};

// Lines of "name value", one entry each. kInvalidArgument: too long for a job, or a path with a
// line break in it.
absl::StatusOr<std::string> EncodeProgram(const TrainProgram& program);
// kInvalidArgument names the line; or as CheckDefinition.
absl::StatusOr<TrainProgram> DecodeProgram(std::string_view text);

}  // namespace cairn
