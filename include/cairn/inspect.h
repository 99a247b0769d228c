// Looking into saved models, as library calls: what `cairn inspect` shows.
//
// All of these read the files of a model piece by piece: their memory does not grow with the model.
// Errors: kNotFound, there is no model; kDataLoss, it is damaged (file and byte are named);
// kInvalidArgument, options that ask for what cannot be. Blocking; thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/table.h"
#include "cairn/types.h"

namespace cairn {

// One row of a table, as it is saved.
struct SavedRow {
  Key key = 0;  // Of dense tables: the number of the block.
  uint32_t partition = 0;
  uint32_t seen = 0;                      // In an epoch of training, about: doc/optimizers.md.
  std::vector<float> weights;             // Of all parts, [TableSpec::width()].
  std::vector<std::vector<float>> state;  // The optimizer's, by part.
  // If workers learnt the model row by row (TrainOptions::update), `weights` is the one weight that
  // follows from the row's floats, and `state` those as they are: doc/optimizers.md.
};

struct TableReport {
  TableSpec spec;
  std::vector<uint32_t> state_floats;  // A row's optimizer state, by part.
  uint64_t rows = 0;
  uint64_t row_bytes = 0;  // Of one row in a file, with its key.

  uint64_t weights = 0;  // In all rows.
  uint64_t zeros = 0;    // Exactly 0, of either sign.
  uint64_t not_finite = 0;
  // Of the finite weights; NaN if there are none.
  double min = 0, max = 0, mean = 0;
  double norm = 0;  // The square root of the sum of squares.

  // Rows by how often they were seen: [0] never, [i] 2^(i-1) to 2^i - 1 times.
  std::array<uint64_t, 33> seen = {};
  uint64_t seen_sum = 0;

  // The rows of each partition; their mean is rows / partitions.
  uint64_t partition_rows_min = 0, partition_rows_max = 0;

  std::vector<SavedRow> heaviest;  // By the norm of their weights, downwards.
};

struct ModelReport {
  std::string job;
  std::string model;  // "lr"; empty if the model was not made by `cairn train`.
  // What it was trained with, under the names of the command line: of each file of data one, of
  // other settings those that hold. Empty likewise.
  std::vector<std::pair<std::string, std::string>> settings;
  uint64_t seed = 0;
  uint32_t partitions = 0;
  uint64_t file_bytes = 0;  // Of all snapshot files.
  uint64_t file_bytes_min = 0, file_bytes_max = 0;
  std::string digest;  // Recomputed from the rows, and equal to the manifest's.
  std::vector<TableReport> tables;
};

struct InspectOptions {
  std::string model_dir;
  std::string table;  // Only this one; "": all.
  uint32_t top = 10;  // How many of the heaviest rows to list, for each table.
};

// Reads and checks every byte of the model, also those of other tables than options.table.
absl::StatusOr<ModelReport> Inspect(const InspectOptions& options);

struct KeyReport {
  std::string table;
  uint32_t partition = 0;      // Where the key's row is, or would be.
  std::vector<SavedRow> rows;  // One, or none.
};

// Looks for `key` in each table (in options.table alone, if given). Reads only the partitions
// where it can be. Blocks of dense tables that cannot exist are left out.
absl::StatusOr<std::vector<KeyReport>> FindKey(const InspectOptions& options, Key key);

// The key of a feature of a model of `cairn train`, by its name: "country=US" for a value of a
// column, "price" for a column of numbers, "country=US*device=phone" for a cross; of libsvm, libffm
// and idx the index itself (doc/data.md, "Keys"). kInvalidArgument: the model has no such column.
absl::StatusOr<Key> KeyOfFeature(const std::string& model_dir, std::string_view feature);

// Writes the whole model as text (doc/model_text.md), piece by piece, and stops at the sink's first
// error. What was told counts only if this returns OK.
absl::Status DumpModel(const std::string& model_dir,
                       const std::function<absl::Status(std::string_view text)>& sink);

struct LoadModelOptions {
  std::string text_path;    // From DumpModel; plain, zstd or gzip.
  std::string save_dir;     // Must not hold a model.
  uint32_t partitions = 0;  // 0: as many as the text says.
  // About so much memory is used; more only if a single partition needs more.
  uint64_t memory_bytes = uint64_t{256} << 20;
};

struct LoadModelReport {
  uint64_t rows = 0;
  uint32_t partitions = 0;
  std::string digest;
};

// Makes a model from its text; without an error in between, the directory holds it in the end, else
// there is none in it. kDataLoss: a line that is wrong (PATH:LINE:COLUMN), or a text that is not
// what its own digest is of. kFailedPrecondition: there is a model in save_dir.
absl::StatusOr<LoadModelReport> LoadModel(const LoadModelOptions& options);

}  // namespace cairn
