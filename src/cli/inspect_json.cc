#include <string_view>

#include "base/json.h"
#include "cli/inspect_view.h"

namespace cairn {
namespace {

void Floats(JsonWriter* json, std::string_view key, const std::vector<float>& values) {
  json->Key(key);
  json->BeginArray();
  for (const float value : values) json->Real(value);
  json->EndArray();
}

void Part(JsonWriter* json, const PartSpec& part, uint32_t state_floats) {
  static constexpr std::string_view kInitializers[] = {"zero", "constant", "normal"};
  const OptimizerSpec& optimizer = part.optimizer;
  json->BeginObject();
  Field(json, "width", uint64_t{part.width});
  Field(json, "optimizer", optimizer.name);
  Field(json, "learning_rate", double{optimizer.learning_rate});
  Field(json, "l1", double{optimizer.l1});
  Field(json, "l2", double{optimizer.l2});
  Field(json, "beta1", double{optimizer.beta1});
  Field(json, "beta2", double{optimizer.beta2});
  Field(json, "beta", double{optimizer.beta});
  Field(json, "epsilon", double{optimizer.epsilon});
  Field(json, "initial_accumulator", double{optimizer.initial_accumulator});
  Field(json, "initializer", kInitializers[static_cast<size_t>(part.initializer.kind)]);
  Field(json, "scale", double{part.initializer.scale});
  Field(json, "state_floats", uint64_t{state_floats});
  json->EndObject();
}

void Row(JsonWriter* json, const SavedRow& row) {
  json->BeginObject();
  Field(json, "key", row.key);
  Field(json, "partition", uint64_t{row.partition});
  Field(json, "seen", uint64_t{row.seen});
  Floats(json, "weights", row.weights);
  json->Key("state");
  json->BeginArray();
  for (const std::vector<float>& part : row.state) {
    json->BeginArray();
    for (const float value : part) json->Real(value);
    json->EndArray();
  }
  json->EndArray();
  json->EndObject();
}

// Classes without rows are left out.
void Seen(JsonWriter* json, const TableReport& table) {
  Field(json, "seen_sum", table.seen_sum);
  json->Key("seen");
  json->BeginArray();
  for (size_t i = 0; i < table.seen.size(); ++i) {
    if (table.seen[i] == 0) continue;
    const uint64_t least = i == 0 ? 0 : uint64_t{1} << (i - 1);
    json->BeginObject();
    Field(json, "from", least);
    Field(json, "to", i == 0 ? 0 : 2 * least - 1);
    Field(json, "rows", table.seen[i]);
    json->EndObject();
  }
  json->EndArray();
}

void Table(JsonWriter* json, const TableReport& table) {
  const bool dense = table.spec.kind == TableSpec::Kind::kDense;
  json->BeginObject();
  Field(json, "name", table.spec.name);
  Field(json, "kind", dense ? "dense" : "sparse");
  Field(json, "reduction", table.spec.reduction == TableSpec::Reduction::kMean ? "mean" : "sum");
  Field(json, "dense_size", table.spec.dense_size);
  json->Key("parts");
  json->BeginArray();
  for (size_t i = 0; i < table.spec.parts.size(); ++i) {
    Part(json, table.spec.parts[i], table.state_floats[i]);
  }
  json->EndArray();
  const RetentionSpec& retention = table.spec.retention;
  json->Key("retention");
  json->BeginObject();
  Field(json, "admit_count", uint64_t{retention.admit_count});
  Field(json, "admit_probability", double{retention.admit_probability});
  Field(json, "sketch_bytes", retention.sketch_bytes);
  Field(json, "expire_steps", retention.expire_steps);
  Field(json, "expire_below", double{retention.expire_below});
  Field(json, "bytes_max", retention.bytes_max);
  json->EndObject();
  Field(json, "rows", table.rows);
  Field(json, "row_bytes", table.row_bytes);
  Field(json, "partition_rows_min", table.partition_rows_min);
  Field(json, "partition_rows_max", table.partition_rows_max);
  Field(json, "weights", table.weights);
  Field(json, "zeros", table.zeros);
  Field(json, "not_finite", table.not_finite);
  Field(json, "min", table.min);
  Field(json, "max", table.max);
  Field(json, "mean", table.mean);
  Field(json, "norm", table.norm);
  Seen(json, table);
  json->Key("heaviest");
  json->BeginArray();
  for (const SavedRow& row : table.heaviest) Row(json, row);
  json->EndArray();
  json->EndObject();
}

}  // namespace

std::string ModelReportAsJson(const ModelReport& report) {
  JsonWriter json;
  json.BeginObject();
  Field(&json, "model", report.model);
  Field(&json, "job", report.job);
  Field(&json, "seed", report.seed);
  Field(&json, "digest", report.digest);
  Field(&json, "partitions", uint64_t{report.partitions});
  Field(&json, "file_bytes", report.file_bytes);
  Field(&json, "file_bytes_min", report.file_bytes_min);
  Field(&json, "file_bytes_max", report.file_bytes_max);
  // A list: names may repeat, as those of data files do.
  json.Key("settings");
  json.BeginArray();
  for (const auto& [name, value] : report.settings) {
    json.BeginObject();
    Field(&json, "name", name);
    Field(&json, "value", value);
    json.EndObject();
  }
  json.EndArray();
  json.Key("tables");
  json.BeginArray();
  for (const TableReport& table : report.tables) Table(&json, table);
  json.EndArray();
  json.EndObject();
  return json.Finish();
}

std::string KeyReportsAsJson(Key key, const std::vector<KeyReport>& reports) {
  JsonWriter json;
  json.BeginObject();
  Field(&json, "key", key);
  json.Key("tables");
  json.BeginArray();
  for (const KeyReport& report : reports) {
    json.BeginObject();
    Field(&json, "table", report.table);
    Field(&json, "partition", uint64_t{report.partition});
    json.Key("rows");
    json.BeginArray();
    for (const SavedRow& row : report.rows) Row(&json, row);
    json.EndArray();
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return json.Finish();
}

}  // namespace cairn
