#include "cli/checkpoint_view.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "base/escape.h"
#include "base/json.h"
#include "base/json_log.h"
#include "base/status.h"
#include "base/units.h"
#include "cli/status_view.h"
#include "cli/text_table.h"
#include "cluster/status_json.h"
#include "sharding/consistency.h"

namespace cairn {
namespace {

constexpr size_t kNameColumns = 14;
constexpr size_t kStreamsShown = 8;  // More would fill the screen.

constexpr std::string_view kNoManifest = "no MANIFEST; it is being taken, or was left over";

std::string Line(std::string_view name, const std::string& value) {
  std::string line(name);
  line.resize(std::max(kNameColumns, name.size() + 1), ' ');
  return line + value + "\n";
}

std::string Plural(uint64_t count, std::string_view noun) {
  return Concat(HumanCount(count), " ", noun, count == 1 ? "" : "s");
}

// "2026-11-30T09:55:38Z"; "-" if it is not known.
std::string Written(const ShownCheckpoint& checkpoint) {
  constexpr size_t kToTheSecond = 19;
  if (!checkpoint.written.has_value()) return "-";
  return FormatUtc(*checkpoint.written).substr(0, kToTheSecond) + "Z";
}

std::string_view StateOf(const CheckpointInfo& info) {
  if (!info.has_manifest) return "incomplete";
  if (info.fault.ok()) return "complete";
  return info.damaged() ? "damaged" : "unreadable";
}

std::string WhatIsWrong(const CheckpointInfo& info) {
  return std::string(info.has_manifest ? MessageOf(info.fault) : kNoManifest);
}

// "2 of 5, 37 %".
std::string EpochCell(const CheckpointInfo& info) {
  if (!info.complete()) return "-";
  const CheckpointProgress progress = ProgressOf(info.job);
  if (progress.epochs == 0) return "no epochs";
  const std::string epoch = Concat(progress.epoch, " of ", progress.epochs);
  if (progress.batches == 0) return epoch;
  // Downwards: 100 % is all of it.
  const auto percent = static_cast<uint64_t>(100 * static_cast<double>(progress.batches_done) /
                                             static_cast<double>(progress.batches));
  return Concat(epoch, ", ", percent, " %");
}

// "all rows", "since 6".
std::string HoldsCell(const CheckpointInfo& info) {
  if (!info.complete()) return "-";
  return info.since() == 0 ? "all rows" : Concat("since ", info.since());
}

TextRow ListRow(const ShownCheckpoint& checkpoint) {
  const CheckpointInfo& info = checkpoint.info;
  std::string state(StateOf(info));
  if (!info.complete()) state += ": " + WhatIsWrong(info);
  return {std::to_string(info.number),
          Written(checkpoint),
          info.complete() ? HumanCount(info.rows()) : "-",
          HumanBytes(info.bytes),
          HumanCount(info.files),
          HoldsCell(info),
          EpochCell(info),
          state};
}

std::string DescribeStream(StreamId id, const StreamState& stream) {
  const std::string text = Concat(id, " at step ", stream.progress);
  const bool has_end = stream.work.kind != StreamWork::Kind::kClient;
  return has_end ? Concat(text, " of ", stream.work.last) : text;
}

std::string DescribeStreams(const JobState& job) {
  std::string text;
  size_t open = 0;
  for (const auto& [id, stream] : job.streams) {
    if ((id & kEvaluationBit) != 0) continue;
    if (open++ < kStreamsShown) text += Concat(open == 1 ? "" : ", ", DescribeStream(id, stream));
  }
  if (open == 0) return "none open";
  return Concat(open, " open: ", text, open > kStreamsShown ? ", ..." : "");
}

std::string DescribeKept(const JobState& job) {
  std::string text = job.checkpoints.size() == 1 ? "checkpoint" : "checkpoints";
  for (const CheckpointState& each : job.checkpoints) {
    text += Concat(&each == &job.checkpoints.front() ? " " : ", ", each.id);
  }
  return text;
}

std::string DescribeTraining(const CheckpointInfo& info) {
  const JobState& job = info.job;
  if (job.plan.schedule.epochs == 0) return "without data: programs push what they like";
  const std::string text = Concat("epoch ", EpochCell(info), " of its batches");
  // Rows are counted up to the moment in which the step was chosen.
  if (job.checkpoints.back().cut != kOwnMoment) return text;
  return Concat(text, "; ", Plural(job.rows_total, "row"), " learnt so far");
}

std::string DescribeTable(const TableReport& table) {
  const TableSpec& spec = table.spec;
  if (spec.kind == TableSpec::Kind::kSparse) {
    return Concat("table ", spec.name, ", sparse: ", Plural(table.rows, "row"), "\n");
  }
  return Concat("table ", spec.name, ", dense: ", Plural(spec.dense_size, "float"), " in ",
                Plural(spec.blocks(), "block"), "\n");
}

std::string JobLines(const CheckpointInfo& info) {
  const JobState& job = info.job;
  std::string text = Line("training", DescribeTraining(info));
  text += Line("consistency", FormatConsistency(job.job.mode));
  const StepIndex cut = job.checkpoints.back().cut;
  if (cut != kOwnMoment) text += Line("as of", Concat("step ", cut, " of every stream"));
  text += Line("streams", DescribeStreams(job));
  text += Line("kept", DescribeKept(job) + " at that time");
  if (!job.kept.files.empty()) {
    text += Line("best model", Concat("of epoch ", job.kept.epoch, ", in ", job.plan.save_dir));
  }
  if (job.rollbacks > 0) text += Line("gone back", Plural(job.rollbacks, "time"));
  return text;
}

// ---- As JSON ------------------------------------------------------------------------------------

void ProgressFields(JsonWriter* json, const JobState& job) {
  const CheckpointProgress progress = ProgressOf(job);
  Field(json, "epoch", progress.epoch);
  Field(json, "epochs", progress.epochs);
  Field(json, "batches_done", progress.batches_done);
  Field(json, "batches", progress.batches);
}

void CommonFields(JsonWriter* json, const ShownCheckpoint& checkpoint) {
  const CheckpointInfo& info = checkpoint.info;
  Field(json, "checkpoint", info.number);
  Field(json, "path", info.path);
  Field(json, "written", checkpoint.written.has_value() ? FormatUtc(*checkpoint.written) : "");
  Field(json, "state", StateOf(info));
  Field(json, "why", info.complete() ? "" : WhatIsWrong(info));
  Field(json, "files", info.files);
  Field(json, "bytes", info.bytes);
  json->Key("strays");
  json->BeginArray();
  for (const std::string& name : info.strays) json->String(name);
  json->EndArray();
  if (!info.complete()) return;
  Field(json, "job", info.job.job.name);
  Field(json, "rows", info.rows());
  Field(json, "since", info.since());
  ProgressFields(json, info.job);
}

void StreamsAsJson(JsonWriter* json, const JobState& job) {
  json->Key("streams");
  json->BeginArray();
  for (const auto& [id, stream] : job.streams) {
    if ((id & kEvaluationBit) != 0) continue;
    json->BeginObject();
    Field(json, "stream", id);
    Field(json, "step", stream.progress);
    Field(json, "last", stream.work.last);
    json->EndObject();
  }
  json->EndArray();
}

void ModelFields(JsonWriter* json, const ModelReport& model) {
  Field(json, "model", model.model);
  Field(json, "seed", model.seed);
  Field(json, "partitions", uint64_t{model.partitions});
  Field(json, "digest", model.digest);
  // A list: names may repeat, as those of data files do.
  json->Key("settings");
  json->BeginArray();
  for (const auto& [name, value] : model.settings) {
    json->BeginObject();
    Field(json, "name", name);
    Field(json, "value", value);
    json->EndObject();
  }
  json->EndArray();
  json->Key("tables");
  json->BeginArray();
  for (const TableReport& table : model.tables) {
    json->BeginObject();
    Field(json, "name", table.spec.name);
    Field(json, "kind", table.spec.kind == TableSpec::Kind::kDense ? "dense" : "sparse");
    Field(json, "rows", table.rows);
    json->EndObject();
  }
  json->EndArray();
}

}  // namespace

std::string CheckpointsAsText(std::span<const ShownCheckpoint> checkpoints) {
  std::vector<TextRow> rows = {
      {"number", "written", "rows", "bytes", "files", "holds", "epoch", "state"}};
  for (const ShownCheckpoint& each : checkpoints) rows.push_back(ListRow(each));
  return FormatTable(rows);
}

std::string CheckpointsAsJson(std::span<const ShownCheckpoint> checkpoints) {
  JsonWriter json;
  json.BeginArray();
  for (const ShownCheckpoint& each : checkpoints) {
    json.BeginObject();
    CommonFields(&json, each);
    json.EndObject();
  }
  json.EndArray();
  return json.Finish();
}

std::string VerifiedAsText(const CheckpointInfo& info) {
  std::string text = Concat("checkpoint ", info.number, "  ");
  if (info.complete()) {
    text += Concat("whole: ", HumanCount(info.rows()), " rows, ", HumanBytes(info.bytes), " in ",
                   Plural(info.files, "file"), "\n");
  } else {
    text += Concat(StateOf(info), ": ", WhatIsWrong(info), "\n");
  }
  for (const std::string& name : info.strays) {
    text += Concat("checkpoint ", info.number, "  ", Escape(name), " is no part of it\n");
  }
  return text;
}

std::string CheckpointAsText(const ShownCheckpoint& checkpoint, const ModelReport& model) {
  const CheckpointInfo& info = checkpoint.info;
  const JobState& job = info.job;
  std::string text = Line("checkpoint", Concat(info.number, " in ", info.path));
  text += Line("written", Written(checkpoint));
  text += Line("model", model.model.empty() ? "of a program of its own" : model.model);
  text += Line("job", Concat(Escape(job.job.name), ", seed ", job.job.seed));
  text += JobLines(info);
  text += Line("partitions", std::to_string(model.partitions));
  text += Line("on disk", Concat(HumanBytes(info.bytes), " in ", Plural(info.files, "file")));
  text += Line("holds", info.since() == 0 ? "all rows"
                                          : Concat("what changed since checkpoint ", info.since(),
                                                   "; needs its files, too"));
  text += Line("digest", model.digest + ", recomputed from the rows");
  if (!job.epochs.empty()) text += "\n" + FormatEpochs(job.epochs);
  if (!model.settings.empty()) text += "\ntrained with\n" + FormatSettings(model.settings);
  text += "\n";
  for (const TableReport& table : model.tables) text += DescribeTable(table);
  return text;
}

std::string CheckpointAsJson(const ShownCheckpoint& checkpoint, const ModelReport& model) {
  const JobState& job = checkpoint.info.job;
  JsonWriter json;
  json.BeginObject();
  CommonFields(&json, checkpoint);
  Field(&json, "consistency", FormatConsistency(job.job.mode));
  const StepIndex cut = job.checkpoints.back().cut;
  if (cut != kOwnMoment) Field(&json, "cut", cut);
  Field(&json, "rows_recorded", job.rows_total);
  Field(&json, "rollbacks", job.rollbacks);
  json.Key("kept");
  json.BeginArray();
  for (const CheckpointState& each : job.checkpoints) json.Integer(each.id);
  json.EndArray();
  if (!job.kept.files.empty()) Field(&json, "best_model_epoch", job.kept.epoch);
  StreamsAsJson(&json, job);
  EpochsAsJson(&json, job.epochs);
  ModelFields(&json, model);
  json.EndObject();
  return json.Finish();
}

}  // namespace cairn
