// How a consistency mode is written: "asp", "bsp", "ssp:2".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/types.h"

namespace cairn {

// kInvalidArgument quotes the text and says what is legal.
absl::StatusOr<ConsistencyMode> ParseConsistency(std::string_view text);

// What ParseConsistency reads back. CHECKs that the mode is one.
std::string FormatConsistency(const ConsistencyMode& mode);

}  // namespace cairn
