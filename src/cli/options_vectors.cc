#include <vector>

#include "cli/options_sections.h"
#include "wire/limits.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

constexpr uint32_t kTrain = CommandSpec::kTrain;

// As for weights.
constexpr double kFactorMax = 1e6;
constexpr uint64_t kFieldsMax = 65'536;

}  // namespace

std::vector<OptionSpec> VectorOptions() {
  return {
      {.name = "dim",
       .kind = Kind::kCount,
       .metavar = "K",
       .section = "Vectors",
       .help = "Numbers in a vector of a feature; by default 4 in ffm's, one for each field, and 8 "
               "in those of fm, wide_deep and deepfm; or as --init has it",
       .commands = kTrain,
       .counts = {.min = 1, .max = limits::kDimMax}},
      {.name = "fields",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Vectors",
       .help = "ffm, wide_deep, deepfm: libffm's fields are 0 .. N - 1, and other rows are bad; by "
               "default the highest one of a sample is the last, or the last of --init",
       .commands = kTrain,
       .counts = {.min = 1, .max = kFieldsMax}},
      {.name = "optimizer-v",
       .kind = Kind::kChoice,
       .metavar = "NAME",
       .section = "Vectors",
       .help = "fm: of the vectors; by default as --optimizer, and without that rowwise_adagrad. "
               "wide_deep, deepfm: of vectors and weights; by default rowwise_adagrad",
       .commands = kTrain,
       .choices = {"sgd", "adagrad", "rowwise_adagrad", "ftrl", "adam"}},
      {.name = "lr-v",
       .kind = Kind::kReal,
       .metavar = "X",
       .section = "Vectors",
       .help =
           "Learning rate of the vectors; by default as --lr. wide_deep, deepfm: of weights, too; "
           "by default 0.2",
       .commands = kTrain,
       .reals = {.min = 0, .max = kFactorMax, .min_is_legal = false}},
      {.name = "l2-v",
       .kind = Kind::kReal,
       .metavar = "X",
       .section = "Vectors",
       .help = "Prior of each feature's vector per epoch; by default the model's",
       .commands = kTrain,
       .reals = {.max = kFactorMax}},
      {.name = "init-scale",
       .kind = Kind::kReal,
       .metavar = "X",
       .section = "Vectors",
       .help = "Vectors start normally distributed with this deviation; by default 0.1 (wide_deep, "
               "deepfm: 0.05), and less from --dim 9 on",
       .commands = kTrain,
       .reals = {.min = 0, .max = kFactorMax, .min_is_legal = false}},
  };
}

}  // namespace cairn
