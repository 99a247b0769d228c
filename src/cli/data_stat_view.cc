#include "cli/data_stat_view.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/numbers.h"
#include "base/status.h"
#include "base/units.h"
#include "train/distinct_counter.h"

namespace cairn {
namespace {

constexpr size_t kNameColumns = 10;
constexpr size_t kClassesShown = 10;
constexpr uint64_t kCodesMax = 20;  // Columns of so many different values are shown by value.

std::string Line(std::string_view name, const std::string& value) {
  std::string line(name);
  line.resize(kNameColumns, ' ');
  return line + value + "\n";
}

std::string Share(uint64_t part, uint64_t all) {
  const double share = static_cast<double>(part) / static_cast<double>(std::max<uint64_t>(all, 1));
  return FormatFloat9(std::round(share * 1e4) / 1e2) + " %";
}

std::string Rounded(double value) { return FormatFloat9(std::round(value * 1e3) / 1e3); }

std::string Right(const std::string& text, size_t columns) {
  return std::string(columns - std::min(columns, text.size()), ' ') + text;
}

// Without what would disturb a terminal.
std::string Printable(std::string_view text) {
  std::string printable(text);
  std::replace_if(
      printable.begin(), printable.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; },
      '?');
  return printable;
}

std::string Plural(uint64_t count, std::string_view noun) {
  return Concat(HumanCount(count), " ", noun, count == 1 ? "" : "s");
}

std::string FilesText(const DataStat& stat) {
  uint64_t text_bytes = 0;
  uint64_t stored_bytes = 0;
  std::set<std::string_view> compressions;
  for (const DataStat::File& file : stat.files) {
    text_bytes += file.text_bytes;
    stored_bytes += file.storage.bytes;
    if (file.storage.compression != Compression::kNone) {
      compressions.insert(CompressionName(file.storage.compression));
    }
  }
  std::string text = Concat(Plural(stat.files.size(), "file"), ", ", HumanBytes(text_bytes));
  if (compressions.empty()) return text;
  text += Concat("; ", HumanBytes(stored_bytes), " on the disk (");
  for (const std::string_view name : compressions) {
    text += Concat(name == *compressions.begin() ? "" : ", ", name);
  }
  return text + ")";
}

std::string BadRowsText(const DataStat& stat) {
  if (stat.bad_rows == 0) return "none";
  return Concat(HumanCount(stat.bad_rows), " (", Share(stat.bad_rows, stat.rows + stat.bad_rows),
                "), the first: ", stat.first_bad_row);
}

std::string LabelsText(const DataStat& stat) {
  if (!stat.has_labels) return "none named yet: --label COLUMN";
  const DataStat::Labels& labels = stat.labels;
  if (labels.classes.empty()) {
    return Concat(Rounded(labels.min), " to ", Rounded(labels.max), ", mean ",
                  Rounded(labels.mean));
  }
  std::vector<std::pair<float, uint64_t>> classes(labels.classes.begin(), labels.classes.end());
  std::string text;
  for (size_t i = 0; i < std::min(classes.size(), kClassesShown); ++i) {
    const auto& [label, rows] = classes[i];
    text += Concat(i == 0 ? "" : ", ", FormatFloat9(label), ": ", HumanCount(rows), " (",
                   Share(rows, stat.rows), ")");
  }
  if (classes.size() <= kClassesShown) return text;
  return Concat(text, ", ... (", classes.size(), " different ones)");
}

std::string FeaturesText(const DataStat& stat) {
  std::string text = HumanCount(stat.features) + "; ";
  if (stat.features_min == stat.features_max) {
    return text + HumanCount(stat.features_min) + " in each row";
  }
  const double mean = static_cast<double>(stat.features) / static_cast<double>(stat.rows);
  return Concat(text, HumanCount(stat.features_min), " to ", HumanCount(stat.features_max),
                " in a row, mean ", Rounded(mean));
}

std::string DistinctText(const DataStat& stat) {
  std::string text = stat.keys.exact ? "" : "about ";
  text += Plural(stat.keys.count, "different feature");
  if (!stat.keys.exact) {
    text += Concat(" (within ", FormatFloat9(100 * DistinctCounter::kStandardError),
                   " % in two cases of three)");
  }
  if (stat.fields > 0) text += " in " + Plural(stat.fields, "field");
  return text;
}

// 1240 -> "1,240", 0.5 -> "0.5".
std::string NumberText(double value) {
  if (!(std::fabs(value) >= 1e3 && std::fabs(value) < 1e15)) return Rounded(value);
  const std::string whole = HumanCount(static_cast<uint64_t>(std::llround(std::fabs(value))));
  return value < 0 ? "-" + whole : whole;
}

// Of a few numbers, how frequent each is says more than where they lie.
bool IsQuantity(const ColumnStat& column) {
  return column.numbers.has_value() && column.distinct > kCodesMax;
}

bool IsUniqueInNearlyEveryRow(const ColumnStat& column) {
  const auto there = static_cast<double>(column.cells - column.missing);
  return column.distinct > kCodesMax && static_cast<double>(column.distinct) > 0.9 * there;
}

std::string ValuesText(const ColumnStat& column) {
  if (IsQuantity(column)) {
    const ColumnStat::Numbers& numbers = *column.numbers;
    return Concat(NumberText(numbers.min), " to ", NumberText(numbers.max), ", mean ",
                  NumberText(numbers.mean),
                  IsUniqueInNearlyEveryRow(column)
                      ? "; nearly every row has another value: --derive bins of it, or --ignore it"
                      : "");
  }
  if (IsUniqueInNearlyEveryRow(column)) {
    return "nearly every row has another value: --derive hours or days of it, or --ignore it";
  }
  std::string text;
  for (const auto& [value, count] : column.top) {
    text +=
        Concat(text.empty() ? "" : ", ", Printable(value), " (", Share(count, column.cells), ")");
  }
  return text;
}

// A table, a line for each column.
std::string ColumnsText(const std::vector<ColumnStat>& columns) {
  if (columns.empty()) return "";
  size_t widest = std::string_view("column").size();
  for (const ColumnStat& column : columns) widest = std::max(widest, column.name.size());
  const auto row = [&](std::string name, const std::string& missing, const std::string& distinct,
                       const std::string& values) {
    name.resize(widest, ' ');
    return Concat(name, Right(missing, 12), Right(distinct, 12), "  ", values, "\n");
  };
  std::string text = "\n" + row("column", "missing", "different", "most frequent, or range");
  for (const ColumnStat& column : columns) {
    text += row(Printable(column.name), Share(column.missing, column.cells),
                (column.distinct_is_exact ? "" : "~") + HumanCount(column.distinct),
                ValuesText(column));
  }
  return text;
}

void ColumnAsJson(const ColumnStat& column, JsonWriter* json) {
  json->BeginObject();
  Field(json, "name", column.name);
  Field(json, "cells", column.cells);
  Field(json, "missing", column.missing);
  Field(json, "distinct", column.distinct);
  Field(json, "distinct_error", column.distinct_is_exact ? 0.0 : DistinctCounter::kStandardError);
  if (column.numbers) {
    Field(json, "min", column.numbers->min);
    Field(json, "mean", column.numbers->mean);
    Field(json, "max", column.numbers->max);
  }
  json->Key("top");
  json->BeginArray();
  for (const auto& [value, count] : column.top) {
    json->BeginObject();
    Field(json, "value", value);
    Field(json, "cells", count);
    json->EndObject();
  }
  json->EndArray();
  Field(json, "top_error", column.top_is_exact ? 0.0 : 1.0 / FrequentTexts::kKept);
  json->EndObject();
}

}  // namespace

std::string DataStatAsText(const DataStat& stat) {
  const std::string values = stat.values_not_one == 0
                                 ? "all are 1"
                                 : Share(stat.values_not_one, stat.features) + " are not 1";
  return Line("files", FilesText(stat)) + Line("format", std::string(FormatName(stat.format))) +
         Line("rows", HumanCount(stat.rows)) + Line("bad rows", BadRowsText(stat)) +
         Line("labels", LabelsText(stat)) + Line("features", FeaturesText(stat)) +
         Line("distinct", DistinctText(stat)) + Line("values", values) + ColumnsText(stat.columns);
}

std::string DataStatAsJson(const DataStat& stat) {
  JsonWriter json;
  json.BeginObject();
  json.Key("files");
  json.BeginArray();
  for (const DataStat::File& file : stat.files) {
    json.BeginObject();
    Field(&json, "name", file.name);
    Field(&json, "compression", CompressionName(file.storage.compression));
    Field(&json, "stored_bytes", file.storage.bytes);
    Field(&json, "text_bytes", file.text_bytes);
    json.EndObject();
  }
  json.EndArray();
  Field(&json, "format", FormatName(stat.format));
  Field(&json, "rows", stat.rows);
  Field(&json, "bad_rows", stat.bad_rows);
  Field(&json, "first_bad_row", stat.first_bad_row);
  Field(&json, "label_min", stat.labels.min);
  Field(&json, "label_mean", stat.labels.mean);
  Field(&json, "label_max", stat.labels.max);
  json.Key("classes");
  json.BeginArray();
  for (const auto& [label, rows] : stat.labels.classes) {
    json.BeginObject();
    Field(&json, "label", double{label});
    Field(&json, "rows", rows);
    json.EndObject();
  }
  json.EndArray();
  Field(&json, "features", stat.features);
  Field(&json, "features_min", stat.features_min);
  Field(&json, "features_max", stat.features_max);
  Field(&json, "distinct_features", stat.keys.count);
  Field(&json, "distinct_features_error", stat.keys.exact ? 0.0 : DistinctCounter::kStandardError);
  Field(&json, "fields", stat.fields);
  Field(&json, "values_not_one", stat.values_not_one);
  json.Key("columns");
  json.BeginArray();
  for (const ColumnStat& column : stat.columns) ColumnAsJson(column, &json);
  json.EndArray();
  json.EndObject();
  return json.Finish();
}

}  // namespace cairn
