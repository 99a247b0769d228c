#include "train/custom_model.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/status.h"
#include "kernels/finite.h"
#include "train/models.h"

namespace cairn {
namespace {

class CustomPrepared final : public PreparedBatch {
 public:
  CustomPrepared(RowBatch batch, PullPayload payload)
      : rows(std::move(batch)), payload(std::make_shared<const PullPayload>(std::move(payload))) {}

  std::shared_ptr<const PullPayload> pull() const override { return payload; }
  uint64_t row_count() const override { return rows.rows(); }
  ModelBatch batch() const {
    return {rows.labels, rows.weights, rows.offsets, rows.keys, rows.values, rows.fields};
  }

  const RowBatch rows;
  const std::shared_ptr<const PullPayload> payload;
};

bool IsDense(const TableSpec& table) { return table.kind == TableSpec::Kind::kDense; }

// Blocks of a dense table, as they were pulled, one after the other; the last may be partly used.
std::vector<float> InOrder(const TableSpec& table, const KeyCut& cut,
                           std::span<const float> pulled) {
  std::vector<float> floats;
  floats.reserve(pulled.size());
  for (const uint32_t block : cut.inverse) {
    const std::span<const float> from = pulled.subspan(size_t{block} * cut.width, cut.width);
    floats.insert(floats.end(), from.begin(), from.end());
  }
  floats.resize(table.dense_size);
  return floats;
}

// The way back.
std::vector<float> AsPulled(const KeyCut& cut, std::vector<float> floats) {
  floats.resize(cut.inverse.size() * cut.width);
  std::vector<float> blocks(floats.size());
  for (size_t i = 0; i < cut.inverse.size(); ++i) {
    std::copy_n(floats.begin() + static_cast<ptrdiff_t>(i * cut.width), cut.width,
                blocks.begin() + static_cast<ptrdiff_t>(size_t{cut.inverse[i]} * cut.width));
  }
  return blocks;
}

class CustomModelAdapter final : public Model {
 public:
  CustomModelAdapter(std::unique_ptr<CustomModel> own, const RetentionSpec& retention)
      : own_(std::move(own)), tables_(own_->Tables()) {
    for (uint32_t i = 0; i < tables_.size(); ++i) {
      if (!IsDense(tables_[i]) && retention != RetentionSpec{}) tables_[i].retention = retention;
      layouts_.push_back(LayoutOf(tables_[i], i));
      blocks_.emplace_back(tables_[i].blocks());
      std::iota(blocks_.back().begin(), blocks_.back().end(), 0);
    }
  }

  const std::vector<TableSpec>& tables() const override { return tables_; }
  const RowBatch& Rows(const PreparedBatch& batch) const override { return Of(batch).rows; }
  ScoreKind score_kind() const override {
    return has_classes() ? ScoreKind::kMargin : ScoreKind::kValue;
  }

  std::unique_ptr<PreparedBatch> Prepare(RowBatch rows, KeyCutter* cutter) const override {
    PullPayload payload;
    const bool is_empty = rows.rows() == 0;
    for (size_t i = 0; i < tables_.size(); ++i) {
      const std::span<const Key> keys = IsDense(tables_[i]) ? blocks_[i] : rows.keys;
      payload.push_back(cutter->Cut(layouts_[i], is_empty ? std::span<const Key>() : keys));
    }
    return std::make_unique<CustomPrepared>(std::move(rows), std::move(payload));
  }

  StepResult Compute(const PreparedBatch& prepared, const std::vector<std::vector<float>>& values,
                     uint64_t epoch, float rate_factor) const override {
    const CustomPrepared& batch = Of(prepared);
    auto push = std::make_shared<PushPayload>();
    push->epoch = epoch;
    push->rate_factor = rate_factor;
    push->rows = static_cast<uint32_t>(batch.rows.rows());
    StepResult result;
    result.rows = batch.rows.rows();
    if (result.rows > 0) {
      Views views = ViewsOf(batch, values);
      for (ModelTable& table : views.tables) {
        table.gradients = views.gradients.emplace_back(table.weights.size());
      }
      result.loss_sum = own_->Learn(batch.batch(), views.tables);
      result.extra_weight = batch.rows.ExtraWeight();
      AddGradients(batch, std::move(views.gradients), push.get());
    }
    result.push = std::move(push);
    return result;
  }

  std::vector<float> Score(const PreparedBatch& prepared,
                           const std::vector<std::vector<float>>& values) const override {
    const CustomPrepared& batch = Of(prepared);
    std::vector<float> scores(batch.rows.rows());
    if (!scores.empty()) own_->Score(batch.batch(), ViewsOf(batch, values).tables, scores);
    return scores;
  }

  // Evaluation knows squared errors: the root of a loss, where 0 would have been right, is the
  // loss.
  ScoredRows ForEvaluation(const RowBatch& rows, std::vector<float> scores) const override {
    if (has_classes()) return Model::ForEvaluation(rows, std::move(scores));
    for (size_t i = 0; i < scores.size(); ++i) {
      scores[i] = static_cast<float>(std::sqrt(own_->Loss(scores[i], rows.labels[i])));
    }
    return {std::move(scores), std::vector<float>(rows.rows()), rows.weights, ScoreKind::kValue};
  }

 private:
  struct Views {
    std::vector<ModelTable> tables;  // Into what follows, and what was pulled.
    std::vector<std::vector<float>> dense;
    std::vector<std::vector<float>> gradients;
  };

  static const CustomPrepared& Of(const PreparedBatch& prepared) {
    return static_cast<const CustomPrepared&>(prepared);
  }
  bool has_classes() const { return own_->labels() == CustomModel::Labels::kTwoClasses; }

  // Without gradients.
  Views ViewsOf(const CustomPrepared& batch, const std::vector<std::vector<float>>& values) const {
    Views views;
    for (size_t i = 0; i < tables_.size(); ++i) {
      const KeyCut& cut = *(*batch.payload)[i];
      ModelTable& table = views.tables.emplace_back();
      table.width = cut.width;
      table.weights = values[i];
      if (IsDense(tables_[i])) {
        table.weights = views.dense.emplace_back(InOrder(tables_[i], cut, values[i]));
      } else {
        table.index = cut.inverse;
      }
    }
    return views;
  }

  void AddGradients(const CustomPrepared& batch, std::vector<std::vector<float>> gradients,
                    PushPayload* push) const {
    for (size_t i = 0; i < tables_.size(); ++i) {
      const std::shared_ptr<const KeyCut>& cut = (*batch.payload)[i];
      push->bare = push->bare || !AllFinite(gradients[i]);
      push->tables.push_back({cut, IsDense(tables_[i]) ? AsPulled(*cut, std::move(gradients[i]))
                                                       : std::move(gradients[i])});
    }
  }

  const std::unique_ptr<const CustomModel> own_;
  std::vector<TableSpec> tables_;
  std::vector<TableLayout> layouts_;
  std::vector<std::vector<Key>> blocks_;  // 0, 1, ... of each dense table.
};

}  // namespace

ModelSpec SpecOf(const ModelSettings& settings) {
  return {OptimizerOf(settings), settings.base_rate, settings.label_mean, settings.model_options};
}

absl::StatusOr<std::unique_ptr<Model>> MakeCustomModel(const ModelSettings& settings,
                                                       const CustomModelFactory& factory) {
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<CustomModel> own, factory(SpecOf(settings)));
  if (own == nullptr) return InvalidArgument("the factory has made no model");
  for (const TableSpec& table : own->Tables()) CAIRN_RETURN_IF_ERROR(CheckTable(table));
  return std::make_unique<CustomModelAdapter>(std::move(own), settings.retention);
}

}  // namespace cairn
