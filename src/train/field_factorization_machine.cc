// Field-aware factorization machines (Juan et al. 2016), whose workers push sums of gradients.
#include <utility>

#include "base/status.h"
#include "base/units.h"
#include "kernels/field_factorization.h"
#include "train/label_loss.h"
#include "train/linear_model.h"
#include "train/models.h"
#include "wire/limits.h"

namespace cairn {
namespace {

class FieldFactorizationMachine final : public LinearModel {
 public:
  explicit FieldFactorizationMachine(const ModelSettings& settings)
      : LinearModel(VectorTable(settings, settings.fields * settings.dim), BiasTable(settings)),
        loss_(settings),
        fields_(settings.fields),
        dim_(settings.dim) {}

  ScoreKind score_kind() const override { return loss_.score_kind(); }

  std::vector<float> Score(const PreparedBatch& prepared,
                           const std::vector<std::vector<float>>& values) const override {
    const LinearPrepared& batch = Of(prepared);
    std::vector<float> margins(batch.rows().rows());
    if (margins.empty()) return margins;
    FieldFactorizationForward({batch.linear(), batch.rows().fields}, Factors(values),
                              values[kBias][0], margins);
    loss_.MakeScores(margins);
    return margins;
  }

 private:
  FieldFactors Factors(const std::vector<std::vector<float>>& values) const {
    return {values[kFeatures], fields_, dim_};
  }

  Change Learn(const LinearPrepared& batch, const std::vector<std::vector<float>>& values, uint64_t,
               float) const override {
    std::vector<float> margins = Score(batch, values);
    Change change;
    change.loss_sum = loss_.MakeGradients(batch.rows(), margins);
    change.features.resize(values[kFeatures].size());
    FieldFactorizationGradient({batch.linear(), batch.rows().fields}, Factors(values), margins,
                               change.features);
    change.bias = {LinearBiasGradient(margins)};
    return change;
  }

  const LabelLoss loss_;
  const uint32_t fields_;
  const uint32_t dim_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Model>> MakeFieldFactorizationMachine(
    const ModelSettings& settings) {
  CAIRN_RETURN_IF_ERROR(CheckVectorSettings(settings));
  if (settings.fields < 1) return InvalidArgument("--model ffm needs fields, and there are none");
  const uint64_t numbers = 1 + uint64_t{settings.fields} * settings.dim;
  if (numbers > limits::kRowFloatsMax) {
    return InvalidArgument("--dim ", settings.dim, " for each of ", HumanCount(settings.fields),
                           " fields makes ", HumanCount(numbers),
                           " numbers for a feature, at most ", HumanCount(limits::kRowFloatsMax),
                           ": take a smaller --dim, or number the fields from 0 without gaps");
  }
  return std::make_unique<FieldFactorizationMachine>(settings);
}

}  // namespace cairn
