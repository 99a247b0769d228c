// Factorization machines (Rendle 2010), whose workers push sums of gradients.
#include <cmath>
#include <utility>

#include "base/status.h"
#include "kernels/factorization.h"
#include "train/label_loss.h"
#include "train/linear_model.h"
#include "train/models.h"
#include "wire/limits.h"

namespace cairn {
namespace {

class FactorizationMachine final : public LinearModel {
 public:
  explicit FactorizationMachine(const ModelSettings& settings)
      : LinearModel(VectorTable(settings, settings.dim), BiasTable(settings)),
        loss_(settings),
        dim_(settings.dim) {}

  ScoreKind score_kind() const override { return loss_.score_kind(); }

  std::vector<float> Score(const PreparedBatch& prepared,
                           const std::vector<std::vector<float>>& values) const override {
    std::vector<float> sums;
    return Forward(Of(prepared), values, &sums);
  }

 private:
  std::vector<float> Forward(const LinearPrepared& batch,
                             const std::vector<std::vector<float>>& values,
                             std::vector<float>* sums) const {
    std::vector<float> margins(batch.rows().rows());
    sums->resize(margins.size() * dim_);
    if (!margins.empty()) {
      FactorizationForward(batch.linear(), {values[kFeatures], dim_}, values[kBias][0], margins,
                           *sums);
    }
    loss_.MakeScores(margins);
    return margins;
  }

  Change Learn(const LinearPrepared& batch, const std::vector<std::vector<float>>& values, uint64_t,
               float) const override {
    std::vector<float> sums;
    std::vector<float> margins = Forward(batch, values, &sums);
    Change change;
    change.loss_sum = loss_.MakeGradients(batch.rows(), margins);
    change.features.resize(values[kFeatures].size());
    FactorizationGradient(batch.linear(), {values[kFeatures], dim_}, sums, margins,
                          change.features);
    change.bias = {LinearBiasGradient(margins)};
    return change;
  }
  std::optional<Factors> factors() const override { return Factors{dim_, loss_.ForStep()}; }

  const LabelLoss loss_;
  const uint32_t dim_;
};

}  // namespace

// Weight and vectors lie side by side, as one row: they are pulled and pushed together.
TableSpec VectorTable(const ModelSettings& settings, uint32_t width) {
  OptimizerSpec of_vector;
  of_vector.name = settings.vector_optimizer;
  of_vector.learning_rate = settings.vector_learning_rate;
  of_vector.l2 = settings.vector_l2;
  TableSpec features;
  features.name = "weights";
  features.parts = {PartSpec{.width = 1, .optimizer = OptimizerOf(settings)},
                    PartSpec{.width = width,
                             .optimizer = of_vector,
                             .initializer = {InitializerSpec::Kind::kNormal, settings.init_scale}}};
  features.retention = settings.retention;
  return features;
}

absl::Status CheckVectorSettings(const ModelSettings& settings) {
  CAIRN_RETURN_IF_ERROR(CheckBaseRate(settings.base_rate));
  CAIRN_RETURN_IF_ERROR(CheckLinearLoss(settings));
  if (settings.update != kGradientUpdate) {
    return InvalidArgument("--update ", settings.update, ": factorization machines know ",
                           kGradientUpdate, " only");
  }
  if (settings.dim < 1 || settings.dim > limits::kDimMax) {
    return InvalidArgument("--dim ", settings.dim, ": 1 to ", limits::kDimMax);
  }
  if (settings.init_scale > 0 && std::isfinite(settings.init_scale)) return {};
  return InvalidArgument("--init-scale ", settings.init_scale,
                         ": above 0, since vectors that all start at 0 never learn");
}

absl::StatusOr<std::unique_ptr<Model>> MakeFactorizationMachine(const ModelSettings& settings) {
  CAIRN_RETURN_IF_ERROR(CheckVectorSettings(settings));
  return std::make_unique<FactorizationMachine>(settings);
}

}  // namespace cairn
