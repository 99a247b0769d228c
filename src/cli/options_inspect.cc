#include <vector>

#include "cli/options_sections.h"
#include "wire/limits.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

constexpr uint32_t kInspect = CommandSpec::kInspect;
constexpr uint64_t kTopMax = 10'000;

}  // namespace

std::vector<OptionSpec> InspectionOptions() {
  return {
      {.name = "model-dir",
       .kind = Kind::kText,
       .metavar = "DIR",
       .section = "Look",
       .help = "The saved model; --model-dir DIR says the same",
       .positional = true,
       .commands = kInspect},
      {.name = "table",
       .kind = Kind::kText,
       .metavar = "NAME",
       .section = "Look",
       .help = "Show this table only",
       .commands = kInspect},
      {.name = "top",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Look",
       .help = "List so many of the heaviest rows of each table",
       .fallback = "10",
       .commands = kInspect,
       .counts = {.min = 0, .max = kTopMax}},
      {.name = "key",
       .kind = Kind::kText,
       .metavar = "KEY",
       .section = "Look",
       .help =
           "Show the row of this key, with its optimizer's state; of a dense table, this block. "
           "Keys of columns by name: country=US, price, 'country=US*device=phone'",
       .commands = kInspect},
      {.name = "json",
       .kind = Kind::kSwitch,
       .section = "Look",
       .help = "Print JSON",
       .commands = kInspect},
      {.name = "dump",
       .kind = Kind::kText,
       .metavar = "FILE",
       .section = "As text",
       .help = "Write the whole model as text, compressed if FILE ends in .zst; - is standard "
               "output",
       .commands = kInspect},
      {.name = "load",
       .kind = Kind::kText,
       .metavar = "FILE",
       .section = "As text",
       .help = "Make a model of such a text, plain, zstd or gzip; needs --save",
       .commands = kInspect},
      {.name = "save",
       .kind = Kind::kText,
       .metavar = "DIR",
       .section = "As text",
       .help = "Where the model of --load goes; must not hold one yet",
       .commands = kInspect},
      {.name = "partitions",
       .kind = Kind::kPowerOfTwo,
       .metavar = "N",
       .section = "As text",
       .help = "Of the model of --load; by default as many as the text says",
       .commands = kInspect,
       .counts = {.min = 1, .max = limits::kPartitionsMax}},
  };
}

}  // namespace cairn
