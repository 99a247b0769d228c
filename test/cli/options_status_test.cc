#include <catch2/catch.hpp>

#include "cli/section.h"

namespace cairn {
namespace {

TEST_CASE("A coordinator has an address", "[options]") {
  CHECK(Complaint(StatusOptions(), "coordinator", "tcp://127.0.0.1:4100").empty());
  CHECK(Complaint(StatusOptions(), "coordinator", "ipc:///run/c").empty());
  CHECK(Complaint(StatusOptions(), "coordinator", "127.0.0.1").starts_with("--coordinator: "));
}

TEST_CASE("Nobody waits for no time, or for ever", "[options]") {
  CHECK(Complaint(StatusOptions(), "timeout", "0.5").empty());
  CHECK_FALSE(Complaint(StatusOptions(), "timeout", "0").empty());
  CHECK_FALSE(Complaint(StatusOptions(), "timeout", "3601").empty());
}

}  // namespace
}  // namespace cairn
