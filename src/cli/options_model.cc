#include <vector>

#include "cli/options_sections.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

constexpr uint32_t kTrain = CommandSpec::kTrain;
constexpr uint32_t kScore = CommandSpec::kEval | CommandSpec::kPredict;

}  // namespace

std::vector<OptionSpec> ModelOptions() {
  return {
      {.name = "model",
       .kind = Kind::kChoice,
       .metavar = "MODEL",
       .section = "Model",
       .help = "lr is logistic regression, or linear with --loss squared; fm is a factorization "
               "machine, ffm a field-aware one; mlp is layers of units with ReLU; wide_deep and "
               "deepfm are such layers on vectors of features, beside lr and fm; count learns "
               "nothing, it counts each feature exactly",
       .fallback = "lr",
       .commands = kTrain,
       .choices = {"lr", "fm", "ffm", "mlp", "wide_deep", "deepfm", "count"}},
      {.name = "hidden",
       .kind = Kind::kText,
       .metavar = "UNITS",
       .section = "Model",
       .help = "mlp, wide_deep, deepfm: the units of each layer before the last one; by default "
               "256,128 on images, 64,32 on other data",
       .commands = kTrain},
      {.name = "model-dir",
       .kind = Kind::kText,
       .metavar = "DIR",
       .section = "Model",
       .help = "A model that cairn train has saved",
       .required = true,
       .commands = kScore,
       .other_names = {"model"}},
      {.name = "init",
       .kind = Kind::kText,
       .metavar = "DIR",
       .section = "Model",
       .help = "Start from this saved model, by default for 3 epochs",
       .commands = kTrain},
      {.name = "save",
       .kind = Kind::kText,
       .metavar = "DIR",
       .section = "Model",
       .help = "Save the model here at the end; must not hold one yet",
       .commands = kTrain},
  };
}

}  // namespace cairn
