#include "cli/pages.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/numbers.h"
#include "base/option_environment.h"
#include "base/option_file.h"
#include "base/option_parser.h"
#include "base/status.h"
#include "cli/run_cairn.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

bool IsCount(const OptionSpec& spec) {
  return spec.kind == Kind::kCount || spec.kind == Kind::kPowerOfTwo;
}

bool IsNumber(const OptionSpec& spec) { return IsCount(spec) || spec.kind == Kind::kReal; }

// What no option of that kind may take, whatever it stands for.
std::vector<std::string> IllegalNumbers(const OptionSpec& spec) {
  std::vector<std::string> values = {"-1", "nan", "inf", "1e999", "abc", "", "0x10", "1,000", "1 "};
  if (IsCount(spec)) {
    values.insert(values.end(), {"1.5", "18446744073709551616"});
    if (spec.counts.min > 0) values.push_back(std::to_string(spec.counts.min - 1));
    if (spec.counts.max < std::numeric_limits<uint64_t>::max()) {
      values.push_back(std::to_string(spec.counts.max + 1));
    }
    if (spec.kind == Kind::kPowerOfTwo) values.push_back("3");
  } else {
    if (!spec.reals.min_is_legal) values.push_back(FormatFloat9(spec.reals.min));
    values.push_back(FormatFloat9(spec.reals.max * 1.001));
  }
  return values;
}

TEST_CASE("Every command and program has a page", "[pages]") {
  std::set<std::string> names;
  std::set<std::string> prefixes;
  for (const Page& page : AllPages()) {
    INFO(page.name);
    CHECK(names.insert(page.name).second);
    CHECK_FALSE(page.summary.empty());
    CHECK(page.description.ends_with('.'));
    if (HasOwnSettings(page)) CHECK(prefixes.insert(page.environment_prefix).second);
  }
  CHECK(names.count("cairn train") == 1);
  for (const char* name : {"ps_coordinator", "ps_server", "ps_worker"}) {
    CHECK(names.count(name) == 1);
  }
  for (const std::string& prefix : prefixes) {
    CHECK(std::count_if(prefixes.begin(), prefixes.end(),
                        [&](const std::string& other) { return other.starts_with(prefix); }) == 1);
  }
}

TEST_CASE("Every number that makes no sense is refused with option, value and legal range",
          "[pages]") {
  size_t tried = 0;
  for (const Page& page : AllPages()) {
    for (const OptionSpec& spec : page.options) {
      if (!IsNumber(spec)) continue;
      for (const std::string& value : IllegalNumbers(spec)) {
        INFO(page.name << " --" << spec.name << " \"" << value << "\"");
        const std::vector<std::string> arguments = {Concat("--", spec.name, "=", value)};
        const absl::Status status = ParseOptions(page.options, arguments).status();
        CHECK(status.code() == absl::StatusCode::kInvalidArgument);
        CHECK(MessageOf(status).starts_with(
            Concat("--", spec.name, " \"", value, "\": must be ", DescribeLegalValues(spec))));
        ++tried;
      }
    }
  }
  CHECK(tried > 200);
}

TEST_CASE("A command ends with 2 at such a number, from wherever it comes", "[pages]") {
  for (const Page& page : AllPages()) {
    if (!page.name.starts_with("cairn ")) continue;
    std::vector<std::string> words;
    std::istringstream name(page.name.substr(6));
    for (std::string word; name >> word;) words.push_back(word);
    for (const OptionSpec& spec : page.options) {
      if (!IsNumber(spec)) continue;
      INFO(page.name << " --" << spec.name);
      std::vector<std::string> arguments = words;
      arguments.push_back(Concat("--", spec.name, "=-1"));
      const Ran by_flag = Run(arguments);
      CHECK(by_flag.code == 2);
      CHECK(by_flag.LastError().find(Concat("--", spec.name, " \"-1\": must be ")) !=
            std::string::npos);
      if (page.environment_prefix.empty() || spec.from == OptionSpec::From::kFlagOnly) continue;
      const std::string variable = EnvironmentName(page.environment_prefix, spec.name);
      const Ran by_environment = Run(words, {variable + "=-1"});
      CHECK(by_environment.code == 2);
      CHECK(by_environment.LastError().find(variable + " \"-1\": must be ") != std::string::npos);
    }
  }
}

TEST_CASE("Numbers of every option that has a file stop there too", "[pages]") {
  for (const Page& page : AllPages()) {
    for (const OptionSpec& spec : page.options) {
      if (!IsNumber(spec) || spec.from != OptionSpec::From::kAnywhere) continue;
      INFO(page.name << " " << spec.name);
      const std::string text = Concat("[", FileSection(spec.section), "]\n", spec.name, " = -1\n");
      const absl::Status status = ParseOptionFile(page.options, "f", text).status();
      CHECK(MessageOf(status).find(Concat(spec.name, " \"-1\": must be ")) != std::string::npos);
    }
  }
}

TEST_CASE("The ends of every range are within it, and every range of reals has two", "[pages]") {
  for (const Page& page : AllPages()) {
    for (const OptionSpec& spec : page.options) {
      if (!IsNumber(spec)) continue;
      INFO(page.name << " --" << spec.name);
      if (IsCount(spec)) {
        CHECK(CheckOptionValue(spec, "x", std::to_string(spec.counts.max)).ok() !=
              (spec.kind == Kind::kPowerOfTwo && spec.counts.max == ~uint64_t{0}));
        CHECK(CheckOptionValue(spec, "x", std::to_string(spec.counts.min)).ok());
      } else {
        CHECK(spec.reals.max < std::numeric_limits<double>::infinity());
        CHECK(CheckOptionValue(spec, "x", FormatFloat9(spec.reals.max)).ok());
        CHECK(CheckOptionValue(spec, "x", FormatFloat9(spec.reals.min)).ok() ==
              spec.reals.min_is_legal);
      }
    }
  }
}

TEST_CASE("Exit codes rise", "[pages]") {
  CHECK(std::is_sorted(ExitCodes().begin(), ExitCodes().end(),
                       [](const auto& a, const auto& b) { return a.code < b.code; }));
}

}  // namespace
}  // namespace cairn
