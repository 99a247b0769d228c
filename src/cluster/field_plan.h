// Models of which features belong to fields ("ffm", "wide_deep", "deepfm"): how many fields there
// are, and for data that names none, where they are. From the options and a sample; doc/models.md
// holds the rules.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "cairn/train.h"
#include "train/chunks.h"
#include "train/data_sample.h"
#include "train/data_source.h"

namespace cairn {

bool HasFields(std::string_view model);

// kInvalidArgument: --fields for a model without, or out of its range.
absl::Status CheckFieldOptions(const TrainOptions& options);

// Fills in ReadSpec::fields and field_starts of `definition`: what `source` is, of which `sample`
// is. Models without fields get none; so do networks on data that has none. `before`: the data of
// the model to start from, of which the fields hold; without files if there is none. Notes what was
// found in indices. kInvalidArgument: --fields contradicts the data. kFailedPrecondition: the data
// has no fields, or more than the model to start from.
absl::Status PlanFields(const TrainOptions& options, const DataDefinition& before,
                        const DataSource& source, const DataSample& sample,
                        DataDefinition* definition, std::vector<std::string>* notes);

}  // namespace cairn
