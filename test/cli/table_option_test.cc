#include "cli/table_option.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/status.h"

namespace cairn {
namespace {

std::string ErrorOf(const std::string& text) {
  const absl::StatusOr<TableSpec> table = ParseTable(text);
  REQUIRE(table.status().code() == absl::StatusCode::kInvalidArgument);
  return std::string(MessageOf(table.status()));
}

TEST_CASE("a table by its name alone is one float a key, with adagrad", "[table_option]") {
  CHECK(*ParseTable("name=weights") == TableSpec{.name = "weights"});
}

TEST_CASE("every word of a table option counts", "[table_option]") {
  const TableSpec table = *ParseTable(
      "  name=w kind=dense width=8 size=100 optimizer=adam lr=0.5 l1=1 l2=2 beta=3 beta1=0.25 "
      "beta2=0.75 epsilon=0.125 accumulator=4 init=normal:0.5  reduction=mean ");
  TableSpec expected;
  expected.name = "w";
  expected.kind = TableSpec::Kind::kDense;
  expected.dense_size = 100;
  expected.reduction = TableSpec::Reduction::kMean;
  expected.parts[0].width = 8;
  expected.parts[0].optimizer = {.name = "adam",
                                 .learning_rate = 0.5f,
                                 .l1 = 1,
                                 .l2 = 2,
                                 .beta1 = 0.25f,
                                 .beta2 = 0.75f,
                                 .beta = 3,
                                 .epsilon = 0.125f,
                                 .initial_accumulator = 4};
  expected.parts[0].initializer = {InitializerSpec::Kind::kNormal, 0.5f};
  CHECK(table == expected);
  CHECK(ParseTable("name=w init=constant:-1")->parts[0].initializer ==
        InitializerSpec{InitializerSpec::Kind::kConstant, -1});
  CHECK(*ParseTable("name=w init=zero kind=sparse reduction=sum") == TableSpec{.name = "w"});
}

TEST_CASE("--table takes what decides about rows", "[table_option]") {
  TableSpec expected{.name = "w"};
  expected.retention = {.admit_count = 3,
                        .admit_probability = 1,
                        .sketch_bytes = 1u << 20,
                        .expire_steps = 99,
                        .expire_below = 0.25f,
                        .bytes_max = uint64_t{1} << 33};
  CHECK(*ParseTable("name=w admit_count=3 admit_probability=1 sketch_bytes=1048576 "
                    "expire_steps=99 expire_below=0.25 bytes_max=8589934592") == expected);
  CHECK_THAT(ErrorOf("name=w admit_count=4294967298"), Catch::Contains("legal: 1 to 256"));
  CHECK_THAT(ErrorOf("name=w admit_probability=2"), Catch::Contains("at most 1"));
  CHECK_THAT(ErrorOf("name=w admit_counts=2"), Catch::Contains("did you mean admit_count?"));
}

TEST_CASE("what is wrong with a table option is quoted, with what is legal", "[table_option]") {
  CHECK(ErrorOf("").find("name=NAME is missing") != std::string::npos);
  CHECK(ErrorOf("name=w widht=8") ==
        "--table 'name=w widht=8': unknown \"widht\"; did you mean width?");
  CHECK_THAT(ErrorOf("name=w colour=red"), Catch::Contains("there are name, kind, width"));
  CHECK_THAT(ErrorOf("name=w name=v"), Catch::Contains("name is given twice"));
  CHECK_THAT(ErrorOf("weights"), Catch::Contains("\"weights\" is not NAME=VALUE"));
  CHECK_THAT(ErrorOf("name=w kind=round"), Catch::Contains("sparse or dense"));
  CHECK_THAT(ErrorOf("name=w reduction=max"), Catch::Contains("sum or mean"));
  CHECK_THAT(ErrorOf("name=w init=one"), Catch::Contains("zero, constant:X or normal:X"));
  CHECK_THAT(ErrorOf("name=w init=normal:x"), Catch::Contains("\"init=normal:x\""));
  CHECK_THAT(ErrorOf("name=w lr=fast"), Catch::Contains("\"lr=fast\""));
  CHECK_THAT(ErrorOf("name=w width=-1"), Catch::Contains("\"width=-1\""));
  CHECK_THAT(ErrorOf("name=w kind=dense"), Catch::Contains("needs size=FLOATS"));
  CHECK_THAT(ErrorOf("name=w size=7"), Catch::Contains("for kind=dense only"));
  // What a job would refuse is refused here already.
  CHECK_THAT(ErrorOf("name=W"), Catch::Contains("--table 'name=W'"));
  CHECK_THAT(ErrorOf("name=w width=99999999999"), Catch::Contains("width"));
}

}  // namespace
}  // namespace cairn
