// Which columns files of data have: read from their first lines.
#pragma once

#include "absl/status/status.h"
#include "train/column_plan.h"
#include "train/data_format.h"
#include "train/data_source.h"
#include "train/read_spec.h"

namespace cairn {

// Completes a spec with what the files say, so that it holds all that a reader needs.
//
// csv without known columns: the first line of every file must name the same ones. csv with known
// columns, of a model or of the training data: if they came from a header, the files' header is
// read, which may have another order and more columns, but must have what the features need; if
// not, all columns must be there, but for the label's where it is optional. libffm: crosses get
// fields above those of the first file's first rows.
//
// Errors as MakeColumnPlan, with the file; kInvalidArgument: headers that differ or are broken.
absl::Status ResolveColumns(const DataSource& source, DataFormat format, LabelNeed need,
                            ReadSpec* spec);

}  // namespace cairn
