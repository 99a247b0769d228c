#include <catch2/catch.hpp>

#include "cli/section.h"

namespace cairn {
namespace {

TEST_CASE("What admits and expires features has its ranges", "[options]") {
  CHECK(Complaint(RetentionOptions(), "admit-count", "256").empty());
  CHECK(Complaint(RetentionOptions(), "admit-count", "0") ==
        "--admit-count \"0\": must be a whole number, 1 to 256");
  CHECK(Complaint(RetentionOptions(), "admit-probability", "1e-9").empty());
  CHECK(Complaint(RetentionOptions(), "admit-probability", "0") ==
        "--admit-probability \"0\": must be a number above 0, at most 1");
  CHECK(Complaint(RetentionOptions(), "sketch-bytes", "65536").empty());
  CHECK_FALSE(Complaint(RetentionOptions(), "sketch-bytes", "65537").empty());
  CHECK_FALSE(Complaint(RetentionOptions(), "sketch-bytes", "1024").empty());
  CHECK_FALSE(Complaint(RetentionOptions(), "expire-steps", "0").empty());
  CHECK_FALSE(Complaint(RetentionOptions(), "expire-below", "0").empty());
  CHECK(Complaint(RetentionOptions(), "table-bytes", "1000000000").empty());
}

}  // namespace
}  // namespace cairn
