#include "sharding/consistency.h"

#include "base/check.h"
#include "base/numbers.h"
#include "base/status.h"
#include "wire/limits.h"

namespace cairn {
namespace {

constexpr std::string_view kSspPrefix = "ssp:";

}  // namespace

absl::StatusOr<ConsistencyMode> ParseConsistency(std::string_view text) {
  if (text == "asp") return ConsistencyMode{.consistency = Consistency::kAsp};
  if (text == "bsp") return ConsistencyMode{.consistency = Consistency::kBsp};
  if (text.starts_with(kSspPrefix)) {
    const absl::StatusOr<uint64_t> staleness = ParseU64(text.substr(kSspPrefix.size()));
    if (!staleness.ok()) return Annotate(staleness.status(), "consistency: steps after \"ssp:\"");
    if (*staleness <= limits::kStalenessMax) {
      return ConsistencyMode{.consistency = Consistency::kSsp,
                             .staleness = static_cast<uint32_t>(*staleness)};
    }
    return InvalidArgument("consistency: ssp takes a staleness of 0 .. ", limits::kStalenessMax,
                           " steps, not ", *staleness);
  }
  return InvalidArgument("consistency: \"", text.substr(0, 40),
                         "\" is none of asp, bsp, ssp:K (K steps, 0 .. ", limits::kStalenessMax,
                         ")");
}

std::string FormatConsistency(const ConsistencyMode& mode) {
  switch (mode.consistency) {
    case Consistency::kAsp:
      return "asp";
    case Consistency::kBsp:
      return "bsp";
    case Consistency::kSsp:
      return Concat(kSspPrefix, mode.staleness);
  }
  CheckFailed(__FILE__, __LINE__, "a Consistency that is none");
}

}  // namespace cairn
