#include "sharding/consistency.h"

#include <string>
#include <vector>

#include "base/check.h"
#include "base/numbers.h"
#include "base/status.h"
#include "base/suggest.h"
#include "base/units.h"
#include "wire/limits.h"

namespace cairn {
namespace {

constexpr std::string_view kSspPrefix = "ssp:";

// The mode that was probably meant, with the steps that were given; "" if none is close.
std::string Guess(std::string_view text) {
  static const std::vector<std::string> kNames = {"asp", "bsp", "ssp"};
  const size_t colon = text.find(':');
  const std::string name = ClosestWord(text.substr(0, colon), kNames);
  if (name != "ssp") return colon == text.npos ? name : "";
  const std::string_view steps = colon == text.npos ? "" : text.substr(colon + 1);
  return Concat(kSspPrefix, ParseU64(steps).ok() ? steps : "K");
}

}  // namespace

absl::StatusOr<ConsistencyMode> ParseConsistency(std::string_view text) {
  if (text == "asp") return ConsistencyMode{.consistency = Consistency::kAsp};
  if (text == "bsp") return ConsistencyMode{.consistency = Consistency::kBsp};
  if (text.starts_with(kSspPrefix)) {
    const absl::StatusOr<uint64_t> staleness = ParseU64(text.substr(kSspPrefix.size()));
    if (!staleness.ok()) return Annotate(staleness.status(), "steps after \"ssp:\"");
    if (*staleness <= limits::kStalenessMax) {
      return ConsistencyMode{.consistency = Consistency::kSsp,
                             .staleness = static_cast<uint32_t>(*staleness)};
    }
    return InvalidArgument("ssp takes a staleness of 0 to ", HumanCount(limits::kStalenessMax),
                           " steps, not ", HumanCount(*staleness));
  }
  const std::string guess = Guess(text);
  return InvalidArgument(Quoted(text), " is none of asp, bsp, ssp:K (K steps, 0 to ",
                         HumanCount(limits::kStalenessMax), ")",
                         guess.empty() ? "" : Concat("; did you mean ", guess, "?"));
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
