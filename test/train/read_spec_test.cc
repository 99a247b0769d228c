#include "train/read_spec.h"

#include <catch2/catch.hpp>
#include <functional>

#include "base/status.h"

namespace cairn {
namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

RowOptions Everything() {
  RowOptions options;
  options.columns = "time, delay,a,b ,tags,w";
  options.delimiter = "tab";
  options.label = "delay>15";
  options.weight = "w";
  options.numeric = "a,b";
  options.ignore = "time";
  options.multi = {"tags:|", "others::"};
  options.derive = {"hour=hour(time)", "bin = log( a , 4 )"};
  options.cross = {"a*b", "a * hour * tags"};
  options.hash_bits = 20;
  return options;
}

std::string ErrorOf(const std::function<void(RowOptions*)>& change) {
  RowOptions options;
  change(&options);
  const auto spec = ParseRowOptions(options);
  REQUIRE_FALSE(spec.ok());
  CHECK(spec.status().code() == absl::StatusCode::kInvalidArgument);
  return std::string(MessageOf(spec.status()));
}

std::string DeriveError(const std::string& text) {
  return ErrorOf([&](RowOptions* o) { o->derive = {text}; });
}

TEST_CASE("Options become a spec", "[read_spec]") {
  const ReadSpec spec = ParseRowOptions(Everything()).value();
  CHECK(spec.columns == std::vector<std::string>{"time", "delay", "a", "b", "tags", "w"});
  CHECK_FALSE(spec.header);
  CHECK(spec.delimiter == '\t');
  CHECK(spec.label == LabelRule{"delay", Comparison::kGreater, "15"});
  CHECK(spec.weight == "w");
  CHECK(spec.numeric == std::vector<std::string>{"a", "b"});
  CHECK(spec.ignore == std::vector<std::string>{"time"});
  CHECK(spec.multi == std::vector<MultiColumn>{{"tags", '|'}, {"others", ':'}});
  CHECK(spec.derived == std::vector<DerivedColumn>{{"hour", DeriveFunction::kHour, "time", 1},
                                                   {"bin", DeriveFunction::kLog, "a", 4}});
  CHECK(spec.crosses == std::vector<std::vector<std::string>>{{"a", "b"}, {"a", "hour", "tags"}});
  CHECK(spec.hash_bits == 20);
  CHECK(ParseRowOptions({}).value() == ReadSpec{});
}

TEST_CASE("Entries give the same spec back", "[read_spec]") {
  ReadSpec spec = ParseRowOptions(Everything()).value();
  spec.columns = {"with, comma", "\"quoted\"", "a*b", "caf\xC3\xA9"};
  spec.file_columns = {"a*b"};
  spec.header = true;
  spec.cross_field = 12;
  spec.fields = 65'536;
  spec.field_starts = {0, 7, ~Key{0}};
  spec.label.column = "y";
  spec.label.classes = 7;
  ReadSpec back;
  for (const auto& [entry, value] : EntriesOf(spec)) {
    INFO(entry << " " << value);
    CHECK(SetEntry(entry, value, &back).ok());
  }
  CHECK(back == spec);
  CHECK(EntriesOf(ReadSpec{}).empty());
}

TEST_CASE("Entries that are none are refused", "[read_spec]") {
  ReadSpec spec;
  CHECK(MessageOf(SetEntry("colour", "red", &spec)) == "no entry \"colour\" in how data is read");
  CHECK(MessageOf(SetEntry("column", "a\nb", &spec)) == "a line break in \"a?b\"");
  CHECK_FALSE(SetEntry("hash-bits", "64", &spec).ok());
  CHECK_FALSE(SetEntry("hash-bits", "-1", &spec).ok());
  CHECK_FALSE(SetEntry("classes", "1001", &spec).ok());
  CHECK_FALSE(SetEntry("cross-field", "65536", &spec).ok());
  CHECK_FALSE(SetEntry("fields", "65537", &spec).ok());
  CHECK_FALSE(SetEntry("field-starts", "", &spec).ok());
  CHECK_FALSE(SetEntry("field-starts", "0,", &spec).ok());
  CHECK_FALSE(SetEntry("field-starts", "0,x", &spec).ok());
  CHECK(spec == ReadSpec{});
}

TEST_CASE("A spec is described as it would be written", "[read_spec]") {
  ReadSpec spec = ParseRowOptions(Everything()).value();
  spec.fields = 2;
  spec.field_starts = {0, 7};
  const Entries described = DescribeReadSpec(spec);
  CHECK(described == Entries{{"columns", "time,delay,a,b,tags,w"},
                             {"delimiter", "tab"},
                             {"label", "delay>15"},
                             {"weight", "w"},
                             {"numeric", "a,b"},
                             {"ignore", "time"},
                             {"multi", "tags:|\nothers::"},
                             {"derive", "hour=hour(time)\nbin=log(a,4)"},
                             {"cross", "a*b\na*hour*tags"},
                             {"hash-bits", "20"}});
}

TEST_CASE("Lists of names", "[read_spec]") {
  CHECK(ErrorOf([](RowOptions* o) { o->columns = "a,,b"; }) ==
        "--columns: \"a,,b\", column 3: expected a name");
  CHECK(ErrorOf([](RowOptions* o) { o->numeric = "a,b,a"; }) ==
        "--numeric: \"a,b,a\", column 5: \"a\" is there twice");
  CHECK(ErrorOf([](RowOptions* o) { o->ignore = "a,"; }) ==
        "--ignore: \"a,\", column 3: expected a name");
}

TEST_CASE("Delimiters", "[read_spec]") {
  for (const auto& [text, delimiter] : {std::pair<std::string, char>{"tab", '\t'},
                                        {"\\t", '\t'},
                                        {"comma", ','},
                                        {";", ';'},
                                        {"|", '|'},
                                        {" ", ' '}}) {
    RowOptions options;
    options.delimiter = text;
    CHECK(ParseRowOptions(options).value().delimiter == delimiter);
  }
  for (const std::string text : {",,", "a", "1", "\"", "\r", ".", "-", "\xC3", "tabs"}) {
    CHECK_THAT(ErrorOf([&](RowOptions* o) { o->delimiter = text; }),
               Catch::Matchers::Contains("is no delimiter: \"tab\", or one character as , ; | :"));
  }
}

TEST_CASE("Columns of several values", "[read_spec]") {
  for (const std::string text : {"tags", "tags:", ":|", "tags:||", ":", "|"}) {
    CHECK(ErrorOf([&](RowOptions* o) { o->multi = {text}; }) ==
          "--multi: \"" + text +
              "\": expected COLUMN:SEPARATOR with one character behind the colon, as in "
              "\"tags:|\"");
  }
}

TEST_CASE("Derived columns that cannot be", "[read_spec]") {
  CHECK(DeriveError("hour(time)") ==
        "--derive: \"hour(time)\": expected NAME=FUNCTION(COLUMN), as in \"hour=hour(time)\"");
  CHECK(DeriveError("=hour(time)") == "--derive: \"=hour(time)\", column 1: expected a name");
  CHECK(DeriveError("h=") == "--derive: \"h=\", column 3: expected FUNCTION(COLUMN)");
  CHECK(DeriveError("h=huor(time)") ==
        "--derive: \"h=huor(time)\", column 3: no function \"huor\"; there are hour, weekday, "
        "yearday, day, month, div and log; did you mean \"hour\"?");
  CHECK(DeriveError("h=hour") == "--derive: \"h=hour\", column 3: expected hour(COLUMN)");
  CHECK(DeriveError("h=hour(time") == "--derive: \"h=hour(time\", column 3: expected hour(COLUMN)");
  for (const char* several : {"h=hour(t),d=day(t)", "p=div(t,3),d=day(t)"}) {
    CHECK_THAT(DeriveError(several),
               Catch::EndsWith("several columns are given with blanks between them: "
                               "--derive A B"));
  }
  RowOptions brackets;
  brackets.derive = {"h=hour(time (UTC))"};
  CHECK(ParseRowOptions(brackets).ok());
  CHECK(DeriveError("h=hour()") == "--derive: \"h=hour()\", column 8: expected a column");
  CHECK(DeriveError("h=div(x)") == "--derive: \"h=div(x)\", column 7: expected div(COLUMN,N)");
  CHECK(DeriveError("h=div(x,0)") ==
        "--derive: \"h=div(x,0)\", column 9: N is \"0\", not a whole number from 1 to 1000000000");
  CHECK(DeriveError("h=log(x,1001)") ==
        "--derive: \"h=log(x,1001)\", column 9: N is \"1001\", not a whole number from 1 to 1000");
  CHECK(DeriveError("h=log(x,)") ==
        "--derive: \"h=log(x,)\", column 9: N is \"\", not a whole number from 1 to 1000");
}

TEST_CASE("Crosses that cannot be", "[read_spec]") {
  const auto error = [](const std::string& text) {
    return ErrorOf([&](RowOptions* o) { o->cross = {text}; });
  };
  CHECK(error("a") == "--cross: \"a\": a cross has 2 to 4 columns, as in \"origin*hour\", not 1");
  CHECK(error("a*b*c*d*e") ==
        "--cross: \"a*b*c*d*e\": a cross has 2 to 4 columns, as in \"origin*hour\", not 5");
  CHECK(error("a*a") == "--cross: \"a*a\", column 3: \"a\" is there twice");
  CHECK(error("a*") == "--cross: \"a*\", column 3: expected a name");
}

TEST_CASE("Bits of keys", "[read_spec]") {
  CHECK(ErrorOf([](RowOptions* o) { o->hash_bits = 64; }) == "--hash-bits is 64: 1 to 63");
}

TEST_CASE("ColumnsHint lists the columns, but not hundreds", "[read_spec]") {
  const std::vector<std::string> columns = {"time", "delay"};
  CHECK(ColumnsHint("dealy", columns) == "; did you mean \"delay\"? The columns are: time, delay");
  CHECK(ColumnsHint("origin", columns) == "; the columns are: time, delay");
  const std::vector<std::string> short_names = {"ts", "x", "id"};
  CHECK(ColumnsHint("tz", short_names).starts_with("; did you mean \"ts\"?"));
  CHECK(ColumnsHint("y", short_names).starts_with("; the columns are"));
  const std::vector<std::string> alike = {"i1", "i2"};
  CHECK(ColumnsHint("i3", alike).starts_with("; the columns are"));
  std::vector<std::string> many;
  for (int i = 0; i < 100; ++i) many.push_back("c" + std::to_string(i));
  CHECK_THAT(ColumnsHint("other", many), Catch::Matchers::EndsWith(", c39, ... (100 in all)"));
}

}  // namespace
}  // namespace cairn
