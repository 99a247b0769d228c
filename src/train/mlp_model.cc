// The multi-layer perceptron: layers with ReLU, then one result, or one for each class.
#include <algorithm>
#include <utility>

#include "base/status.h"
#include "kernels/bag.h"
#include "kernels/dense_network.h"
#include "kernels/finite.h"
#include "train/label_loss.h"
#include "train/mlp_shape.h"
#include "train/models.h"
#include "train/network_tables.h"
#include "train/step_device.h"

namespace cairn {
namespace {

class MlpPrepared final : public PreparedBatch {
 public:
  MlpPrepared(RowBatch batch, PullPayload payload, std::vector<float> inputs)
      : rows(std::move(batch)),
        payload(std::make_shared<const PullPayload>(std::move(payload))),
        inputs(std::move(inputs)) {}

  std::shared_ptr<const PullPayload> pull() const override { return payload; }
  uint64_t row_count() const override { return rows.rows(); }
  LinearBatch linear() const { return {rows.offsets, (*payload)[0]->inverse, rows.values}; }

  const RowBatch rows;
  const std::shared_ptr<const PullPayload> payload;
  const std::vector<float> inputs;  // Dense: [rows x inputs].
};

// What a step brings, before it is cut into tables.
struct Learnt {
  double loss_sum = 0;
  std::vector<float> first;       // Sparse: of the batch's distinct features.
  std::vector<float> first_bias;  // Sparse.
  NetworkTables::Gradients network;
};

bool IsFinite(const PushPayload& push) {
  return std::all_of(push.tables.begin(), push.tables.end(),
                     [](const TablePush& table) { return AllFinite(table.values); });
}

// With dense inputs, all layers are those of the network. Else the first one is a bag: a sparse
// table with a row of weights for each feature, and its bias; the network is what comes after it.
class Mlp final : public Model {
 public:
  Mlp(const ModelSettings& settings, const std::vector<size_t>& hidden, const GemmKernel* kernel)
      : settings_(settings),
        loss_(settings),
        results_(ResultsOf(settings)),
        width_(hidden[0]),
        network_(NetworkOf(settings, hidden, kernel)) {
    if (is_sparse()) {
      tables_ = {FirstTable(settings, width_),
                 LayerBiasTable("bias_1", width_, NetworkOptimizer(settings), 0)};
      for (uint32_t i = 0; i < 2; ++i) layouts_.push_back(LayoutOf(tables_[i], i));
    }
    tables_.insert(tables_.end(), network_.specs().begin(), network_.specs().end());
  }

  const std::vector<TableSpec>& tables() const override { return tables_; }
  const RowBatch& Rows(const PreparedBatch& prepared) const override { return Of(prepared).rows; }
  ScoreKind score_kind() const override { return loss_.score_kind(); }
  size_t scores_per_row() const override { return results_; }

  std::unique_ptr<PreparedBatch> Prepare(RowBatch rows, KeyCutter* cutter) const override {
    PullPayload payload;
    std::vector<float> inputs;
    if (is_sparse()) {
      static constexpr Key kBlock[] = {0};
      payload.push_back(cutter->Cut(layouts_[0], rows.keys));
      payload.push_back(cutter->Cut(layouts_[1], kBlock));
    } else {
      inputs = Dense(rows);
    }
    network_.AppendCuts(cutter, &payload);
    return std::make_unique<MlpPrepared>(std::move(rows), std::move(payload), std::move(inputs));
  }

  StepResult Compute(const PreparedBatch& prepared, const std::vector<std::vector<float>>& values,
                     uint64_t epoch, float rate_factor) const override {
    const MlpPrepared& batch = Of(prepared);
    Learnt learnt;
    if (batch.rows.rows() > 0) learnt = Learn(batch, values);
    return ResultOf(batch, std::move(learnt), epoch, rate_factor);
  }

  absl::StatusOr<StepResult> ComputeOn(const PreparedBatch& prepared,
                                       const std::vector<std::vector<float>>& values,
                                       uint64_t epoch, float rate_factor,
                                       StepDevice* device) const override {
    const MlpPrepared& batch = Of(prepared);
    Learnt learnt;
    if (batch.rows.rows() > 0) {
      CAIRN_ASSIGN_OR_RETURN(learnt, LearnOn(batch, values, device));
    }
    return ResultOf(batch, std::move(learnt), epoch, rate_factor);
  }

  std::vector<float> Score(const PreparedBatch& prepared,
                           const std::vector<std::vector<float>>& values) const override {
    const MlpPrepared& batch = Of(prepared);
    if (batch.rows.rows() == 0) return {};
    const NetworkTables::Weights weights = network_.Gather(*batch.payload, values);
    DenseNetwork::Pass pass;
    std::vector<float> first;
    Forward(batch, values, weights, &first, &pass);
    return ScoresOf(pass);
  }

 private:
  bool is_sparse() const { return settings_.inputs == 0; }
  static const MlpPrepared& Of(const PreparedBatch& prepared) {
    return static_cast<const MlpPrepared&>(prepared);
  }

  static OptimizerSpec NetworkOptimizer(const ModelSettings& settings) {
    OptimizerSpec optimizer = OptimizerOf(settings);
    optimizer.l1 = optimizer.l2 = 0;
    return optimizer;
  }

  static NetworkTables NetworkOf(const ModelSettings& settings, const std::vector<size_t>& hidden,
                                 const GemmKernel* kernel) {
    const bool sparse = settings.inputs == 0;
    std::vector<size_t> widths = hidden;
    if (!sparse) widths.insert(widths.begin(), settings.inputs);
    widths.push_back(ResultsOf(settings));
    const bool binary = settings.loss == kLogisticLoss;
    return NetworkTables({.widths = std::move(widths),
                          .kernel = kernel,
                          .optimizer = NetworkOptimizer(settings),
                          .result_bias = binary ? StartOfBias(settings.base_rate) : 0,
                          .first_layer = sparse ? 2u : 1u,
                          .first_table = sparse ? 2u : 0u});
  }

  static TableSpec FirstTable(const ModelSettings& settings, size_t width) {
    TableSpec table;
    table.name = "weights_1";
    OptimizerSpec optimizer;
    optimizer.name = "adagrad";
    optimizer.learning_rate = settings.first_rate;
    optimizer.l2 = settings.l2;
    table.parts = {PartSpec{.width = static_cast<uint32_t>(width),
                            .optimizer = optimizer,
                            .initializer = {InitializerSpec::Kind::kNormal, settings.first_scale}}};
    table.retention = settings.retention;
    return table;
  }

  // [rows x inputs]; CheckInputs saw to it that there are no other features.
  std::vector<float> Dense(const RowBatch& rows) const {
    std::vector<float> inputs(rows.rows() * settings_.inputs);
    for (size_t row = 0; row < rows.rows(); ++row) {
      float* const to = inputs.data() + row * settings_.inputs;
      for (size_t i = rows.offsets[row]; i < rows.offsets[row + 1]; ++i) {
        if (rows.keys[i] >= settings_.inputs) continue;
        to[rows.keys[i]] += rows.values.empty() ? 1 : rows.values[i];
      }
    }
    return inputs;
  }

  // `first`: sparse, what comes out of the first layer; the pass points to it.
  void Forward(const MlpPrepared& batch, const std::vector<std::vector<float>>& values,
               const NetworkTables::Weights& weights, std::vector<float>* first,
               DenseNetwork::Pass* pass) const {
    pass->rows = batch.rows.rows();
    pass->inputs = batch.inputs;
    if (is_sparse()) {
      first->resize(pass->rows * width_);
      BagForward({batch.linear(), values[0], values[1], true, *first});
      pass->inputs = *first;
    }
    network_.network().Forward(weights.layers, pass);
  }

  std::vector<float> ScoresOf(const DenseNetwork::Pass& pass) const {
    std::vector<float> scores(pass.result().begin(), pass.result().end());
    loss_.MakeScores(scores);
    return scores;
  }

  // The batch has rows.
  Learnt Learn(const MlpPrepared& batch, const std::vector<std::vector<float>>& values) const {
    const NetworkTables::Weights weights = network_.Gather(*batch.payload, values);
    DenseNetwork::Pass pass;
    std::vector<float> first;
    Forward(batch, values, weights, &first, &pass);
    Learnt learnt;
    std::vector<float> results = ScoresOf(pass);
    learnt.loss_sum = loss_.MakeGradients(batch.rows, results);
    learnt.network = network_.MakeGradients();
    std::vector<float> below(first.size());
    network_.network().Backward(weights.layers, results, learnt.network.layers, below, &pass);
    if (!is_sparse()) return learnt;
    ReluGradient(first, below);
    learnt.first_bias.resize(width_);
    ColumnSums(below, learnt.first_bias);
    learnt.first.resize((*batch.payload)[0]->unique() * width_);
    BagGradient(batch.linear(), width_, below, learnt.first);
    return learnt;
  }

  // The same on a device.
  absl::StatusOr<Learnt> LearnOn(const MlpPrepared& batch,
                                 const std::vector<std::vector<float>>& values,
                                 StepDevice* device) const {
    const NetworkTables::Weights weights = network_.Gather(*batch.payload, values);
    Learnt learnt;
    learnt.network = network_.MakeGradients();
    NetworkStep step;
    step.rows = {{}, batch.rows.labels, batch.rows.weights};
    step.layers = weights.layers;
    step.loss = loss_.ForStep();
    step.gradients = learnt.network.layers;
    if (is_sparse()) {
      learnt.first.resize((*batch.payload)[0]->unique() * width_);
      learnt.first_bias.resize(width_);
      step.rows.batch = batch.linear();
      step.first = values[0];
      step.first_bias = values[1];
      step.first_gradient = learnt.first;
      step.first_bias_gradient = learnt.first_bias;
    } else {
      step.inputs = batch.inputs;
    }
    CAIRN_ASSIGN_OR_RETURN(const StepOutcome outcome, device->Run(step));
    learnt.loss_sum = outcome.loss;
    return learnt;
  }

  // `learnt` means nothing if the batch has no rows.
  StepResult ResultOf(const MlpPrepared& batch, Learnt learnt, uint64_t epoch,
                      float rate_factor) const {
    auto push = std::make_shared<PushPayload>();
    push->epoch = epoch;
    push->rate_factor = rate_factor;
    push->rows = static_cast<uint32_t>(batch.rows.rows());
    StepResult result;
    result.rows = batch.rows.rows();
    if (result.rows > 0) {
      result.loss_sum = learnt.loss_sum;
      result.extra_weight = batch.rows.ExtraWeight();
      if (is_sparse()) {
        push->tables = {{(*batch.payload)[0], std::move(learnt.first)},
                        {(*batch.payload)[1], std::move(learnt.first_bias)}};
      }
      network_.AppendTo(*batch.payload, learnt.network, push.get());
      push->bare = !IsFinite(*push);
    }
    result.push = std::move(push);
    return result;
  }

  const ModelSettings settings_;
  const LabelLoss loss_;
  const size_t results_;
  const size_t width_;  // Of the first hidden layer.
  const NetworkTables network_;
  std::vector<TableSpec> tables_;
  std::vector<TableLayout> layouts_;  // Sparse: of the first two.
};

}  // namespace

absl::StatusOr<std::unique_ptr<Model>> MakeMlp(const ModelSettings& settings) {
  CAIRN_RETURN_IF_ERROR(CheckLayers(settings));
  if (!(settings.base_rate > 0 && settings.base_rate < 1)) {
    return InvalidArgument("base rate ", settings.base_rate, " is not between 0 and 1");
  }
  if (settings.inputs > 0 && settings.retention != RetentionSpec{}) {
    return InvalidArgument(
        "admission, expiry and a budget are for features, and these inputs are dense: each "
        "has its weights from the start");
  }
  CAIRN_ASSIGN_OR_RETURN(const GemmKernel* kernel, GemmKernelOf(settings));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<size_t> hidden, ParseHidden(settings.hidden));
  return std::make_unique<Mlp>(settings, hidden, kernel);
}

}  // namespace cairn
