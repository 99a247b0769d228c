#include <catch2/catch.hpp>

#include "cli/section.h"

namespace cairn {
namespace {

TEST_CASE("The options of inspect are its own", "[options]") {
  for (const OptionSpec& spec : InspectionOptions()) {
    INFO(spec.name);
    CHECK(spec.commands == CommandSpec::kInspect);
  }
}

TEST_CASE("Partitions and the length of lists have bounds", "[options]") {
  CHECK(Complaint(InspectionOptions(), "partitions", "65536").empty());
  CHECK_FALSE(Complaint(InspectionOptions(), "partitions", "48").empty());
  CHECK(Complaint(InspectionOptions(), "top", "0").empty());
  CHECK_FALSE(Complaint(InspectionOptions(), "top", "10001").empty());
}

}  // namespace
}  // namespace cairn
