// What is in data: one pass over all of it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "train/chunks.h"
#include "train/column_stat.h"
#include "train/data_source.h"
#include "train/read_spec.h"

namespace cairn {

struct DataStatOptions {
  std::vector<std::string> paths;    // As DataPaths::Expand takes them.
  std::optional<DataFormat> format;  // None: told from the first rows.
  ReadSpec read = {};                // As DefineOptions::read.
  // Told a few times a second, and at the end, how far it has come; false gives up.
  std::function<bool(double share)> progress;
};

// Rows that cannot be parsed are counted and otherwise left out of all figures.
struct DataStat {
  struct File {
    std::string name;
    TextStorage storage;
    uint64_t text_bytes = 0;
  };
  // More different labels than that are a quantity, and no classes.
  static constexpr size_t kClassesMax = 100;
  struct Labels {
    double min = 0, mean = 0, max = 0;
    std::map<float, uint64_t> classes;  // Rows of each; empty if there are more than kClassesMax.
  };
  struct Distinct {
    uint64_t count = 0;
    bool exact = true;  // False: an estimate, with DistinctCounter::kStandardError.
  };

  std::vector<File> files;
  DataFormat format = DataFormat::kLibsvm;
  uint64_t rows = 0;
  uint64_t bad_rows = 0;
  std::string first_bad_row;  // "path:line:column: what"; "": there is none.
  // False: csv of which no column is named as the label; the figures of labels are NaN.
  bool has_labels = true;
  Labels labels;
  // Of a row.
  uint64_t features_min = 0;
  uint64_t features_max = 0;
  uint64_t features = 0;  // Of all rows.
  Distinct keys;
  uint64_t fields = 0;          // Different ones; 0 where the format has none.
  uint64_t values_not_one = 0;  // Features with another value than 1.
  // csv and criteo: of all rows with as many cells as there are columns, the label's among them.
  std::vector<ColumnStat> columns;
};

// Memory is bounded as DataSource's is, whatever the data's size. Fails as DataPaths::Expand,
// DataSource::Open and DefineData do; kCancelled: `progress` gave up; kInvalidArgument: there is no
// good row, with what is wrong with the first one.
absl::StatusOr<DataStat> StatData(const DataStatOptions& options);

}  // namespace cairn
