#include "cli/inspect_view.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/escape.h"
#include "base/numbers.h"
#include "base/status.h"
#include "base/units.h"
#include "cli/text_table.h"
#include "cluster/model_text.h"

namespace cairn {
namespace {

constexpr size_t kNameColumns = 14;
constexpr size_t kFloatsShown = 8;  // Of one list of floats; more would fill the screen.

std::string Line(std::string_view name, const std::string& value) {
  std::string line(name);
  line.resize(std::max(kNameColumns, name.size() + 1), ' ');
  return line + value + "\n";
}

std::string Left(std::string text, size_t columns) {
  text.insert(0, columns - std::min(columns, text.size()), ' ');
  return text;
}

// The fewest digits that tell a float from its neighbours.
std::string Short(float value) {
  if (!std::isfinite(value)) return FormatFloat9(value);
  std::string text;
  AppendFloatBits(value, &text);
  return text;
}

std::string Short(double value) { return Short(static_cast<float>(value)); }

std::string Percent(uint64_t part, uint64_t all) {
  if (all == 0) return "-";
  const double share = static_cast<double>(part) / static_cast<double>(all);
  return FormatFloat9(std::round(share * 1e4) / 1e2) + " %";
}

std::string Plural(uint64_t count, std::string_view noun) {
  return Concat(HumanCount(count), " ", noun, count == 1 ? "" : "s");
}

std::string Floats(const std::vector<float>& values) {
  std::string text;
  for (size_t i = 0; i < std::min(values.size(), kFloatsShown); ++i) {
    text += (i == 0 ? "" : " ") + Short(values[i]);
  }
  if (values.size() > kFloatsShown) text += Concat(" ... (", values.size(), ")");
  return text;
}

std::string DescribeInitializer(const InitializerSpec& initializer) {
  switch (initializer.kind) {
    case InitializerSpec::Kind::kZero:
      return "starts at 0";
    case InitializerSpec::Kind::kConstant:
      return "starts at " + Short(initializer.scale);
    case InitializerSpec::Kind::kNormal:
      return Concat("starts normally distributed, deviation ", Short(initializer.scale));
  }
  return "";
}

// "2nd", "13th".
std::string Ordinal(uint32_t number) {
  const bool teens = number / 10 % 10 == 1;
  const uint32_t last = teens ? 0 : number % 10;
  return Concat(number, last == 1 ? "st" : last == 2 ? "nd" : last == 3 ? "rd" : "th");
}

// Only what the optimizer's defaults do not say already.
std::string DescribeOptimizer(const OptimizerSpec& optimizer) {
  std::string text = Escape(optimizer.name);
  const OptimizerSpec standard;
  const auto add = [&](std::string_view name, float value, float usual) {
    if (value != usual) text += Concat(", ", name, " ", Short(value));
  };
  text += ", learning_rate " + Short(optimizer.learning_rate);
  add("l1", optimizer.l1, standard.l1);
  add("l2", optimizer.l2, standard.l2);
  add("beta1", optimizer.beta1, standard.beta1);
  add("beta2", optimizer.beta2, standard.beta2);
  add("beta", optimizer.beta, standard.beta);
  add("epsilon", optimizer.epsilon, standard.epsilon);
  add("initial_accumulator", optimizer.initial_accumulator, standard.initial_accumulator);
  return text;
}

// Of a table that has none, nothing.
std::string DescribeRetention(const RetentionSpec& retention) {
  std::string text;
  if (retention.admit_count > 1) {
    text += Line("  admission", Concat("with the ", Ordinal(retention.admit_count),
                                       " occurrence in the first epoch; sketches of ",
                                       HumanBytes(retention.sketch_bytes)));
  }
  if (retention.admit_probability < 1) {
    text += Line("  admission", Concat("a chance of ", Short(retention.admit_probability),
                                       " for each occurrence in the first epoch"));
  }
  if (retention.expire_steps > 0) {
    text += Line("  expiry",
                 Concat("after ", Plural(retention.expire_steps, "step"), " of a partition",
                        retention.expire_below == 0
                            ? ""
                            : Concat(", with weights below ", Short(retention.expire_below))));
  }
  if (retention.bytes_max > 0) text += Line("  budget", HumanBytes(retention.bytes_max));
  return text;
}

std::string DescribeTable(const TableReport& table) {
  const TableSpec& spec = table.spec;
  std::string text = Concat("\ntable ", spec.name);
  if (spec.kind == TableSpec::Kind::kDense) {
    text += Concat(", dense: ", Plural(spec.dense_size, "float"), " in ",
                   Plural(spec.blocks(), "block"), "\n");
  } else {
    text += ", sparse\n";
  }
  for (size_t i = 0; i < spec.parts.size(); ++i) {
    const PartSpec& part = spec.parts[i];
    text +=
        Line(Concat("  part ", i), Concat(part.width, " wide; ", DescribeOptimizer(part.optimizer),
                                          "; ", Plural(table.state_floats[i], "float"),
                                          " of state; ", DescribeInitializer(part.initializer)));
  }
  return text + DescribeRetention(spec.retention);
}

std::string DescribeSkew(const TableReport& table, uint32_t partitions) {
  if (table.rows == 0) return "none";
  const double mean = static_cast<double>(table.rows) / partitions;
  const double skew = static_cast<double>(table.partition_rows_max) / mean;
  return Concat(HumanCount(table.partition_rows_min), " to ",
                Plural(table.partition_rows_max, "row"), " each; the fullest has ",
                FormatFloat9(std::round(skew * 100) / 100), " times the mean");
}

std::string DescribeWeights(const TableReport& table) {
  std::string text =
      Line("  weights", Concat(HumanCount(table.weights), ", ", Percent(table.zeros, table.weights),
                               " of them exactly 0",
                               table.not_finite == 0
                                   ? ""
                                   : Concat(", ", HumanCount(table.not_finite), " not finite")));
  return text + Line("  values", Concat(Short(table.min), " to ", Short(table.max), ", mean ",
                                        Short(table.mean), ", norm ", Short(table.norm)));
}

// "0", "1", "2 to 3", "4 to 7": how often the rows of a class were seen.
std::string SeenClass(size_t index) {
  if (index < 2) return HumanCount(index);
  const uint64_t least = uint64_t{1} << (index - 1);
  return Concat(HumanCount(least), " to ", HumanCount(2 * least - 1));
}

std::string DescribeSeen(const TableReport& table) {
  std::string text =
      Line("  seen", Plural(table.seen_sum, "time") + " in training; rows by how often:");
  for (size_t i = 0; i < table.seen.size(); ++i) {
    if (table.seen[i] == 0) continue;
    text += Concat(Left(SeenClass(i), 28), Left(HumanCount(table.seen[i]), 16),
                   Left(Percent(table.seen[i], table.rows), 10), "\n");
  }
  return text;
}

std::string DescribeHeaviest(const TableReport& table) {
  if (table.heaviest.empty()) return "";
  const bool dense = table.spec.kind == TableSpec::Kind::kDense;
  std::string text = Concat(Left(dense ? "heaviest block" : "heaviest key", 22), Left("seen", 12),
                            Left("partition", 11), "  weights\n");
  for (const SavedRow& row : table.heaviest) {
    text += Concat(Left(std::to_string(row.key), 22), Left(HumanCount(row.seen), 12),
                   Left(std::to_string(row.partition), 11), "  ", Floats(row.weights), "\n");
  }
  return text;
}

}  // namespace

std::string ModelReportAsText(const ModelReport& report) {
  std::string text = Line("model", report.model.empty() ? "of a program of its own" : report.model);
  text += Line("job", Concat(Escape(report.job), ", seed ", report.seed));
  text += Line("digest", report.digest + ", recomputed from the rows");
  text += Line("partitions", std::to_string(report.partitions));
  text +=
      Line("on disk", Concat(HumanBytes(report.file_bytes), "; ", HumanBytes(report.file_bytes_min),
                             " to ", HumanBytes(report.file_bytes_max), " a partition"));
  if (!report.settings.empty()) text += "\ntrained with\n" + FormatSettings(report.settings);
  for (const TableReport& table : report.tables) {
    text += DescribeTable(table);
    text += Line("  rows", Concat(HumanCount(table.rows), ", ", Plural(table.row_bytes, "byte"),
                                  " of a file each"));
    text += Line("  partitions", DescribeSkew(table, report.partitions));
    text += DescribeWeights(table) + DescribeSeen(table) + DescribeHeaviest(table);
  }
  return text;
}

std::string KeyReportsAsText(Key key, const std::vector<KeyReport>& reports) {
  if (reports.empty()) return Concat("no table can have a row ", key, "\n");
  std::string text;
  for (const KeyReport& report : reports) {
    if (report.rows.empty()) {
      text += Concat("table ", report.table, " has no row of key ", key,
                     "; it would be in partition ", report.partition, "\n");
      continue;
    }
    const SavedRow& row = report.rows[0];
    text += Concat("table ", report.table, ", key ", key, "\n");
    text += Line("  partition", std::to_string(row.partition));
    text += Line("  seen", Concat(Plural(row.seen, "time"), " in an epoch"));
    text += Line("  weights", Floats(row.weights));
    for (size_t i = 0; i < row.state.size(); ++i) {
      text += Line(Concat("  state ", i), row.state[i].empty() ? "none" : Floats(row.state[i]));
    }
  }
  return text;
}

}  // namespace cairn
