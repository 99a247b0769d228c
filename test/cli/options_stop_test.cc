#include <catch2/catch.hpp>

#include "cli/section.h"

namespace cairn {
namespace {

TEST_CASE("A rule that ends at once is not one", "[options]") {
  for (const char* name :
       {"epochs", "max-steps", "max-seconds", "target", "patience", "relative-change"}) {
    INFO(name);
    CHECK_FALSE(Complaint(StopOptions(), name, "0").empty());
    CHECK_FALSE(Complaint(StopOptions(), name, "-1").empty());
    CHECK(Complaint(StopOptions(), name, "1").empty());
  }
  CHECK(Complaint(StopOptions(), "min-delta", "0").empty());
}

}  // namespace
}  // namespace cairn
