#include "cli/report.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/numbers.h"
#include "cli/options.h"
#include "train/program.h"

namespace cairn {
namespace {

// `lines` as an array.
void TextList(JsonWriter* json, std::string_view key, std::string_view lines) {
  json->Key(key);
  json->BeginArray();
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    json->String(line);
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
  }
  json->EndArray();
}

// A number or a list where the option table says so, else text.
void Setting(JsonWriter* json, const std::vector<OptionSpec>& options, const std::string& name,
             const std::string& value) {
  using Kind = OptionSpec::Kind;
  const auto option = std::find_if(options.begin(), options.end(),
                                   [&](const OptionSpec& spec) { return spec.name == name; });
  const Kind kind = option == options.end() ? Kind::kText : option->kind;
  if (kind == Kind::kCount || kind == Kind::kPowerOfTwo) {
    if (const auto count = ParseU64(value); count.ok()) return Field(json, name, *count);
  }
  if (kind == Kind::kTexts) return TextList(json, name, value);
  if (kind == Kind::kReal) {
    if (const auto real = ParseDouble(value); real.ok()) return Field(json, name, *real);
  }
  Field(json, name, value);
}

void Settings(JsonWriter* json, const TrainReport& report) {
  std::vector<OptionSpec> options;
  for (const CommandSpec& command : Commands()) {
    if (command.bit == CommandSpec::kTrain) options = OptionsOf(command);
  }
  json->Key("settings");
  json->BeginObject();
  for (const auto& [name, value] : report.settings) Setting(json, options, name, value);
  json->EndObject();
}

void Epochs(JsonWriter* json, const TrainReport& report) {
  json->Key("epochs");
  json->BeginArray();
  for (const EpochReport& epoch : report.epochs) {
    json->BeginObject();
    Field(json, "epoch", epoch.epoch);
    Field(json, "rows", epoch.rows);
    Field(json, "train_loss", epoch.train_logloss);
    Field(json, "valid_loss", epoch.valid_logloss);
    Field(json, "train_logloss", epoch.train_logloss);  // Its name before there were others.
    Field(json, "valid_logloss", epoch.valid_logloss);
    Field(json, "valid_auc", epoch.valid_auc);
    Field(json, "valid_accuracy", epoch.valid_accuracy);
    if (report.loss == kSquaredLoss) Field(json, "valid_rmse", std::sqrt(epoch.valid_logloss));
    Field(json, "valid_baseline_loss", epoch.valid_baseline_loss);
    Field(json, "valid_baseline_accuracy", epoch.valid_baseline_accuracy);
    Field(json, "valid_calibration", epoch.valid_calibration);
    Field(json, "seconds", epoch.seconds);
    json->EndObject();
  }
  json->EndArray();
}

}  // namespace

std::string TrainReportAsJson(const TrainOptions& options, const TrainReport& report) {
  JsonWriter json;
  json.BeginObject();
  Field(&json, "model", report.model);
  Field(&json, "cluster", report.cluster);
  Field(&json, "servers", uint64_t{options.servers});
  Field(&json, "workers", uint64_t{options.workers});
  Field(&json, "data", report.data);
  Settings(&json, report);
  Field(&json, "rows", report.rows);
  if (report.bad_rows) {
    Field(&json, "bad_rows", *report.bad_rows);
    Field(&json, "first_bad_row", report.first_bad_row);
  }
  Field(&json, "features", report.features);
  Field(&json, "setup_seconds", report.setup_seconds);
  Field(&json, "train_seconds", report.train_seconds);
  Field(&json, "rows_per_second", report.rows_per_second);
  Field(&json, "peak_rss_bytes", report.peak_rss_bytes);
  Field(&json, "bytes_sent", report.bytes_sent);
  Field(&json, "bytes_received", report.bytes_received);
  Field(&json, "frames_refused", report.frames_refused);
  Field(&json, "model_digest", report.model_digest);
  Field(&json, "stop_reason", report.stop_reason);
  Field(&json, "loss", report.loss);
  json.Key("notes");
  json.BeginArray();
  for (const std::string& note : report.notes) json.String(note);
  json.EndArray();
  if (report.best_epoch > 0) Field(&json, "best_epoch", report.best_epoch);
  Field(&json, "model_epoch", report.model_epoch);
  Epochs(&json, report);
  json.EndObject();
  return json.Finish();
}

std::string EvalReportAsJson(const EvalReport& report) {
  JsonWriter json;
  json.BeginObject();
  Field(&json, "model", report.model);
  Field(&json, "rows", report.rows);
  Field(&json, "bad_rows", report.bad_rows);
  Field(&json, "first_bad_row", report.first_bad_row);
  Field(&json, "loss", report.loss);
  Field(&json, "mean_loss", report.logloss);
  Field(&json, "logloss", report.logloss);  // Its name before there were others.
  Field(&json, "auc", report.auc);
  Field(&json, "accuracy", report.accuracy);
  if (report.loss == kSquaredLoss) Field(&json, "rmse", std::sqrt(report.logloss));
  Field(&json, "baseline_loss", report.baseline_loss);
  Field(&json, "baseline_accuracy", report.baseline_accuracy);
  Field(&json, "calibration", report.calibration);
  Field(&json, "seconds", report.seconds);
  json.EndObject();
  return json.Finish();
}

}  // namespace cairn
