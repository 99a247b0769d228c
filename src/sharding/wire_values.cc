#include "sharding/wire_values.h"

#include <algorithm>

#include "base/check.h"
#include "base/status.h"

namespace cairn {
namespace {

constexpr WireValues kAll[] = {WireValues::kF32, WireValues::kBf16, WireValues::kBf16F8};

}  // namespace

bool IsRounded(const JobSpec& job, const TableSpec& table) {
  if (job.wire_values == WireValues::kF32 || table.kind == TableSpec::Kind::kDense) return false;
  return std::none_of(table.parts.begin(), table.parts.end(), [](const PartSpec& part) {
    return part.optimizer.name == "sum" || part.optimizer.name == "assign";
  });
}

absl::StatusOr<WireValues> ParseWireValues(std::string_view text) {
  for (const WireValues values : kAll) {
    if (text == FormatWireValues(values)) return values;
  }
  return InvalidArgument("\"", text, "\" is none of f32, bf16, bf16+f8");
}

std::string FormatWireValues(WireValues values) {
  switch (values) {
    case WireValues::kF32:
      return "f32";
    case WireValues::kBf16:
      return "bf16";
    case WireValues::kBf16F8:
      return "bf16+f8";
  }
  CheckFailed(__FILE__, __LINE__, "WireValues that are none");
}

}  // namespace cairn
