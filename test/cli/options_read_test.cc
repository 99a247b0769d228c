#include <catch2/catch.hpp>

#include "cli/section.h"

namespace cairn {
namespace {

TEST_CASE("How text is read is checked word by word", "[options]") {
  struct Case {
    std::string name;
    std::string legal;
    std::string illegal;
    std::string complaint;
  };
  for (const Case& c : {
           Case{"label", "delay>15", "delay>", "expected what to compare with"},
           Case{"columns", "a,b", "a,,b", "expected a name"},
           Case{"delimiter", "tab", "tabs", "is no delimiter"},
           Case{"numeric", "a", "a,a", "\"a\" is there twice"},
           Case{"ignore", "a,b", ",", "expected a name"},
           Case{"multi", "tags:|", "tags", "expected COLUMN:SEPARATOR"},
           Case{"derive", "h=hour(t)", "h=hour", "expected hour(COLUMN)"},
           Case{"cross", "a*b", "a", "a cross has 2 to 4 columns"},
           Case{"hash-bits", "20", "64", "must be a whole number, 1 to 63"},
       }) {
    INFO(c.name);
    CHECK(Complaint(ReadingOptions(), c.name, c.legal).empty());
    const std::string complaint = Complaint(ReadingOptions(), c.name, c.illegal);
    CHECK_THAT(complaint, Catch::Matchers::StartsWith("--" + c.name));
    CHECK_THAT(complaint, Catch::Matchers::Contains(c.complaint));
  }
}

TEST_CASE("A model remembers how its data was read, so scoring does not ask", "[options]") {
  for (const OptionSpec& spec : ReadingOptions()) {
    CHECK(spec.commands == (CommandSpec::kTrain | CommandSpec::kDataStat));
  }
}

}  // namespace
}  // namespace cairn
