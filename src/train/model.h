// A model: which tables it keeps, what a batch pulls, and the math on what comes back.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/model.h"
#include "cairn/table.h"
#include "sharding/key_cut.h"
#include "train/program.h"
#include "train/row_batch.h"
#include "train/stream_runner.h"
#include "wire/message.h"
#include "worker/payload.h"

namespace cairn {

class StepDevice;

// What a training step pushes, and what it reports.
struct StepResult {
  std::shared_ptr<const PushPayload> push;
  uint64_t rows = 0;
  double loss_sum = 0;      // Of the rows as they were predicted before this step, weighted.
  double extra_weight = 0;  // As RowBatch::ExtraWeight.
};

// Immutable and thread-safe: the reading threads prepare, the worker's thread computes.
class Model {
 public:
  virtual ~Model() = default;

  virtual const std::vector<TableSpec>& tables() const = 0;
  // Takes the rows over. `cutter` is the calling thread's.
  virtual std::unique_ptr<PreparedBatch> Prepare(RowBatch rows, KeyCutter* cutter) const = 0;
  // `batch` was prepared by this model; `values` as pulled, by table of its payload.
  virtual StepResult Compute(const PreparedBatch& batch,
                             const std::vector<std::vector<float>>& values, uint64_t epoch,
                             float rate_factor) const = 0;
  // The same on a device, within rounding; by kModelsWithDeviceSteps only (train/step_device.h).
  // Errors are StepDevice::Run's; or kUnimplemented: not by this model.
  virtual absl::StatusOr<StepResult> ComputeOn(const PreparedBatch& batch,
                                               const std::vector<std::vector<float>>& values,
                                               uint64_t epoch, float rate_factor,
                                               StepDevice* device) const;
  // What Score gives a row: a margin (log-odds), or as score_kind and scores_per_row say.
  virtual ScoreKind score_kind() const { return ScoreKind::kMargin; }
  virtual size_t scores_per_row() const { return 1; }
  // [rows x scores_per_row()]
  virtual std::vector<float> Score(const PreparedBatch& batch,
                                   const std::vector<std::vector<float>>& values) const = 0;
  // What evaluation is told of rows with these scores.
  virtual ScoredRows ForEvaluation(const RowBatch& rows, std::vector<float> scores) const {
    return {std::move(scores), rows.labels, rows.weights, score_kind()};
  }
  // The rows that the batch was made of.
  virtual const RowBatch& Rows(const PreparedBatch& batch) const = 0;
};

// `own` are the program's, beyond the built-in ones. kInvalidArgument: no such model, or one that
// is there twice, or settings that it does not take.
absl::StatusOr<std::unique_ptr<Model>> MakeModel(const ModelSettings& settings,
                                                 const CustomModels& own = {});

// Whether there is such a model.
bool IsKnown(const std::string& model, const CustomModels& own);

}  // namespace cairn
