#include "cli/settings.h"

#include <array>
#include <string_view>

#include "base/status.h"
#include "sharding/consistency.h"

namespace cairn {
namespace {

// Options that say nothing without another one.
absl::Status CheckCompanions(const OptionValues& values) {
  struct Pair {
    std::string_view option;
    std::string_view needs;
  };
  constexpr std::array<Pair, 4> kPairs = {{{"stop-metric", "valid"},
                                           {"target", "valid"},
                                           {"patience", "valid"},
                                           {"min-delta", "patience"}}};
  for (const Pair& pair : kPairs) {
    if (values.IsGiven(pair.option) && !values.IsGiven(pair.needs)) {
      return InvalidArgument(values.Label(pair.option), " needs --", pair.needs);
    }
  }
  if (values.IsGiven("l1") && values.Text("optimizer") != "ftrl") {
    return InvalidArgument(values.Label("l1"),
                           " needs --optimizer ftrl: no other one can hold a weight at 0");
  }
  return absl::OkStatus();
}

}  // namespace

RowOptions MakeRowOptions(const OptionValues& values) {
  RowOptions read;
  read.columns = values.Text("columns");
  read.delimiter = values.Text("delimiter");
  read.label = values.Text("label");
  read.weight = values.Text("weight");
  read.numeric = values.Text("numeric");
  read.ignore = values.Text("ignore");
  read.multi = values.Texts("multi");
  read.derive = values.Texts("derive");
  read.cross = values.Texts("cross");
  read.hash_bits = static_cast<uint32_t>(values.Count("hash-bits"));
  return read;
}

absl::StatusOr<TrainOptions> MakeTrainOptions(const OptionValues& values) {
  CAIRN_RETURN_IF_ERROR(CheckCompanions(values));
  TrainOptions options;
  options.model = values.Text("model");
  options.train = values.Texts("train");
  options.valid = values.Texts("valid");
  options.format = values.Text("format");
  options.read = MakeRowOptions(values);
  options.optimizer = values.Text("optimizer");
  options.learning_rate = values.Real("lr", options.learning_rate);
  options.l1 = values.Real("l1");
  options.l2 = values.Real("l2", options.l2);
  options.batch_rows = static_cast<uint32_t>(values.Count("batch"));
  options.epochs = values.Count("epochs");
  options.steps_max = values.Count("max-steps");
  options.shuffle = values.Text("order") == "shuffled";
  options.constant_rate = values.Text("rate") == "constant";
  options.bad_rows_share = values.Real("max-bad-rows");
  options.seed = values.Count("seed");
  CAIRN_ASSIGN_OR_RETURN(options.mode, ParseConsistency(values.Text("consistency")));
  if (options.mode.consistency == Consistency::kAsp && values.IsGiven("streams")) {
    return InvalidArgument(values.Label("streams"),
                           " needs --consistency bsp or ssp:K: with asp a stream is "
                           "whatever part of an epoch a free worker takes");
  }
  options.streams = static_cast<uint32_t>(values.Count("streams"));
  options.partitions = static_cast<uint32_t>(values.Count("partitions"));
  options.servers = static_cast<uint32_t>(values.Count("servers"));
  options.workers = static_cast<uint32_t>(values.Count("workers"));
  options.threads = static_cast<uint32_t>(values.Count("threads"));
  options.executors = static_cast<uint32_t>(values.Count("executors"));
  options.init_dir = values.Text("init");
  options.save_dir = values.Text("save");
  options.stop_metric = values.Text("stop-metric");
  options.target = values.Real("target");
  options.patience = static_cast<uint32_t>(values.Count("patience"));
  options.min_delta = values.Real("min-delta");
  options.relative_change = values.Real("relative-change");
  options.seconds_max = values.Real("max-seconds");
  return options;
}

ScoreOptions MakeScoreOptions(const OptionValues& values) {
  ScoreOptions options;
  options.model_dir = values.Text("model-dir");
  options.data = values.Texts("data");
  options.format = values.Text("format");
  options.bad_rows_share = values.Real("max-bad-rows");
  return options;
}

}  // namespace cairn
