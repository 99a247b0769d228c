// The key of a feature that a person names: what hashing made of columns and their values.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/types.h"
#include "train/chunks.h"

namespace cairn {

// As the features of `data` are named: "country=US" for a value of a column, "price" for a column
// of numbers, "country=US*device=phone" for a cross of these columns; of libsvm, libffm and idx the
// index itself. doc/data.md, "Keys". kInvalidArgument says what there is instead.
absl::StatusOr<Key> KeyOfFeature(const DataDefinition& data, std::string_view feature);

}  // namespace cairn
