#include <vector>

#include "cli/options_sections.h"
#include "sharding/consistency.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

constexpr uint32_t kTrain = CommandSpec::kTrain;

// More threads or roles than that in one process is a slip of the keyboard.
constexpr uint64_t kThreadsMax = 1'024;

absl::Status CheckConsistency(std::string_view text) { return ParseConsistency(text).status(); }

}  // namespace

std::vector<OptionSpec> ClusterOptions() {
  return {
      {.name = "cluster",
       .kind = Kind::kChoice,
       .metavar = "WHERE",
       .section = "Cluster",
       .help = "embedded: all roles are threads of this process",
       .fallback = "embedded",
       .commands = kTrain,
       .choices = {"embedded"}},
      {.name = "consistency",
       .kind = Kind::kText,
       .metavar = "MODE",
       .section = "Cluster",
       .help =
           "asp: nobody waits. ssp:K: nobody is more than K steps ahead. bsp: all step together, "
           "and the model is the same to the last bit on any cluster",
       .fallback = "asp",
       .commands = kTrain,
       .check = CheckConsistency},
      {.name = "streams",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Cluster",
       .help = "Sequences of batches that bsp and ssp cut the data into; not with asp",
       .commands = kTrain,
       .counts = {.min = 1, .max = 65'536}},
      {.name = "partitions",
       .kind = Kind::kPowerOfTwo,
       .metavar = "N",
       .section = "Cluster",
       .help = "Pieces of the model that servers share out",
       .fallback = "64",
       .commands = kTrain,
       .counts = {.min = 1, .max = 65'536}},
      {.name = "servers",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Cluster",
       .help = "Servers that hold the model",
       .fallback = "1",
       .commands = kTrain,
       .counts = {.min = 1, .max = kThreadsMax}},
      {.name = "executors",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Cluster",
       .help = "Threads of each server",
       .fallback = "1",
       .commands = kTrain,
       .counts = {.min = 1, .max = kThreadsMax}},
      {.name = "workers",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Cluster",
       .help = "Workers that read data and compute gradients",
       .fallback = "1",
       .commands = kTrain,
       .counts = {.min = 1, .max = kThreadsMax}},
      {.name = "threads",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Cluster",
       .help = "Reading threads of each worker",
       .fallback = "1",
       .commands = kTrain,
       .counts = {.min = 1, .max = kThreadsMax}},
  };
}

}  // namespace cairn
