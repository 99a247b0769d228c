#include "base/option_environment.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/status.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;
using Texts = std::vector<std::string>;

const std::vector<OptionSpec>& Table() {
  static const auto* const kTable = new std::vector<OptionSpec>{
      {.name = "train", .kind = Kind::kTexts},
      {.name = "max-steps", .kind = Kind::kCount, .counts = {.min = 1}},
      {.name = "save", .kind = Kind::kText},
      {.name = "lr", .kind = Kind::kReal, .other_names = {"learning-rate"}},
      {.name = "trace", .kind = Kind::kSwitch},
      {.name = "dry-run", .kind = Kind::kSwitch, .from = OptionSpec::From::kFlagOnly},
  };
  return *kTable;
}

absl::StatusOr<GivenOptions> Parse(const Texts& environment) {
  return ParseEnvironment(Table(), "CAIRN_TRAIN_", environment);
}

std::string Error(const std::string& variable) {
  const absl::Status status = Parse({variable}).status();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  return std::string(MessageOf(status));
}

TEST_CASE("Variables are options in capitals", "[options]") {
  CHECK(EnvironmentName("CAIRN_DATA_GEN_", "test-rows") == "CAIRN_DATA_GEN_TEST_ROWS");
  const auto given = Parse({"PATH=/bin", "CAIRN_TRAIN_MAX_STEPS=7", "CAIRN_TRAIN_SAVE=a=b c",
                            "CAIRN_TRAIN_TRAIN= a  b ", "CAIRN_TRAIN_TRACE=true"});
  REQUIRE(given.ok());
  CHECK(given->size() == 4);
  CHECK(given->at("max-steps").texts == Texts{"7"});
  CHECK(given->at("max-steps").origin.where == "CAIRN_TRAIN_MAX_STEPS");
  CHECK(given->at("max-steps").origin.kind == OptionOrigin::Kind::kEnvironment);
  CHECK(given->at("save").texts == Texts{"a=b c"});
  CHECK(given->at("train").texts == Texts{"a", "b"});
  CHECK(given->at("trace").texts == Texts{"true"});
}

TEST_CASE("Variables of others are left alone", "[options]") {
  CHECK(Parse({"CAIRN_SERVER_LISTEN=x", "CAIRN_TRAINING=1", "CAIRN_TRAIN_SAVE"})->empty());
}

TEST_CASE("A variable that is wrong is named", "[options]") {
  CHECK(Error("CAIRN_TRAIN_MAX_STEP=7") ==
        "unknown environment variable CAIRN_TRAIN_MAX_STEP; did you mean CAIRN_TRAIN_MAX_STEPS?");
  CHECK(Error("CAIRN_TRAIN_ZZZZZZZZZZ=7") ==
        "unknown environment variable CAIRN_TRAIN_ZZZZZZZZZZ; no option has that name behind "
        "CAIRN_TRAIN_");
  CHECK(Error("CAIRN_TRAIN_LEARNING_RATE=1") ==
        "unknown environment variable CAIRN_TRAIN_LEARNING_RATE; did you mean CAIRN_TRAIN_LR?");
  // An action is asked for where it is done.
  CHECK(Error("CAIRN_TRAIN_DRY_RUN=true").starts_with("unknown environment variable"));
  CHECK(Error("CAIRN_TRAIN_MAX_STEPS=0") ==
        "CAIRN_TRAIN_MAX_STEPS \"0\": must be a whole number, at least 1");
  CHECK(Error("CAIRN_TRAIN_MAX_STEPS=").starts_with("CAIRN_TRAIN_MAX_STEPS \"\": must be"));
  CHECK(Error("CAIRN_TRAIN_TRACE=yes") == "CAIRN_TRAIN_TRACE \"yes\": must be true or false");
  CHECK(Error("CAIRN_TRAIN_TRAIN=") == "CAIRN_TRAIN_TRAIN: the value is empty");
}

}  // namespace
}  // namespace cairn
