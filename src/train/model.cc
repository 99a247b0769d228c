#include "train/model.h"

#include "base/status.h"
#include "train/models.h"

namespace cairn {

absl::StatusOr<std::unique_ptr<Model>> MakeModel(const ModelSettings& settings) {
  if (settings.model == "lr") return MakeLogisticRegression(settings);
  if (settings.model == "count") return MakeCountModel();
  return InvalidArgument("unknown model \"", settings.model, "\"; known: lr, count");
}

}  // namespace cairn
