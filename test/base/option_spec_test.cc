#include "base/option_spec.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

TEST_CASE("Legal values are said in words", "[options]") {
  const OptionSpec any{.kind = Kind::kCount};
  CHECK(LegalValues(any).empty());
  CHECK(DescribeLegalValues(any) == "a whole number of 0 or more");
  const OptionSpec counts{.kind = Kind::kCount, .counts = {.min = 1, .max = 2'000}};
  CHECK(DescribeLegalValues(counts) == "a whole number, 1 to 2,000");
  const OptionSpec power{.kind = Kind::kPowerOfTwo, .counts = {.min = 2}};
  CHECK(DescribeLegalValues(power) == "a power of two, at least 2");
  const OptionSpec real{.kind = Kind::kReal, .reals = {.max = 1, .min_is_legal = false}};
  CHECK(DescribeLegalValues(real) == "a number above 0, at most 1");
  const OptionSpec large{.kind = Kind::kReal, .reals = {.min = 0.5, .max = 1e9}};
  CHECK(DescribeLegalValues(large) == "a number, 0.5 to 1,000,000,000");
  CHECK(DescribeLegalValues({.kind = Kind::kSwitch}) == "true or false");
  const OptionSpec choice{.kind = Kind::kChoice, .choices = {"a", "b", "c"}};
  CHECK(DescribeLegalValues(choice) == "a, b or c");
  CHECK(DescribeLegalValues({.kind = Kind::kText}).empty());
}

TEST_CASE("An option that is called otherwise elsewhere is found by that name", "[options]") {
  const std::vector<OptionSpec> specs = {{.name = "batch", .kind = Kind::kCount},
                                         {.name = "lr", .other_names = {"learning-rate"}}};
  const auto name = [&](std::string_view wanted) {
    const OptionSpec* const found = ClosestOption(wanted, specs);
    return found == nullptr ? "" : std::string(found->name);
  };
  CHECK(name("learning-rate") == "lr");
  CHECK(name("learning_rate") == "lr");
  CHECK(name("bacth") == "batch");
  CHECK(name("ra") == "");
}

TEST_CASE("The label of a source begins what is said of its value", "[options]") {
  const OptionSpec real{.kind = Kind::kReal};
  CHECK(CheckOptionValue(real, "x:1:2: l2", "0").ok());
  CHECK(MessageOf(CheckOptionValue(real, "x:1:2: l2", "-1")) ==
        "x:1:2: l2 \"-1\": must be a number, at least 0");
  // What a terminal could not show is not shown.
  CHECK(MessageOf(CheckOptionValue(real, "--l2", "\x1b[2J")) ==
        "--l2 \"?[2J\": must be a number, at least 0");
}

}  // namespace
}  // namespace cairn
