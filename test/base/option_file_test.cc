#include "base/option_file.h"

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
      {.name = "config",
       .kind = Kind::kText,
       .section = "Settings",
       .from = OptionSpec::From::kNotFile},
      {.name = "train", .kind = Kind::kTexts, .section = "Data"},
      {.name = "optimizer",
       .kind = Kind::kChoice,
       .section = "Learning",
       .choices = {"sgd", "adagrad"}},
      {.name = "lr",
       .kind = Kind::kReal,
       .section = "Learning",
       .reals = {.min_is_legal = false},
       .other_names = {"learning-rate"}},
      {.name = "batch",
       .kind = Kind::kCount,
       .section = "Learning",
       .counts = {.min = 1, .max = 1'000}},
      {.name = "numeric", .kind = Kind::kText, .section = "Data", .is_comma_list = true},
      {.name = "save", .kind = Kind::kText, .section = "Model"},
      {.name = "trace", .kind = Kind::kSwitch, .section = "Model"},
  };
  return *kTable;
}

absl::StatusOr<GivenOptions> Parse(const std::string& text) {
  return ParseOptionFile(Table(), "job.toml", text);
}

std::string Error(const std::string& text) {
  const absl::Status status = Parse(text).status();
  INFO(text);
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  return std::string(MessageOf(status));
}

TEST_CASE("Keys are options, tables are sections", "[options]") {
  const auto given = Parse(
      "[learning]\noptimizer = \"sgd\"\nlr = 0.001\nbatch = 0x40\n"
      "[data]\ntrain = [\"a\", \"b c\"]\n[model]\nsave = 'C:\\m'\ntrace = false\n");
  REQUIRE(given.ok());
  CHECK(given->size() == 6);
  CHECK(given->at("optimizer").texts == Texts{"sgd"});
  CHECK(given->at("lr").texts == Texts{"0.001"});
  CHECK(given->at("batch").texts == Texts{"64"});
  CHECK(given->at("train").texts == Texts{"a", "b c"});
  CHECK(given->at("save").texts == Texts{"C:\\m"});
  CHECK(given->at("trace").texts == Texts{"false"});
  CHECK(given->at("optimizer").origin.kind == OptionOrigin::Kind::kFile);
  CHECK(given->at("optimizer").origin.where == "job.toml:2:1");
  CHECK(given->at("trace").origin.where == "job.toml:9:1");
  CHECK(Parse("")->empty());
  CHECK(Parse("[data]\ntrain = \"one\"\n")->at("train").texts == Texts{"one"});
  CHECK(Parse("learning.lr = 1\n")->at("lr").texts == Texts{"1"});
}

TEST_CASE("A key that is not there is answered with the one that was meant", "[options]") {
  CHECK(Error("[learning]\noptimzer = \"sgd\"\n") ==
        "job.toml:2:1: unknown key \"optimzer\" in [learning]; did you mean \"optimizer\"?");
  CHECK(Error("[model]\noptimzer = \"sgd\"\n") ==
        "job.toml:2:1: unknown key \"optimzer\" in [model]; did you mean \"optimizer\" in "
        "[learning]?");
  CHECK(Error("[model]\nfrobnicate = 1\n") ==
        "job.toml:2:1: unknown key \"frobnicate\" in [model]");
  CHECK(Error("[lerning]\nlr = 1\n") ==
        "job.toml:1:2: unknown section [lerning]; did you mean [learning]?");
  CHECK(Error("[x]\n") ==
        "job.toml:1:2: unknown section [x]; there are [data], [learning], [model]");
}

TEST_CASE("A key in the wrong place is sent to its own", "[options]") {
  CHECK(Error("[model]\nlr = 1\n") ==
        "job.toml:2:1: key \"lr\" belongs in [learning], not in [model]");
  CHECK(Error("lr = 1\n") ==
        "job.toml:1:1: key \"lr\" stands in no section; it belongs in [learning]");
  CHECK(Error("learning = 1\n") ==
        "job.toml:1:1: \"learning\" is a section: write [learning] and its keys below");
  // What the command line alone may say is no key.
  CHECK(Error("[settings]\nconfig = \"x\"\n").starts_with("job.toml:1:2: unknown section"));
  CHECK(Error("[model]\nconfig = \"x\"\n").starts_with("job.toml:2:1: unknown key \"config\""));
}

TEST_CASE("Values pass the checks of the command line, at their place", "[options]") {
  CHECK(Error("[learning]\nbatch = 0\n") ==
        "job.toml:2:9: batch \"0\": must be a whole number, 1 to 1,000");
  CHECK(Error("[learning]\nbatch = -5\n") ==
        "job.toml:2:9: batch \"-5\": must be a whole number, 1 to 1,000");
  CHECK(Error("[learning]\nlr = nan\n") == "job.toml:2:6: lr \"nan\": must be a number above 0");
  CHECK(Error("[learning]\nlr = -inf\n") == "job.toml:2:6: lr \"-inf\": must be a number above 0");
  CHECK(Error("[learning]\noptimizer = \"sdg\"\n") ==
        "job.toml:2:13: optimizer \"sdg\": must be sgd or adagrad; did you mean sgd?");
  CHECK(Error("[model]\nsave = \"\"\n") == "job.toml:2:8: save: the value is empty");
  CHECK(Error("[data]\ntrain = []\n") == "job.toml:2:9: train: the list is empty");
}

TEST_CASE("A value of another type is told from one out of range", "[options]") {
  CHECK(Error("[learning]\nbatch = \"64\"\n") ==
        "job.toml:2:9: batch: must be a whole number, 1 to 1,000; this is a text");
  CHECK(Error("[learning]\nbatch = 1e2\n") ==
        "job.toml:2:9: batch: must be a whole number, 1 to 1,000; this is a number with a "
        "fraction");
  CHECK(Error("[learning]\nlr = true\n") ==
        "job.toml:2:6: lr: must be a number above 0; this is true or false");
  CHECK(Error("[learning]\noptimizer = 1\n") ==
        "job.toml:2:13: optimizer: must be a text in quotes, sgd or adagrad; this is a whole "
        "number");
  CHECK(Error("[model]\nsave = 1979-05-27\n") ==
        "job.toml:2:8: save: must be a text in quotes; this is a date or time");
  CHECK(Error("[model]\ntrace = 1\n") ==
        "job.toml:2:9: trace: must be true or false; this is a whole number");
  CHECK(Error("[data]\ntrain = [\"a\", 2]\n") ==
        "job.toml:2:15: train: must be a text in quotes, or a list of them in brackets; this is a "
        "whole number");
  CHECK(Error("[learning]\n[learning.lr]\n") ==
        "job.toml:2:1: lr: must be a number above 0; this is a table");
}

TEST_CASE("A list with commas may be a list of texts", "[options]") {
  CHECK(Parse("[data]\nnumeric = \"a,b\"\n")->at("numeric").texts == Texts{"a,b"});
  CHECK(Parse("[data]\nnumeric = [\"a\", \"b\"]\n")->at("numeric").texts == Texts{"a,b"});
  CHECK(Error("[data]\nnumeric = [\"a\", \"b,c\"]\n") ==
        "job.toml:2:17: numeric: must be a text in quotes without a comma");
  CHECK(Error("[data]\nnumeric = [\"a\", 2]\n") ==
        "job.toml:2:17: numeric: must be a text in quotes without a comma; this is a whole number");
  CHECK(Error("[data]\nnumeric = []\n") == "job.toml:2:11: numeric: the value is empty");
  CHECK(Error("[data]\nnumeric = 1\n") ==
        "job.toml:2:11: numeric: must be a text in quotes with commas in it, or a list of texts; "
        "this is a whole number");
}

TEST_CASE("A key that is called otherwise elsewhere leads to the option", "[options]") {
  CHECK(Error("[learning]\nlearning_rate = 1\n") ==
        "job.toml:2:1: unknown key \"learning_rate\" in [learning]; did you mean \"lr\"?");
}

TEST_CASE("The first error in the file is the one that is reported", "[options]") {
  CHECK(Error("[model]\nzz = 1\n[learning]\nlr = 0\n").starts_with("job.toml:2:1: "));
  CHECK(Error("[learning]\noptimizer = 1\nlr = 0\n").starts_with("job.toml:2:13: "));
}

TEST_CASE("What is no TOML is said with its place", "[options]") {
  CHECK(Error("[learning\nlr = 1\n").starts_with("job.toml:1:"));
  CHECK(Error("[learning]\nlr = 1\nlr = 2\n").starts_with("job.toml:3:"));
  CHECK(Error("[learning]\nlr 1\n").starts_with("job.toml:2:"));
  CHECK(Error(std::string("\0\xFF", 2)).starts_with("job.toml:1:"));
  CHECK(Error(std::string(100'000, '[')).starts_with("job.toml:1:"));
  CHECK(Error(std::string(kOptionFileBytesMax + 1, '\n')) ==
        "job.toml: longer than the 1048576 bytes that settings may take");
}

TEST_CASE("Letters beyond ASCII stand in texts and comments", "[options]") {
  const std::string beyond = "is not ASCII may stand in comments";
  CHECK(Parse("\xEF\xBB\xBF[model] # \xC3\xBC\nsave = \"\xC3\xBC\" # \xC3\xBC\n").ok());
  CHECK(Parse("[model]\nsave = '\xC3\xBC'\n")->at("save").texts == Texts{"\xC3\xBC"});
  CHECK(Parse("[model]\nsave = \"\\\"\xC3\xBC\"\n").ok());
  CHECK(Error("[model]\ns\xC3\xBCve = 1\n").find(beyond) != std::string::npos);
  CHECK(Error("[model]\ns\xC3\xBCve = 1\n").starts_with("job.toml:2:2: "));
  CHECK(Error("[model]\nsave = \"\"\"\n\xC3\xBC\"\"\"\n").starts_with("job.toml:3:1: "));
  CHECK(Parse("[model]\nsave = \"\"\"\n\\u00FC\"\"\"\"\" # \xC3\xBC\n")->at("save").texts ==
        Texts{"\xC3\xBC\"\""});
}

TEST_CASE("Written values are read back as what they were", "[options]") {
  const Texts odd = {"a \"b\"", "\\", "tab\tand\nline", "\x7F", "ü"};
  const OptionSpec& list = Table()[1];
  const auto back = Parse("[data]\ntrain = " + FormatFileValue(list, odd) + "\n");
  REQUIRE(back.ok());
  CHECK(back->at("train").texts == odd);
  CHECK(FormatFileValue(Table()[3], Texts{"0.5"}) == "0.5");
  CHECK(FormatFileValue(Table()[2], Texts{"sgd"}) == "\"sgd\"");
  CHECK(FileSection("End of training") == "end-of-training");
}

}  // namespace
}  // namespace cairn
