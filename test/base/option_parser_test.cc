#include "base/option_parser.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/status.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;
using Words = std::vector<std::string>;

absl::Status CheckEven(std::string_view text) {
  return text.size() % 2 == 0 ? absl::OkStatus() : InvalidArgument("an odd length");
}

const std::vector<OptionSpec>& Table() {
  static const auto* const kTable = new std::vector<OptionSpec>{
      {.name = "train", .kind = Kind::kTexts, .metavar = "PATH", .required = true},
      {.name = "epochs", .kind = Kind::kCount, .metavar = "N", .counts = {.min = 1, .max = 2'000}},
      {.name = "seed", .kind = Kind::kCount, .metavar = "N", .fallback = "7"},
      {.name = "parts",
       .kind = Kind::kPowerOfTwo,
       .metavar = "N",
       .fallback = "64",
       .counts = {.min = 1, .max = 65'536}},
      {.name = "lr",
       .kind = Kind::kReal,
       .metavar = "X",
       .reals = {.min_is_legal = false},
       .other_names = {"learning-rate"}},
      {.name = "share", .kind = Kind::kReal, .metavar = "X", .reals = {.max = 1}},
      {.name = "order",
       .kind = Kind::kChoice,
       .metavar = "ORDER",
       .fallback = "shuffled",
       .choices = {"shuffled", "file"}},
      {.name = "save", .kind = Kind::kText, .metavar = "DIR"},
      {.name = "even", .kind = Kind::kText, .metavar = "TEXT", .check = CheckEven},
      {.name = "numeric", .kind = Kind::kText, .metavar = "A,B,...", .is_comma_list = true},
      {.name = "config", .kind = Kind::kText, .metavar = "FILE.toml"},
      {.name = "oracle", .kind = Kind::kSwitch},
  };
  return *kTable;
}

OptionValues Parse(Words words) {
  words.insert(words.end(), {"--train", "a"});
  const auto values = ParseOptions(Table(), words);
  INFO(values.status().ToString());
  REQUIRE(values.ok());
  return *values;
}

std::string Error(Words words) {
  words.insert(words.end(), {"--train", "a"});
  const absl::Status status = ParseOptions(Table(), words).status();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  return std::string(MessageOf(status));
}

TEST_CASE("Options take their values from the next word or from behind an equals sign",
          "[options]") {
  for (const Words& words :
       {Words{"--epochs", "3", "--lr", "1e-2", "--order", "file", "--save", "x=y", "--oracle"},
        Words{"--epochs=3", "--lr=.01", "--order=file", "--save=x=y", "--oracle"}}) {
    const OptionValues values = Parse(words);
    CHECK(values.Count("epochs") == 3);
    CHECK(values.Real("lr") == 0.01);
    CHECK(values.Text("order") == "file");
    CHECK(values.Text("save") == "x=y");
    CHECK(values.Switch("oracle"));
  }
}

TEST_CASE("Options that are not given have their fallbacks", "[options]") {
  const OptionValues values = Parse({});
  CHECK(values.Count("seed") == 7);
  CHECK(values.Count("parts") == 64);
  CHECK(values.Text("order") == "shuffled");
  CHECK_FALSE(values.IsGiven("seed"));
  CHECK(values.Count("epochs", 5) == 5);
  CHECK(values.Real("lr", -1) == -1);
  CHECK(values.Text("save").empty());
  CHECK_FALSE(values.Switch("oracle"));
}

TEST_CASE("A list takes all words up to the next option, and more when given again", "[options]") {
  const auto values =
      ParseOptions(Table(), Words{"--train", "a", "b,c", "-", "--seed", "1", "--train=d"});
  REQUIRE(values.ok());
  CHECK(values->Texts("train") == Words{"a", "b,c", "-", "d"});
}

TEST_CASE("The whole range of a count can be given", "[options]") {
  CHECK(Parse({"--seed", "18446744073709551615"}).Count("seed") == 18446744073709551615u);
  CHECK(Parse({"--seed", "0"}).Count("seed") == 0);
  CHECK(Parse({"--parts", "65536"}).Count("parts") == 65'536);
  CHECK(Parse({"--share", "1"}).Real("share") == 1);
}

TEST_CASE("A bad value is named with its option and with what is legal", "[options]") {
  CHECK(Error({"--epochs", "0"}) == "--epochs \"0\": must be a whole number, 1 to 2,000");
  CHECK(Error({"--epochs", "2001"}) == "--epochs \"2001\": must be a whole number, 1 to 2,000");
  CHECK(Error({"--epochs=1.5"}) == "--epochs \"1.5\": must be a whole number, 1 to 2,000");
  CHECK(Error({"--seed", "-1"}) == "--seed \"-1\": must be a whole number of 0 or more");
  CHECK(Error({"--seed", "18446744073709551616"}) ==
        "--seed \"18446744073709551616\": must be a whole number of 0 or more, at most "
        "18,446,744,073,709,551,615");
  CHECK(Error({"--parts", "48"}) == "--parts \"48\": must be a power of two, 1 to 65,536");
  CHECK(Error({"--parts", "131072"}) == "--parts \"131072\": must be a power of two, 1 to 65,536");
  CHECK(Error({"--lr", "0"}) == "--lr \"0\": must be a number above 0");
  CHECK(Error({"--lr", "nan"}) == "--lr \"nan\": must be a number above 0");
  CHECK(Error({"--share", "1.1"}) == "--share \"1.1\": must be a number, 0 to 1");
  CHECK(Error({"--order", "shufled"}) ==
        "--order \"shufled\": must be shuffled or file; did you mean shuffled?");
  CHECK(Error({"--order", "z"}) == "--order \"z\": must be shuffled or file");
  CHECK(Error({"--even", "abc"}) == "--even: an odd length");
  CHECK(Error({"--save", ""}) == "--save: the value is empty");
}

TEST_CASE("What is missing, doubled or not an option is an error", "[options]") {
  CHECK(Error({"--epohcs", "3"}) == "unknown option --epohcs; did you mean --epochs?");
  CHECK(Error({"--epohcs=3"}) == "unknown option --epohcs; did you mean --epochs?");
  CHECK(Error({"--frobnicate"}) == "unknown option --frobnicate; --help lists all");
  CHECK(Error({"-x"}) == "unknown option -x; --help lists all");
  CHECK(Error({"--"}) == "unknown option --; --help lists all");
  CHECK(Error({"data.svm"}) == "unexpected argument \"data.svm\": every value has a --name");
  CHECK(Error({"--lr"}) == "--lr needs a value: X");
  CHECK(Error({"--train", "--lr", "1"}) == "--train needs a value: PATH");
  CHECK(Error({"--lr", "1", "--lr", "2"}) == "--lr is given twice");
  CHECK(Error({"--oracle=1"}) == "--oracle \"1\": must be true or false");
  CHECK(MessageOf(ParseOptions(Table(), {}).status()) == "--train PATH is missing");
}

TEST_CASE("A name or a value of other habits leads to what is meant", "[options]") {
  CHECK(Error({"--learning-rate", "1"}) == "unknown option --learning-rate; did you mean --lr?");
  CHECK(Error({"--learning_rate=1"}) == "unknown option --learning_rate; did you mean --lr?");
  for (const Words& words : {Words{"--numeric", "a", "b"}, Words{"--numeric=a", "b"}}) {
    CHECK(Error(words) == "unexpected argument \"b\": --numeric takes one value: --numeric a,b");
  }
  CHECK(Error({"--numeric", "a", "--oracle", "b"}) ==
        "unexpected argument \"b\": every value has a --name");
  CHECK(Error({"job.toml"}) == "unexpected argument \"job.toml\"; did you mean --config job.toml?");
}

TEST_CASE("A switch can be turned off again", "[options]") {
  CHECK(Parse({"--oracle=true"}).Switch("oracle"));
  CHECK_FALSE(Parse({"--oracle=false"}).Switch("oracle"));
}

TEST_CASE("A positional row takes a value without a name, once", "[options]") {
  const std::vector<OptionSpec> table = {
      {.name = "file", .kind = Kind::kText, .metavar = "FILE", .positional = true},
      {.name = "all", .kind = Kind::kSwitch}};
  CHECK(ParseOptions(table, Words{"--all", "a.toml"})->Text("file") == "a.toml");
  CHECK(ParseOptions(table, Words{"--file", "a.toml"})->Text("file") == "a.toml");
  CHECK(MessageOf(ParseOptions(table, Words{"a", "b"}).status()) ==
        "unexpected argument \"b\": there is one FILE");
}

TEST_CASE("What the command line set is known by its option", "[options]") {
  const OptionValues values = Parse({"--lr", "2"});
  CHECK(values.Label("lr") == "--lr");
  CHECK(values.Origin("lr").kind == OptionOrigin::Kind::kFlag);
}

TEST_CASE("Help is asked for by two names", "[options]") {
  CHECK(WantsHelp(Words{"--lr", "--help"}));
  CHECK(WantsHelp(Words{"-h"}));
  CHECK_FALSE(WantsHelp(Words{"help", "--helpme"}));
}

}  // namespace
}  // namespace cairn
