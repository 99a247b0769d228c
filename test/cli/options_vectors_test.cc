#include <catch2/catch.hpp>
#include <string>

#include "cli/section.h"

namespace cairn {
namespace {

TEST_CASE("Vectors have at least one number, and no more than can be used", "[options]") {
  CHECK(Complaint(VectorOptions(), "dim", "1024").empty());
  for (const char* dim : {"0", "1025", "-1"}) {
    CHECK(Complaint(VectorOptions(), "dim", dim) ==
          std::string("--dim \"") + dim + "\": must be a whole number, 1 to 1,024");
  }
  CHECK(Complaint(VectorOptions(), "init-scale", "0") ==
        "--init-scale \"0\": must be a number above 0, at most 1,000,000");
}

}  // namespace
}  // namespace cairn
