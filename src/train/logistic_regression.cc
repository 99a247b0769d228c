// Logistic regression: one weight a feature in a sparse table, the bias in a dense one.
#include <cmath>
#include <utility>

#include "base/status.h"
#include "kernels/finite.h"
#include "kernels/linear.h"
#include "kernels/losses.h"
#include "train/models.h"

namespace cairn {
namespace {

constexpr size_t kWeights = 0;  // Position among the tables, and in a batch's payload.
constexpr size_t kBias = 1;

class LinearPrepared final : public PreparedBatch {
 public:
  LinearPrepared(RowBatch batch, std::shared_ptr<const KeyCut> weights,
                 std::shared_ptr<const KeyCut> bias)
      : rows(std::move(batch)),
        payload(
            std::make_shared<const PullPayload>(PullPayload{std::move(weights), std::move(bias)})) {
  }

  std::shared_ptr<const PullPayload> pull() const override { return payload; }

  LinearBatch linear() const { return {rows.offsets, (*payload)[kWeights]->inverse, rows.values}; }

  RowBatch rows;
  std::shared_ptr<const PullPayload> payload;
};

class LogisticRegression final : public Model {
 public:
  explicit LogisticRegression(const ModelSettings& settings) {
    OptimizerSpec optimizer;
    optimizer.name = settings.optimizer;
    optimizer.learning_rate = settings.learning_rate;
    optimizer.l1 = settings.l1;
    optimizer.l2 = settings.l2;
    TableSpec weights;
    weights.name = "weights";
    weights.parts = {PartSpec{.width = 1, .optimizer = optimizer}};

    // The bias has no prior, and begins where the base rate puts it.
    optimizer.l1 = optimizer.l2 = 0;
    TableSpec bias;
    bias.name = "bias";
    bias.kind = TableSpec::Kind::kDense;
    bias.dense_size = 1;
    const double rate = settings.base_rate;
    bias.parts = {PartSpec{.width = 1,
                           .optimizer = optimizer,
                           .initializer = {InitializerSpec::Kind::kConstant,
                                           static_cast<float>(std::log(rate / (1 - rate)))}}};
    tables_ = {std::move(weights), std::move(bias)};
    for (uint32_t i = 0; i < tables_.size(); ++i) layouts_.push_back(LayoutOf(tables_[i], i));
  }

  const std::vector<TableSpec>& tables() const override { return tables_; }

  std::unique_ptr<PreparedBatch> Prepare(RowBatch rows, KeyCutter* cutter) const override {
    static constexpr Key kBlock[] = {0};
    auto weights = cutter->Cut(layouts_[kWeights], rows.keys);
    const std::span<const Key> bias_block(kBlock, rows.rows() == 0 ? 0 : 1);
    auto bias = cutter->Cut(layouts_[kBias], bias_block);
    return std::make_unique<LinearPrepared>(std::move(rows), std::move(weights), std::move(bias));
  }

  StepResult Compute(const PreparedBatch& prepared, const std::vector<std::vector<float>>& values,
                     uint64_t epoch, float rate_factor) const override {
    const auto& batch = static_cast<const LinearPrepared&>(prepared);
    auto push = std::make_shared<PushPayload>();
    push->epoch = epoch;
    push->rate_factor = rate_factor;
    push->rows = static_cast<uint32_t>(batch.rows.rows());
    StepResult result;
    result.rows = batch.rows.rows();
    if (result.rows > 0) {
      std::vector<float> margins = Score(prepared, values);
      result.loss_sum =
          LogisticLossAndGradients(margins, batch.rows.labels, batch.rows.weights, margins);
      result.extra_weight = batch.rows.ExtraWeight();
      std::vector<float> gradients((*batch.payload)[kWeights]->unique());
      LinearGradient(batch.linear(), margins, gradients);
      std::vector<float> bias_gradient = {LinearBiasGradient(margins)};
      push->bare = !AllFinite(gradients) || !AllFinite(bias_gradient);
      push->tables = {{(*batch.payload)[kWeights], std::move(gradients)},
                      {(*batch.payload)[kBias], std::move(bias_gradient)}};
    }
    result.push = std::move(push);
    return result;
  }

  std::vector<float> Score(const PreparedBatch& prepared,
                           const std::vector<std::vector<float>>& values) const override {
    const auto& batch = static_cast<const LinearPrepared&>(prepared);
    std::vector<float> margins(batch.rows.rows());
    if (!margins.empty()) {
      LinearForward(batch.linear(), values[kWeights], values[kBias][0], margins);
    }
    return margins;
  }

  const RowBatch& Rows(const PreparedBatch& prepared) const override {
    return static_cast<const LinearPrepared&>(prepared).rows;
  }

 private:
  std::vector<TableSpec> tables_;
  std::vector<TableLayout> layouts_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Model>> MakeLogisticRegression(const ModelSettings& settings) {
  if (!(settings.base_rate > 0 && settings.base_rate < 1)) {
    return InvalidArgument("base rate ", settings.base_rate, " is not between 0 and 1");
  }
  return std::make_unique<LogisticRegression>(settings);
}

}  // namespace cairn
