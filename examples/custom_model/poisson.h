// A model of its own: Poisson regression, for counts. The logarithm of the mean count is linear in
// the features.
#pragma once

#include <cairn/model.h>

#include <cmath>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

class Poisson final : public cairn::CustomModel {
 public:
  explicit Poisson(const cairn::ModelSpec& spec) : spec_(spec) {}

  Labels labels() const override { return Labels::kNumbers; }

  // A weight for each feature, and the bias, which begins where the mean of all counts puts it.
  std::vector<cairn::TableSpec> Tables() const override {
    std::vector<cairn::TableSpec> tables(2);
    tables[kWeights].name = "weights";
    tables[kWeights].parts[0].optimizer = spec_.optimizer;
    tables[kBias].name = "bias";
    tables[kBias].kind = cairn::TableSpec::Kind::kDense;
    tables[kBias].dense_size = 1;
    tables[kBias].parts[0].optimizer = spec_.optimizer;
    tables[kBias].parts[0].optimizer.l1 = tables[kBias].parts[0].optimizer.l2 = 0;
    tables[kBias].parts[0].initializer = {cairn::InitializerSpec::Kind::kConstant,
                                          std::log(spec_.mean_label)};
    return tables;
  }

  double Learn(const cairn::ModelBatch& batch,
               std::span<const cairn::ModelTable> tables) const override {
    std::vector<float> means(batch.rows());
    Score(batch, tables, means);
    double loss = 0;
    for (size_t row = 0; row < batch.rows(); ++row) {
      loss += batch.weight(row) * Loss(means[row], batch.labels[row]);
      // Of the loss, by the logarithm of the mean.
      const float slope = batch.weight(row) * (means[row] - batch.labels[row]);
      tables[kBias].gradients[0] += slope;
      for (size_t i = batch.offsets[row]; i < batch.offsets[row + 1]; ++i) {
        tables[kWeights].gradient(i)[0] += slope * batch.value(i);
      }
    }
    return loss;
  }

  // The mean count that is expected.
  void Score(const cairn::ModelBatch& batch, std::span<const cairn::ModelTable> tables,
             std::span<float> scores) const override {
    for (size_t row = 0; row < batch.rows(); ++row) {
      float z = tables[kBias].weights[0];
      for (size_t i = batch.offsets[row]; i < batch.offsets[row + 1]; ++i) {
        z += tables[kWeights].row(i)[0] * batch.value(i);
      }
      scores[row] = std::exp(z);
    }
  }

  // What the count says against such a mean: -log(mean^count e^-mean / count!).
  double Loss(float mean, float count) const override {
    return mean - count * std::log(double{mean}) + std::lgamma(double{count} + 1);
  }

 private:
  static constexpr size_t kWeights = 0, kBias = 1;

  const cairn::ModelSpec spec_;
};

inline absl::StatusOr<std::unique_ptr<cairn::CustomModel>> MakePoisson(
    const cairn::ModelSpec& spec) {
  if (!spec.options.empty()) return absl::InvalidArgumentError("there are no options");
  if (!(spec.mean_label > 0)) return absl::InvalidArgumentError("labels must be counts, not all 0");
  return std::make_unique<Poisson>(spec);
}

inline cairn::CustomModels Models() { return {{"poisson", MakePoisson}}; }
