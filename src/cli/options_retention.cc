#include <vector>

#include "cli/options_sections.h"
#include "wire/limits.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

constexpr uint32_t kTrain = CommandSpec::kTrain;

}  // namespace

std::vector<OptionSpec> RetentionOptions() {
  return {
      {.name = "admit-count",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Features",
       .help = "Each gets a weight with its N-th occurrence in the first epoch, about; what is "
               "rarer is left out",
       .fallback = "1",
       .commands = kTrain,
       .counts = {.min = 1, .max = limits::kAdmitCountMax},
       .other_names = {"min-count"}},
      {.name = "admit-probability",
       .kind = Kind::kReal,
       .metavar = "P",
       .section = "Features",
       .help =
           "Instead: each occurrence in the first epoch has this chance to get a weight for its "
           "feature",
       .fallback = "1",
       .commands = kTrain,
       .reals = {.min = 0, .max = 1, .min_is_legal = false}},
      {.name = "sketch-bytes",
       .kind = Kind::kPowerOfTwo,
       .metavar = "BYTES",
       .section = "Features",
       .help = "For --admit-count, memory of all servers together: a byte for each feature that "
               "may be waiting at once, more from N of 3 on",
       .fallback = "16777216",
       .commands = kTrain,
       .counts = {.min = limits::kSketchBytesMin, .max = limits::kSketchBytesMax}},
      {.name = "expire-steps",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Features",
       .help = "A weight goes after about so many steps of its partition without an occurrence",
       .commands = kTrain,
       .counts = {.min = 1, .max = limits::kExpireStepsMax}},
      {.name = "expire-below",
       .kind = Kind::kReal,
       .metavar = "X",
       .section = "Features",
       .help = "For --expire-steps: weights of this absolute value and more stay",
       .commands = kTrain,
       .reals = {.min = 0, .max = 1e6, .min_is_legal = false}},
      {.name = "table-bytes",
       .kind = Kind::kCount,
       .metavar = "BYTES",
       .section = "Features",
       .help =
           "Memory for weights, of all servers together: what is rare, and has not occurred for "
           "long, makes room",
       .commands = kTrain,
       .counts = {.min = 1, .max = limits::kTableBytesMax}},
  };
}

}  // namespace cairn
