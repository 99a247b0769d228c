// The seam for models of your own: derive from CustomModel and name it in TrainOptions::models.
// Train, Evaluate and Predict then work with it as with the built-in ones; reading data, shuffling,
// clusters, epochs and saving are not its business. doc/own_models.md shows one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/table.h"
#include "cairn/types.h"

namespace cairn {

// Rows of data, one after the other: row r has the features [offsets[r], offsets[r + 1]), in the
// order of the text; one may come twice. All spans live for the call that they are given to.
struct ModelBatch {
  std::span<const float> labels;      // [rows]
  std::span<const float> weights;     // [rows], or empty: all are 1.
  std::span<const uint32_t> offsets;  // [rows + 1]
  std::span<const Key> keys;          // [features]
  std::span<const float> values;      // [features], or empty: all are 1.
  std::span<const uint16_t> fields;   // [features], or empty: the format has none (libsvm).

  size_t rows() const { return labels.size(); }
  float weight(size_t row) const { return weights.empty() ? 1 : weights[row]; }
  float value(size_t feature) const { return values.empty() ? 1 : values[feature]; }
};

// What a batch has pulled of one table, and the place for its gradients. Of a sparse table, the
// rows of the batch's features, each once; of a dense one, all of it.
struct ModelTable {
  uint32_t width = 1;               // Floats of a row.
  std::span<const uint32_t> index;  // Sparse: [features]: which row is the feature's. Dense: empty.
  std::span<const float> weights;   // Sparse: [rows x width]. Dense: [dense_size].
  std::span<float> gradients;       // As weights; 0s. Empty where nothing is learnt.

  // Sparse: the row of the batch's feature at this position.
  std::span<const float> row(size_t feature) const {
    return weights.subspan(size_t{index[feature]} * width, width);
  }
  std::span<float> gradient(size_t feature) const {
    return gradients.subspan(size_t{index[feature]} * width, width);
  }
};

// Used by one thread at a time. With kBsp, all functions must give the same bits for the same
// arguments, on every machine of the job: steps may be computed twice.
class CustomModel {
 public:
  virtual ~CustomModel() = default;

  enum class Labels : uint8_t {
    kTwoClasses,  // 0 and 1. Validation tells logistic loss, AUC and accuracy.
    kNumbers,     // Any. Validation tells the mean of Loss.
  };
  virtual Labels labels() const = 0;

  // The same ones at every call. A sparse table has rows for all features; its retention is
  // TrainOptions's, if that says anything.
  virtual std::vector<TableSpec> Tables() const = 0;

  // Adds the batch's gradients to `tables`, which are in the order of Tables(), and returns the sum
  // over its rows of the loss, as it was before this step. Both with a factor of weight(row). There
  // is at least one row. A step whose gradients are not finite changes nothing.
  virtual double Learn(const ModelBatch& batch, std::span<const ModelTable> tables) const = 0;

  // Fills scores [rows]. kTwoClasses: the log-odds of label 1, of which Predict makes its
  // probability. kNumbers: what Predict shall say. Labels are whatever the data has, or 0s.
  virtual void Score(const ModelBatch& batch, std::span<const ModelTable> tables,
                     std::span<float> scores) const = 0;

  // kNumbers: the loss of a row with this score, 0 or more. (score - label)^2, if you have nothing
  // else.
  virtual double Loss(float score, float label) const {
    const double error = double{score} - label;
    return error * error;
  }
};

// What a model is made from: the same for all workers of a job, and kept in the saved model.
struct ModelSpec {
  OptimizerSpec optimizer;  // As TrainOptions say; without a learning rate there, 0.3, without a
                            // prior there, 0. For whichever tables the model uses it.
  float base_rate = 0.5f;   // The share of labels above 0 in a sample, above 0, below 1.
  float mean_label = 0;     // In the same sample.
  std::string options;      // TrainOptions::model_options.
};

// Makes a model, or says what is wrong with the spec. Called by several threads at once.
using CustomModelFactory =
    std::function<absl::StatusOr<std::unique_ptr<CustomModel>>(const ModelSpec&)>;

// Models by name, beyond the built-in ones. A name that is built in cannot be replaced.
using CustomModels = std::map<std::string, CustomModelFactory>;

// The program ps_worker, with models of your own: reads the command line, works, returns the exit
// code. For jobs whose workers are processes: TrainOptions::worker_program names yours with
// "local"; with a coordinator's address, start yours where you would start ps_worker.
int WorkerMain(int argc, char** argv, const CustomModels& models);

}  // namespace cairn
