// What linear models have in common: a row of numbers for each feature in a sparse table, those of
// the bias in a dense one, and what of both a batch touches.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "kernels/device_step.h"
#include "kernels/linear.h"
#include "train/model.h"

namespace cairn {

class LinearPrepared final : public PreparedBatch {
 public:
  LinearPrepared(RowBatch batch, std::shared_ptr<const KeyCut> features,
                 std::shared_ptr<const KeyCut> bias);

  std::shared_ptr<const PullPayload> pull() const override { return payload_; }
  uint64_t row_count() const override { return rows_.rows(); }
  const RowBatch& rows() const { return rows_; }
  LinearBatch linear() const { return {rows_.offsets, features()->inverse, rows_.values}; }
  const std::shared_ptr<const KeyCut>& features() const { return (*payload_)[0]; }
  const std::shared_ptr<const KeyCut>& bias() const { return (*payload_)[1]; }

 private:
  RowBatch rows_;
  std::shared_ptr<const PullPayload> payload_;
};

class LinearModel : public Model {
 public:
  // Positions among the tables, in a batch's payload and in what is pulled for it.
  static constexpr size_t kFeatures = 0;
  static constexpr size_t kBias = 1;

  const std::vector<TableSpec>& tables() const final { return tables_; }
  std::unique_ptr<PreparedBatch> Prepare(RowBatch rows, KeyCutter* cutter) const final;
  const RowBatch& Rows(const PreparedBatch& prepared) const final { return Of(prepared).rows(); }
  StepResult Compute(const PreparedBatch& prepared, const std::vector<std::vector<float>>& values,
                     uint64_t epoch, float rate_factor) const final;
  absl::StatusOr<StepResult> ComputeOn(const PreparedBatch& prepared,
                                       const std::vector<std::vector<float>>& values,
                                       uint64_t epoch, float rate_factor,
                                       StepDevice* device) const final;

 protected:
  LinearModel(TableSpec features, TableSpec bias);
  static const LinearPrepared& Of(const PreparedBatch& prepared);

  // What a step brings to the rows of the batch's features and to the bias's.
  struct Change {
    double loss_sum = 0;  // As StepResult's.
    std::vector<float> features;
    std::vector<float> bias;
  };
  // The batch has rows.
  virtual Change Learn(const LinearPrepared& batch, const std::vector<std::vector<float>>& values,
                       uint64_t epoch, float rate_factor) const = 0;
  // What it is to a device, as in FactorStep; nothing: no model for that.
  struct Factors {
    size_t dim = 0;
    StepLoss loss;
  };
  virtual std::optional<Factors> factors() const { return std::nullopt; }

 private:
  absl::StatusOr<Change> LearnOn(const LinearPrepared& batch,
                                 const std::vector<std::vector<float>>& values,
                                 const Factors& factors, StepDevice* device) const;
  StepResult ResultOf(const LinearPrepared& batch, Change change, uint64_t epoch,
                      float rate_factor) const;

  std::vector<TableSpec> tables_;
  std::vector<TableLayout> layouts_;
};

}  // namespace cairn
