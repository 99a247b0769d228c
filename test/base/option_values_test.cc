#include "base/option_values.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/status.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;
using OriginKind = OptionOrigin::Kind;

const std::vector<OptionSpec>& Table() {
  static const auto* const kTable = new std::vector<OptionSpec>{
      {.name = "file", .kind = Kind::kText, .metavar = "FILE", .required = true},
      {.name = "seed", .kind = Kind::kCount, .fallback = "7"},
      {.name = "lr", .kind = Kind::kReal},
      {.name = "trace", .kind = Kind::kSwitch},
  };
  return *kTable;
}

TEST_CASE("Every value knows where it comes from and how to call it", "[options]") {
  GivenOptions given;
  given["file"] = {{OriginKind::kFlag, "--file"}, {"f"}};
  given["lr"] = {{OriginKind::kFile, "job.toml:7:1"}, {"0.5"}};
  given["trace"] = {{OriginKind::kEnvironment, "CAIRN_TRAIN_TRACE"}, {"true"}};
  const auto values = OptionValues::Make(Table(), given);
  REQUIRE(values.ok());
  CHECK(values->Text("file") == "f");
  CHECK(values->Has("lr"));
  CHECK_FALSE(values->Has("rl"));
  CHECK(values->Label("file") == "--file");
  CHECK(values->Real("lr") == 0.5);
  CHECK(values->Label("lr") == "job.toml:7:1: lr");
  CHECK(values->Origin("lr").where == "job.toml:7:1");
  CHECK(values->Switch("trace"));
  CHECK(values->Label("trace") == "CAIRN_TRAIN_TRACE");
  CHECK(values->Count("seed") == 7);
  CHECK_FALSE(values->IsGiven("seed"));
  CHECK(values->Origin("seed").kind == OriginKind::kDefault);
  CHECK(values->Label("seed") == "--seed");
  CHECK(values->AsWritten("seed") == std::vector<std::string>{"7"});
}

TEST_CASE("A switch that is given as false is given and false", "[options]") {
  GivenOptions given;
  given["trace"] = {{OriginKind::kFile, "job.toml:1:1"}, {"false"}};
  const auto values = OptionValues::Make(Table(), given, OptionValues::Need::kPartial);
  REQUIRE(values.ok());
  CHECK(values->IsGiven("trace"));
  CHECK_FALSE(values->Switch("trace"));
}

TEST_CASE("What is required may be missing where only a part is looked at", "[options]") {
  CHECK(MessageOf(OptionValues::Make(Table(), {}).status()) == "--file FILE is missing");
  const auto values = OptionValues::Make(Table(), {}, OptionValues::Need::kPartial);
  REQUIRE(values.ok());
  CHECK(values->Text("file").empty());
  CHECK(values->AsWritten("file").empty());
  std::vector<OptionSpec> positional = Table();
  positional[0].positional = true;
  CHECK(MessageOf(OptionValues::Make(positional, {}).status()) == "FILE is missing");
}

}  // namespace
}  // namespace cairn
