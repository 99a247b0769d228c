#include <vector>

#include "cli/options_sections.h"
#include "cluster/cluster_run.h"
#include "cluster/device_options.h"
#include "sharding/consistency.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

constexpr uint32_t kTrain = CommandSpec::kTrain;

// More threads or roles than that in one process is a slip of the keyboard.
constexpr uint64_t kThreadsMax = 1'024;

constexpr OptionSpec::Reals kSeconds = {.min = 0, .max = 1e9, .min_is_legal = false};

absl::Status CheckWhere(std::string_view text) { return CheckCluster(std::string(text)); }

absl::Status CheckConsistency(std::string_view text) { return ParseConsistency(text).status(); }

std::vector<OptionSpec> PlaceOptions() {
  return {
      {.name = "cluster",
       .kind = Kind::kText,
       .metavar = "WHERE",
       .section = "Cluster",
       .help =
           "embedded: all roles are threads of this process. local: they are processes, started "
           "here and looked after. tcp://HOST:PORT: the ps_coordinator there takes the job",
       .fallback = "embedded",
       .commands = kTrain,
       .check = CheckWhere},
      {.name = "job",
       .kind = Kind::kText,
       .metavar = "NAME",
       .section = "Cluster",
       .help = "The job's name; by default the model's",
       .commands = kTrain},
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
      {.name = "wire-values",
       .kind = Kind::kChoice,
       .metavar = "FORMAT",
       .section = "Cluster",
       .help =
           "Of weights and gradients on their way: f32 is exact. bf16 halves their bytes. bf16+f8: "
           "gradients take a quarter, rounded by chance, weights half. Not with bsp",
       .fallback = "f32",
       .commands = kTrain,
       .choices = {"f32", "bf16", "bf16+f8"}},
      {.name = "partitions",
       .kind = Kind::kPowerOfTwo,
       .metavar = "N",
       .section = "Cluster",
       .help = "Pieces of the model that servers share out",
       .fallback = "64",
       .commands = kTrain,
       .counts = {.min = 1, .max = 65'536}},
  };
}

std::vector<OptionSpec> ProcessOptions() {
  return {
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

std::vector<OptionSpec> OptionsOfDevice() {
  std::vector<OptionSpec> options = DeviceOptions("Cluster");
  for (OptionSpec& option : options) option.commands = kTrain;
  return options;
}

std::vector<OptionSpec> LauncherOptions() {
  return {
      {.name = "log-dir",
       .kind = Kind::kText,
       .metavar = "DIR",
       .section = "Cluster",
       .help = "Logs of local processes; by default a new directory, kept after a failure only",
       .commands = kTrain},
      {.name = "max-restarts",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Cluster",
       .help = "Local processes that were killed are started again, so often in all; servers need "
               "--checkpoint-dir for it",
       .fallback = "100",
       .commands = kTrain,
       .counts = {.min = 0, .max = 1'000'000}},
      {.name = "join-timeout",
       .kind = Kind::kReal,
       .metavar = "SECONDS",
       .section = "Cluster",
       .help = "Give up if the coordinator at the address has not answered by then",
       .fallback = "60",
       .commands = kTrain,
       .reals = kSeconds},
      {.name = "form-timeout",
       .kind = Kind::kReal,
       .metavar = "SECONDS",
       .section = "Cluster",
       .help = "Give up if local processes have not joined by then",
       .fallback = "60",
       .commands = kTrain,
       .reals = kSeconds},
      {.name = "orphan-timeout",
       .kind = Kind::kReal,
       .metavar = "SECONDS",
       .section = "Cluster",
       .help = "Processes end if nothing has been heard from the coordinator for so long",
       .fallback = "60",
       .commands = kTrain,
       .reals = kSeconds},
  };
}

}  // namespace

std::vector<OptionSpec> ClusterOptions() {
  std::vector<OptionSpec> options = PlaceOptions();
  for (const auto& part : {ProcessOptions(), OptionsOfDevice(), LauncherOptions()}) {
    options.insert(options.end(), part.begin(), part.end());
  }
  return options;
}

}  // namespace cairn
