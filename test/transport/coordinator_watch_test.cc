#include "transport/coordinator_watch.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/status.h"

namespace cairn {
namespace {

TEST_CASE("a member is well while it hears of its coordinator") {
  CoordinatorWatch watch;
  const std::string address = "tcp://node1:7700";
  const absl::Status unheard = watch.Health(address, 0);
  CHECK(unheard.code() == absl::StatusCode::kUnavailable);
  CHECK_THAT(std::string(MessageOf(unheard)), Catch::Contains("no answer yet"));

  constexpr Micros kHeard = 0;  // A time source may begin anywhere.
  watch.Heard(kHeard);
  CHECK(watch.Health(address, kHeard) == absl::OkStatus());
  CHECK(watch.Health(address, kHeard + CoordinatorWatch::kSilenceMax - 1) == absl::OkStatus());
  const absl::Status silent = watch.Health(address, kHeard + 7 * kMicrosPerSecond);
  CHECK(silent.code() == absl::StatusCode::kUnavailable);
  CHECK(MessageOf(silent) == "the coordinator at tcp://node1:7700 has been silent for 7 s");
  watch.Heard(kHeard + 8 * kMicrosPerSecond);
  CHECK(watch.Health(address, kHeard + 9 * kMicrosPerSecond) == absl::OkStatus());
}

}  // namespace
}  // namespace cairn
