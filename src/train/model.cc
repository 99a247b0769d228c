#include "train/model.h"

#include "base/status.h"
#include "train/models.h"

namespace cairn {

absl::StatusOr<std::unique_ptr<Model>> MakeModel(const ModelSettings& settings) {
  if (settings.model == "lr") return MakeLogisticRegression(settings);
  if (settings.model == "fm") return MakeFactorizationMachine(settings);
  if (settings.model == "ffm") return MakeFieldFactorizationMachine(settings);
  if (settings.model == "mlp") return MakeMlp(settings);
  if (settings.model == "wide_deep" || settings.model == "deepfm") return MakeDeepModel(settings);
  if (settings.model == "count") {
    if (settings.retention == RetentionSpec{}) return MakeCountModel();
    return InvalidArgument(
        "the model count has a row for every feature: it counts all of them, "
        "and keeps them");
  }
  return InvalidArgument("unknown model \"", settings.model,
                         "\"; known: lr, fm, ffm, mlp, "
                         "wide_deep, deepfm, count");
}

}  // namespace cairn
