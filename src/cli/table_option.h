// A table of a job as one option: --table 'name=weights width=8 optimizer=adagrad lr=0.1'.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/table.h"

namespace cairn {

// Words "name=value", separated by blanks; doc/cluster.md lists the names. One part a row: programs
// that need several have a coordinator of their own (cairn/coordinator.h). kInvalidArgument says
// which word is wrong, and what is legal or was probably meant.
absl::StatusOr<TableSpec> ParseTable(std::string_view text);

}  // namespace cairn
