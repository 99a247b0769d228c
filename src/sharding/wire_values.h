// Which values a job rounds before they travel, and how its choice is written: "f32", "bf16",
// "bf16+f8".
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/job.h"

namespace cairn {

// Are this table's values rounded when they are pulled and pushed in training?
bool IsRounded(const JobSpec& job, const TableSpec& table);

// kInvalidArgument quotes the text and says what is legal.
absl::StatusOr<WireValues> ParseWireValues(std::string_view text);

// What ParseWireValues reads back. CHECKs that it is one.
std::string FormatWireValues(WireValues values);

}  // namespace cairn
