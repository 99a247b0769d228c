#include "cli/settings.h"

#include <array>
#include <string_view>

#include "base/status.h"
#include "cluster/cache_options.h"
#include "cluster/device_options.h"
#include "sharding/consistency.h"
#include "sharding/plan_check.h"
#include "sharding/wire_values.h"

namespace cairn {
namespace {

// Options that say nothing without another one.
absl::Status CheckCompanions(const OptionValues& values) {
  struct Pair {
    std::string_view option;
    std::string_view needs;
  };
  constexpr std::array<Pair, 6> kPairs = {{{"sketch-bytes", "admit-count"},
                                           {"expire-below", "expire-steps"},
                                           {"stop-metric", "valid"},
                                           {"target", "valid"},
                                           {"patience", "valid"},
                                           {"min-delta", "patience"}}};
  for (const Pair& pair : kPairs) {
    const bool has =
        values.IsGiven(pair.needs) || (pair.needs == "valid" && values.IsGiven("valid-share"));
    if (values.IsGiven(pair.option) && !has) {
      return InvalidArgument(values.Label(pair.option), " needs --", pair.needs);
    }
  }
  if (values.IsGiven("l1") && values.Text("optimizer") != "ftrl") {
    return InvalidArgument(values.Label("l1"),
                           " needs --optimizer ftrl: no other one can hold a weight at 0");
  }
  return absl::OkStatus();
}

// Options that mean nothing where the processes are.
absl::Status CheckPlace(const OptionValues& values) {
  enum Place : uint8_t { kEmbedded = 1, kLocal = 2, kAddress = 4 };
  struct Rule {
    std::string_view option;
    int places;
    std::string_view why;
  };
  constexpr std::array<Rule, 10> kRules = {{
      {"log-dir", kLocal, "only processes started by --cluster local have logs here"},
      {"max-restarts", kLocal, "only processes started by --cluster local are started again"},
      {"join-timeout", kAddress, "it is for the coordinator at the address of --cluster"},
      {"form-timeout", kLocal, "it is an option of --cluster local, and of ps_coordinator"},
      {"orphan-timeout", kLocal | kAddress, "threads of one process do not lose each other"},
      {"threads", kEmbedded | kLocal, "it is an option of the ps_worker that you start"},
      {"executors", kEmbedded | kLocal, "it is an option of the ps_server that you start"},
      {"cache", kEmbedded | kLocal, "it is an option of the ps_worker that you start"},
      {"cache-mib", kEmbedded | kLocal, "it is an option of the ps_worker that you start"},
      {"device-memory", kEmbedded | kLocal, "it is an option of the ps_worker that you start"},
  }};
  const std::string cluster = values.Text("cluster");
  const Place place = cluster == "embedded" ? kEmbedded : cluster == "local" ? kLocal : kAddress;
  for (const Rule& rule : kRules) {
    if (!values.IsGiven(rule.option) || (rule.places & place) != 0) continue;
    return InvalidArgument(values.Label(rule.option), " means nothing with --cluster ", cluster,
                           ": ", rule.why);
  }
  return absl::OkStatus();
}

RetentionSpec MakeRetention(const OptionValues& values) {
  return {.admit_count = static_cast<uint32_t>(values.Count("admit-count")),
          .admit_probability = static_cast<float>(values.Real("admit-probability")),
          .sketch_bytes = values.Count("sketch-bytes"),
          .expire_steps = values.Count("expire-steps"),
          .expire_below = static_cast<float>(values.Real("expire-below")),
          .bytes_max = values.Count("table-bytes")};
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
  CAIRN_ASSIGN_OR_RETURN(TrainOptions options, MakeJobOptions(values));
  CAIRN_RETURN_IF_ERROR(CheckPlace(values));
  options.cluster = values.Text("cluster");
  options.threads = static_cast<uint32_t>(values.Count("threads"));
  options.executors = static_cast<uint32_t>(values.Count("executors"));
  const RowCache::Options cache = CacheOf(values);
  options.cache = cache.where;
  options.cache_bytes_max = cache.memory_bytes_max;
  options.device_bytes_max = DeviceOf(values).memory_bytes_max;
  options.log_dir = values.Text("log-dir");
  options.restarts_max = static_cast<uint32_t>(values.Count("max-restarts"));
  options.join_timeout = absl::Seconds(values.Real("join-timeout"));
  options.form_timeout = absl::Seconds(values.Real("form-timeout"));
  options.orphan_timeout = absl::Seconds(values.Real("orphan-timeout"));
  return options;
}

void SetDirectories(const OptionValues& values, TrainOptions* options) {
  options->init_dir = values.Text("init");
  options->save_dir = values.Text("save");
  options->checkpoint_dir = values.Text("checkpoint-dir");
  options->checkpoint_seconds = values.Real("checkpoint-every", options->checkpoint_seconds);
  options->checkpoints_kept = static_cast<uint32_t>(values.Count("checkpoints-kept"));
  options->checkpoint_full_every = static_cast<uint32_t>(values.Count("checkpoint-full-every"));
  options->resume = values.Switch("resume");
}

absl::Status SetShape(const OptionValues& values, JobSpec* job) {
  job->seed = values.Count("seed");
  job->partitions = static_cast<uint32_t>(values.Count("partitions"));
  const auto servers = static_cast<uint32_t>(values.Count("servers"));
  CAIRN_RETURN_IF_ERROR(CheckServers(servers, job->partitions));
  absl::StatusOr<ConsistencyMode> mode = ParseConsistency(values.Text("consistency"));
  if (!mode.ok()) return Annotate(mode.status(), values.Label("consistency"));
  job->mode = *mode;
  CAIRN_ASSIGN_OR_RETURN(job->wire_values, ParseWireValues(values.Text("wire-values")));
  if (job->wire_values != WireValues::kF32 && job->mode.consistency == Consistency::kBsp) {
    return InvalidArgument(values.Label("wire-values"), " ", values.Text("wire-values"),
                           " needs --consistency asp or ssp:K: bsp promises a model that is the "
                           "same to the last bit");
  }
  if (!values.IsGiven("streams")) return absl::OkStatus();
  if (job->mode.consistency == Consistency::kAsp) {
    return InvalidArgument(values.Label("streams"),
                           " needs --consistency bsp or ssp:K: with asp a stream is "
                           "whatever part of an epoch a free worker takes");
  }
  job->streams = static_cast<uint32_t>(values.Count("streams"));
  return absl::OkStatus();
}

absl::StatusOr<TrainOptions> MakeJobOptions(const OptionValues& values) {
  CAIRN_RETURN_IF_ERROR(CheckCompanions(values));
  TrainOptions options;
  options.model = values.Text("model");
  options.train = values.Texts("train");
  options.valid = values.Texts("valid");
  options.valid_share = values.Real("valid-share");
  options.format = values.Text("format");
  options.read = MakeRowOptions(values);
  options.loss = values.Text("loss");
  options.classes = static_cast<uint32_t>(values.Count("classes"));
  options.hidden = values.Text("hidden");
  options.optimizer = values.Text("optimizer");
  options.update = values.Text("update");
  options.learning_rate = values.Real("lr", options.learning_rate);
  options.l1 = values.Real("l1");
  options.l2 = values.Real("l2", options.l2);
  options.dim = static_cast<uint32_t>(values.Count("dim"));
  options.fields = static_cast<uint32_t>(values.Count("fields"));
  options.vector_optimizer = values.Text("optimizer-v");
  options.vector_learning_rate = values.Real("lr-v", options.vector_learning_rate);
  options.vector_l2 = values.Real("l2-v", options.vector_l2);
  options.init_scale = values.Real("init-scale", options.init_scale);
  options.retention = MakeRetention(values);
  options.batch_rows = static_cast<uint32_t>(values.Count("batch"));
  options.epochs = values.Count("epochs");
  options.steps_max = values.Count("max-steps");
  options.shuffle = values.Text("order") == "shuffled";
  options.constant_rate = values.Text("rate") == "constant";
  options.bad_rows_share = values.Real("max-bad-rows");
  JobSpec shape;
  CAIRN_RETURN_IF_ERROR(SetShape(values, &shape));
  options.seed = shape.seed;
  options.mode = shape.mode;
  options.partitions = shape.partitions;
  options.wire_values = shape.wire_values;
  options.streams = static_cast<uint32_t>(values.Count("streams"));
  options.job = values.Text("job");
  options.device = values.Text("device");
  options.servers = static_cast<uint32_t>(values.Count("servers"));
  options.workers = static_cast<uint32_t>(values.Count("workers"));
  SetDirectories(values, &options);
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
