#include <vector>

#include "cli/options_sections.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

constexpr uint32_t kDataGen = CommandSpec::kDataGen;

}  // namespace

std::vector<OptionSpec> GenerateOptions() {
  return {
      {.name = "rows",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Data",
       .help = "Rows of the output",
       .required = true,
       .commands = kDataGen,
       .counts = {.min = 1}},
      {.name = "features",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Data",
       .help = "About so many different features, some of them rare",
       .fallback = "100000",
       .commands = kDataGen,
       .counts = {.min = 1'000, .max = uint64_t{1} << 40}},
      {.name = "seed",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Data",
       .help = "Of the truth and of the rows",
       .fallback = "1",
       .commands = kDataGen},
      {.name = "test-rows",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Data",
       .help = "Rows of the test output",
       .commands = kDataGen,
       .counts = {.min = 1}},
      {.name = "output",
       .kind = Kind::kText,
       .metavar = "FILE",
       .section = "Output",
       .help = "Where to write; - is standard output",
       .required = true,
       .commands = kDataGen},
      {.name = "test-output",
       .kind = Kind::kText,
       .metavar = "FILE",
       .section = "Output",
       .help = "Where the --test-rows go",
       .commands = kDataGen},
      {.name = "oracle",
       .kind = Kind::kSwitch,
       .section = "Output",
       .help = "Write the true probabilities too, one a line, next to each output: FILE.z",
       .commands = kDataGen},
  };
}

}  // namespace cairn
