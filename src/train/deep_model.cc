// A network beside a linear model (Cheng et al. 2016, Wide & Deep) or beside a factorization
// machine (Guo et al. 2017, DeepFM): what they give a row is added up.
#include <algorithm>
#include <utility>

#include "base/status.h"
#include "kernels/factorization.h"
#include "kernels/field_bag.h"
#include "kernels/finite.h"
#include "kernels/linear.h"
#include "train/label_loss.h"
#include "train/mlp_shape.h"
#include "train/models.h"
#include "train/network_tables.h"

namespace cairn {
namespace {

// Positions among the tables, in a batch's payload and in what is pulled for it; then the network.
constexpr size_t kFeatures = 0;
constexpr size_t kBias = 1;
constexpr size_t kNetwork = 2;

class DeepPrepared final : public PreparedBatch {
 public:
  DeepPrepared(RowBatch batch, PullPayload payload)
      : rows(std::move(batch)), payload(std::make_shared<const PullPayload>(std::move(payload))) {}

  std::shared_ptr<const PullPayload> pull() const override { return payload; }
  uint64_t row_count() const override { return rows.rows(); }
  LinearBatch linear() const { return {rows.offsets, (*payload)[kFeatures]->inverse, rows.values}; }

  const RowBatch rows;
  const std::shared_ptr<const PullPayload> payload;
};

// What fm's settings would be: of weights, vectors and the bias.
ModelSettings BesideNetwork(ModelSettings settings) {
  const bool by_row = settings.vector_optimizer == "rowwise_adagrad";
  settings.optimizer = by_row ? "adagrad" : settings.vector_optimizer;  // Equal for one number.
  settings.learning_rate = settings.vector_learning_rate;
  if (settings.loss != kLogisticLoss) settings.base_rate = 0.5f;  // The bias begins at 0.
  return settings;
}

NetworkTables NetworkOf(const ModelSettings& settings, std::vector<size_t> widths,
                        const GemmKernel* kernel) {
  widths.insert(widths.begin(), InputsOf(settings));
  widths.push_back(1);
  return NetworkTables({.widths = std::move(widths),
                        .kernel = kernel,
                        .optimizer = OptimizerOf(settings),
                        .first_table = kNetwork});
}

// A step on its way forward. It may be moved, not copied: parts of it point into others.
struct Pass {
  std::vector<float> results;  // [rows]
  std::vector<float> sums;     // Of the pairs, FactorizationForward's.
  std::vector<float> inputs;   // Of the network, [rows x fields x dim].
  NetworkTables::Weights weights;
  DenseNetwork::Pass network;
};

class DeepModel final : public Model {
 public:
  DeepModel(const ModelSettings& settings, const std::vector<size_t>& hidden,
            const GemmKernel* kernel)
      : settings_(settings),
        loss_(settings),
        has_pairs_(settings.model == "deepfm"),
        dim_(settings.dim),
        network_(NetworkOf(settings, hidden, kernel)),
        tables_({VectorTable(BesideNetwork(settings), settings.dim),
                 BiasTable(BesideNetwork(settings))}) {
    for (uint32_t i = 0; i < kNetwork; ++i) layouts_.push_back(LayoutOf(tables_[i], i));
    tables_.insert(tables_.end(), network_.specs().begin(), network_.specs().end());
  }

  const std::vector<TableSpec>& tables() const override { return tables_; }
  const RowBatch& Rows(const PreparedBatch& prepared) const override { return Of(prepared).rows; }
  ScoreKind score_kind() const override { return loss_.score_kind(); }

  std::unique_ptr<PreparedBatch> Prepare(RowBatch rows, KeyCutter* cutter) const override {
    static constexpr Key kBlock[] = {0};
    PullPayload payload = {cutter->Cut(layouts_[kFeatures], rows.keys),
                           cutter->Cut(layouts_[kBias], kBlock)};
    network_.AppendCuts(cutter, &payload);
    return std::make_unique<DeepPrepared>(std::move(rows), std::move(payload));
  }

  StepResult Compute(const PreparedBatch& prepared, const std::vector<std::vector<float>>& values,
                     uint64_t epoch, float rate_factor) const override {
    const DeepPrepared& batch = Of(prepared);
    auto push = std::make_shared<PushPayload>();
    push->epoch = epoch;
    push->rate_factor = rate_factor;
    push->rows = static_cast<uint32_t>(batch.rows.rows());
    StepResult result;
    result.rows = batch.rows.rows();
    if (result.rows > 0) {
      result.loss_sum = Learn(batch, values, push.get());
      result.extra_weight = batch.rows.ExtraWeight();
      push->bare = !std::all_of(push->tables.begin(), push->tables.end(),
                                [](const TablePush& table) { return AllFinite(table.values); });
    }
    result.push = std::move(push);
    return result;
  }

  std::vector<float> Score(const PreparedBatch& prepared,
                           const std::vector<std::vector<float>>& values) const override {
    const DeepPrepared& batch = Of(prepared);
    if (batch.rows.rows() == 0) return {};
    Pass pass = Forward(batch, values);
    loss_.MakeScores(pass.results);
    return std::move(pass.results);
  }

 private:
  static const DeepPrepared& Of(const PreparedBatch& prepared) {
    return static_cast<const DeepPrepared&>(prepared);
  }
  FieldBags ByField(const DeepPrepared& batch) const {
    return {batch.linear(), batch.rows.fields, FieldsOf(settings_)};
  }

  // The weights alone, of rows that have vectors behind them.
  std::vector<float> WeightsOf(std::span<const float> rows) const {
    std::vector<float> weights(rows.size() / (dim_ + 1));
    for (size_t i = 0; i < weights.size(); ++i) weights[i] = rows[i * (dim_ + 1)];
    return weights;
  }

  // The batch has rows.
  Pass Forward(const DeepPrepared& batch, const std::vector<std::vector<float>>& values) const {
    const std::vector<float>& features = values[kFeatures];
    const float bias = values[kBias][0];
    Pass pass;
    pass.results.resize(batch.rows.rows());
    if (has_pairs_) {
      pass.sums.resize(pass.results.size() * dim_);
      FactorizationForward(batch.linear(), {features, dim_}, bias, pass.results, pass.sums);
    } else {
      LinearForward(batch.linear(), WeightsOf(features), bias, pass.results);
    }
    pass.inputs.resize(pass.results.size() * InputsOf(settings_));
    FieldBagForward(ByField(batch), {features, dim_}, pass.inputs);
    pass.weights = network_.Gather(*batch.payload, values);
    pass.network.rows = pass.results.size();
    pass.network.inputs = pass.inputs;
    network_.network().Forward(pass.weights.layers, &pass.network);
    for (size_t i = 0; i < pass.results.size(); ++i) pass.results[i] += pass.network.result()[i];
    return pass;
  }

  // Of weights, and of vectors if they have pairs; else 0.
  std::vector<float> ShallowGradient(const DeepPrepared& batch, std::span<const float> features,
                                     const Pass& pass, std::span<const float> slopes) const {
    std::vector<float> gradients(features.size());
    if (has_pairs_) {
      FactorizationGradient(batch.linear(), {features, dim_}, pass.sums, slopes, gradients);
      return gradients;
    }
    std::vector<float> weights(features.size() / (dim_ + 1));
    LinearGradient(batch.linear(), slopes, weights);
    for (size_t i = 0; i < weights.size(); ++i) gradients[i * (dim_ + 1)] = weights[i];
    return gradients;
  }

  // Returns the loss of the batch, which has rows.
  double Learn(const DeepPrepared& batch, const std::vector<std::vector<float>>& values,
               PushPayload* push) const {
    Pass pass = Forward(batch, values);
    loss_.MakeScores(pass.results);
    const double loss = loss_.MakeGradients(batch.rows, pass.results);
    const std::span<const float> slopes = pass.results;
    std::vector<float> features = ShallowGradient(batch, values[kFeatures], pass, slopes);
    NetworkTables::Gradients network = network_.MakeGradients();
    std::vector<float> below(pass.inputs.size());
    network_.network().Backward(pass.weights.layers, slopes, network.layers, below, &pass.network);
    FieldBagGradient(ByField(batch), dim_, below, features);
    push->tables = {{(*batch.payload)[kFeatures], std::move(features)},
                    {(*batch.payload)[kBias], {LinearBiasGradient(slopes)}}};
    network_.AppendTo(*batch.payload, network, push);
    return loss;
  }

  const ModelSettings settings_;
  const LabelLoss loss_;
  const bool has_pairs_;
  const uint32_t dim_;
  const NetworkTables network_;
  std::vector<TableSpec> tables_;
  std::vector<TableLayout> layouts_;  // Of the features and the bias.
};

}  // namespace

absl::StatusOr<std::unique_ptr<Model>> MakeDeepModel(const ModelSettings& settings) {
  CAIRN_RETURN_IF_ERROR(CheckLayers(settings));
  CAIRN_RETURN_IF_ERROR(CheckVectorSettings(settings));
  CAIRN_ASSIGN_OR_RETURN(const GemmKernel* kernel, GemmKernelOf(settings));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<size_t> hidden, ParseHidden(settings.hidden));
  return std::make_unique<DeepModel>(settings, hidden, kernel);
}

}  // namespace cairn
