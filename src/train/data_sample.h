// A first look at the data: how to cut it into batches, and the figures that default settings are
// functions of. Depends on the data alone, never on the cluster.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "train/chunks.h"
#include "train/column_plan.h"
#include "train/data_source.h"
#include "train/row_batch.h"

namespace cairn {

struct DefineOptions {
  std::optional<DataFormat> format;  // None: told from the first rows.
  uint32_t batch_rows = 1000;        // About so many rows in a batch, >= 1.
  uint64_t seed = 1;
  DataOrder order = DataOrder::kShuffled;
  ReadSpec read = {};  // As the user, the training data or the model has it; the files complete it.
  LabelNeed labels = LabelNeed::kRequired;
  uint32_t held_out_of = 0;  // Only the part that is learnt from, if not 0.
};

// The format of the first file, by its first rows. kInvalidArgument: none can be told.
absl::StatusOr<DataFormat> TellFormat(const DataSource& source, char delimiter);

// Cuts the data into chunks of about min(64, batch_rows) lines and batches of about batch_rows
// rows, by the length of the lines in some pieces from all over the files, a MiB or little more.
// The same files give the same definition. kInvalidArgument: no format can be told, the files are
// not of the format or no text, or batch_rows is out of range. Or as ResolveColumns says.
absl::StatusOr<DataDefinition> DefineData(const DataSource& source, const DefineOptions& options);

struct DataSample {
  uint64_t rows = 0;  // That were looked at; bad ones are left out.
  double features_per_row = 0;
  double rows_per_chunk = 0;
  double rows_estimate = 0;  // Of all the data; exact if it is small.
  // Both by the rows' weights.
  double positive_share = 0;  // Of labels above 0: the base rate of two classes.
  double mean_label = 0;
  bool labels_are_binary = false;   // All are 0 or 1, or all are -1 or +1.
  double label_deviation = 0;       // The root of the variance; by the rows' weights, too.
  bool labels_are_classes = false;  // All are whole numbers 0 .. kClassesMax - 1.
  float largest_label = 0;
  std::optional<float> only_label;  // All rows have it.
  double squares_per_row = 0;       // The sum of the squares of a row's values.
  uint32_t fields = 0;              // The highest field + 1; 0 for libsvm.
  // Numeric columns with a value of which the magnitude is above kNumberMax: how many there are,
  // and the one with the largest. What is larger makes steps of gradients that are too long.
  static constexpr float kNumberMax = 10;
  uint32_t large_columns = 0;
  std::string largest_column;
  float largest_value = 0;
};

// The rows of some chunks, always the same ones, spread over all the data. kInvalidArgument if they
// hold no row, with what is wrong with the first one.
absl::StatusOr<RowBatch> SampleRows(const DataSource& source, const DataDefinition& definition);

// What these rows look like. Fails as SampleRows.
absl::StatusOr<DataSample> SampleData(const DataSource& source, const DataDefinition& definition);

}  // namespace cairn
