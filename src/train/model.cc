#include "train/model.h"

#include <algorithm>
#include <string_view>

#include "base/status.h"
#include "train/custom_model.h"
#include "train/models.h"

namespace cairn {
namespace {

constexpr std::string_view kBuiltIn[] = {"lr", "fm", "ffm", "mlp", "wide_deep", "deepfm", "count"};

bool IsBuiltIn(std::string_view model) {
  return std::find(std::begin(kBuiltIn), std::end(kBuiltIn), model) != std::end(kBuiltIn);
}

std::string KnownModels(const CustomModels& own) {
  std::string text;
  for (const std::string_view name : kBuiltIn) text += Concat(text.empty() ? "" : ", ", name);
  for (const auto& [name, factory] : own) text += ", " + name;
  return text;
}

}  // namespace

absl::StatusOr<StepResult> Model::ComputeOn(const PreparedBatch&,
                                            const std::vector<std::vector<float>>&, uint64_t, float,
                                            StepDevice*) const {
  return MakeError(absl::StatusCode::kUnimplemented, "this model has no steps on a device");
}

absl::StatusOr<std::unique_ptr<Model>> MakeModel(const ModelSettings& settings,
                                                 const CustomModels& own) {
  if (const auto found = own.find(settings.model); found != own.end()) {
    if (IsBuiltIn(settings.model)) {
      return InvalidArgument("the model ", settings.model,
                             " is Cairn's already: give yours another name");
    }
    absl::StatusOr<std::unique_ptr<Model>> made = MakeCustomModel(settings, found->second);
    if (!made.ok()) return Annotate(made.status(), "model ", settings.model);
    return made;
  }
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
  return InvalidArgument("unknown model \"", settings.model, "\"; known: ", KnownModels(own));
}

bool IsKnown(const std::string& model, const CustomModels& own) {
  return IsBuiltIn(model) || own.contains(model);
}

}  // namespace cairn
