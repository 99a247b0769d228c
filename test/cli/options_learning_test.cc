#include <catch2/catch.hpp>

#include "cli/section.h"

namespace cairn {
namespace {

TEST_CASE("A learning rate of 0 would learn nothing; a prior of 0 is none", "[options]") {
  CHECK(Complaint(LearningOptions(), "lr", "0") ==
        "--lr \"0\": must be a number above 0, at most 1e+30");
  CHECK(Complaint(LearningOptions(), "lr", "1e-9").empty());
  CHECK(Complaint(LearningOptions(), "l2", "0").empty());
  CHECK(Complaint(LearningOptions(), "l2", "-1") ==
        "--l2 \"-1\": must be a number, 0 to 1,000,000");
}

TEST_CASE("Optimizers that are no trainers are not offered", "[options]") {
  for (const char* name : {"sgd", "adagrad", "rowwise_adagrad", "ftrl", "adam"}) {
    CHECK(Complaint(LearningOptions(), "optimizer", name).empty());
  }
  CHECK_FALSE(Complaint(LearningOptions(), "optimizer", "assign").empty());
}

TEST_CASE("Updates are by the servers, or by the worker row by row", "[options]") {
  CHECK(Complaint(LearningOptions(), "update", "gradient").empty());
  CHECK(Complaint(LearningOptions(), "update", "sequential").empty());
  CHECK_FALSE(Complaint(LearningOptions(), "update", "online").empty());
}

}  // namespace
}  // namespace cairn
