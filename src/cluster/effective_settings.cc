#include "cluster/effective_settings.h"

#include <charconv>
#include <cmath>

#include "base/numbers.h"
#include "cluster/vector_settings.h"
#include "sharding/consistency.h"
#include "sharding/wire_values.h"

namespace cairn {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

std::string Lines(const std::vector<std::string>& texts) {
  std::string lines;
  for (const std::string& text : texts) lines += (lines.empty() ? "" : "\n") + text;
  return lines;
}

// The fewest digits that read back as the same float: 0.3, not 0.300000012.
std::string Shortest(float value) {
  char buffer[32];  // The longest is "-1.17549435e-38".
  return {buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr};
}

void AddModelAndData(const TrainOptions& options, const TrainProgram& program, Settings* settings) {
  const auto add_text = [&](const char* name, const std::string& text) {
    if (!text.empty()) settings->emplace_back(name, text);
  };
  add_text("model", options.model);
  add_text("model-options", options.model_options);
  add_text("init", options.init_dir);
  add_text("save", options.save_dir);
  if (!options.checkpoint_dir.empty()) {
    add_text("checkpoint-dir", options.checkpoint_dir);
    add_text("checkpoint-every", FormatFloat9(options.checkpoint_seconds));
    add_text("checkpoints-kept", std::to_string(options.checkpoints_kept));
    add_text("checkpoint-full-every", std::to_string(options.checkpoint_full_every));
    if (options.resume) add_text("resume", "true");
  }
  add_text("train", Lines(options.train));
  add_text("valid", Lines(options.valid));
  if (options.valid_share != 0) add_text("valid-share", FormatFloat9(options.valid_share));
  add_text("format", std::string(FormatName(program.train.format)));
  for (auto& option : DescribeReadSpec(program.train.read)) settings->push_back(std::move(option));
  add_text("max-bad-rows", FormatFloat9(options.bad_rows_share));
  add_text("order", options.shuffle ? "shuffled" : "file");
  add_text("cache", options.cache);
  if (options.cache == "memory")
    add_text("cache-mib", std::to_string(options.cache_bytes_max >> 20));
}

void AddLearning(const TrainProgram& program, Settings* settings) {
  const ModelSettings& model = program.model;
  settings->emplace_back("loss", model.loss);
  if (!model.hidden.empty()) settings->emplace_back("hidden", model.hidden);
  settings->emplace_back("optimizer", model.optimizer);
  settings->emplace_back("update", model.update);
  settings->emplace_back("lr", Shortest(model.learning_rate));
  settings->emplace_back("rate", program.schedule.decay ? "decay" : "constant");
  settings->emplace_back("l1", Shortest(model.l1));
  settings->emplace_back("l2", Shortest(model.l2));
  if (HasVectors(model.model)) {
    settings->emplace_back("dim", std::to_string(model.dim));
    if (model.fields != 0) settings->emplace_back("fields", std::to_string(model.fields));
    settings->emplace_back("optimizer-v", model.vector_optimizer);
    settings->emplace_back("lr-v", Shortest(model.vector_learning_rate));
    settings->emplace_back("l2-v", Shortest(model.vector_l2));
    settings->emplace_back("init-scale", Shortest(model.init_scale));
  }
}

// Rules that are switched off are left out.
void AddFeatures(const RetentionSpec& retention, Settings* settings) {
  const RetentionSpec none;
  if (retention.admit_count != none.admit_count) {
    settings->emplace_back("admit-count", std::to_string(retention.admit_count));
    settings->emplace_back("sketch-bytes", std::to_string(retention.sketch_bytes));
  }
  if (retention.admit_probability != none.admit_probability) {
    settings->emplace_back("admit-probability", Shortest(retention.admit_probability));
  }
  if (retention.expire_steps != 0) {
    settings->emplace_back("expire-steps", std::to_string(retention.expire_steps));
  }
  if (retention.expire_below != 0) {
    settings->emplace_back("expire-below", Shortest(retention.expire_below));
  }
  if (retention.bytes_max != 0) {
    settings->emplace_back("table-bytes", std::to_string(retention.bytes_max));
  }
}

// Here too.
void AddStop(const TrainOptions& options, uint64_t epochs, Settings* settings) {
  const auto add_real = [&](const char* name, double value) {
    if (value != 0) settings->emplace_back(name, FormatFloat9(value));
  };
  const auto add_count = [&](const char* name, uint64_t value) {
    if (value != 0) settings->emplace_back(name, std::to_string(value));
  };
  add_count("epochs", epochs);
  add_count("max-steps", options.steps_max);
  add_real("max-seconds", options.seconds_max);
  const bool by_metric = options.target != 0 || options.patience != 0;
  if (by_metric) settings->emplace_back("stop-metric", options.stop_metric);
  add_real("target", options.target);
  add_count("patience", options.patience);
  add_real("min-delta", options.min_delta);
  add_real("relative-change", options.relative_change);
}

void AddCluster(const TrainOptions& options, const JobSpec& job, Settings* settings) {
  const auto add = [&](const char* name, uint64_t value) {
    settings->emplace_back(name, std::to_string(value));
  };
  settings->emplace_back("cluster", options.cluster);
  settings->emplace_back("job", job.name);
  settings->emplace_back("consistency", FormatConsistency(job.mode));
  if (job.mode.consistency != Consistency::kAsp) add("streams", job.streams);
  settings->emplace_back("wire-values", FormatWireValues(job.wire_values));
  add("partitions", job.partitions);
  add("servers", options.servers);
  if (options.executors != 0) add("executors", options.executors);
  add("workers", options.workers);
  if (options.threads != 0) add("threads", options.threads);
  settings->emplace_back("device", options.device);
  if (options.device_bytes_max != 0) add("device-memory", options.device_bytes_max);
  if (options.cluster == "local") add("max-restarts", options.restarts_max);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> EffectiveSettings(const TrainOptions& options,
                                                                   const TrainProgram& program,
                                                                   const JobSpec& job,
                                                                   double batch_rows) {
  Settings settings;
  AddModelAndData(options, program, &settings);
  AddLearning(program, &settings);
  settings.emplace_back("batch", std::to_string(std::lround(batch_rows)));
  settings.emplace_back("seed", std::to_string(options.seed));
  AddFeatures(program.model.retention, &settings);
  AddStop(options, program.schedule.epochs, &settings);
  AddCluster(options, job, &settings);
  return settings;
}

std::vector<std::pair<std::string, std::string>> SettingsOf(const TrainProgram& program) {
  Settings settings;
  settings.emplace_back("model", program.model.model);
  if (!program.model.model_options.empty()) {
    settings.emplace_back("model-options", program.model.model_options);
  }
  for (const DataFile& file : program.train.files) settings.emplace_back("train", file.path);
  if (program.valid.part == DataPart::kHeldOut) {
    settings.emplace_back("valid-share", FormatFloat9(1.0 / program.valid.held_out_of));
  } else {
    for (const DataFile& file : program.valid.files) settings.emplace_back("valid", file.path);
  }
  settings.emplace_back("format", std::string(FormatName(program.train.format)));
  for (auto& option : DescribeReadSpec(program.train.read)) settings.push_back(std::move(option));
  settings.emplace_back("order", program.train.order == DataOrder::kFile ? "file" : "shuffled");
  AddLearning(program, &settings);
  AddFeatures(program.model.retention, &settings);
  settings.emplace_back("epochs", std::to_string(program.schedule.epochs));
  return settings;
}

}  // namespace cairn
