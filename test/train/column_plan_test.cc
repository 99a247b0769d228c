#include "train/column_plan.h"

#include <catch2/catch.hpp>
#include <functional>

#include "base/hash.h"
#include "base/status.h"

namespace cairn {
namespace {

using Use = ColumnPlan::Use;

ReadSpec Flights() {
  ReadSpec spec;
  spec.columns = {"time", "delay", "distance", "origin", "tags"};
  spec.label = {"delay", Comparison::kGreater, "15"};
  return spec;
}

ColumnPlan Plan(const ReadSpec& spec, LabelNeed need = LabelNeed::kRequired) {
  const auto plan = MakeColumnPlan(DataFormat::kCsv, spec, need);
  INFO(MessageOf(plan.status()));
  REQUIRE(plan.ok());
  return *plan;
}

std::string ErrorOf(const std::function<void(ReadSpec*)>& change,
                    absl::StatusCode code = absl::StatusCode::kFailedPrecondition,
                    DataFormat format = DataFormat::kCsv) {
  ReadSpec spec = format == DataFormat::kCsv ? Flights() : ReadSpec{};
  change(&spec);
  const absl::Status status = format == DataFormat::kCsv
                                  ? MakeColumnPlan(format, spec, LabelNeed::kRequired).status()
                                  : CheckReadSpec(format, spec);
  CHECK(status.code() == code);
  return std::string(MessageOf(status));
}

TEST_CASE("Columns are features in their order, label and weight are not", "[column_plan]") {
  ReadSpec spec = Flights();
  spec.weight = "distance";
  const ColumnPlan plan = Plan(spec);
  CHECK(plan.cells == spec.columns);
  CHECK(plan.label == 1);
  CHECK(plan.weight == 2);
  REQUIRE(plan.keyed.size() == 3);
  for (size_t i = 0; i < 3; ++i) {
    CHECK(plan.keyed[i].slot == std::vector<size_t>{0, 3, 4}[i]);
    CHECK(plan.keyed[i].field == i);
    CHECK(plan.keyed[i].is_feature);
    CHECK(plan.keyed[i].use == Use::kCategory);
  }
  CHECK(plan.keyed[1].hash == HashString("origin"));
}

TEST_CASE("Options change how a column is used", "[column_plan]") {
  ReadSpec spec = Flights();
  spec.numeric = {"distance"};
  spec.ignore = {"time"};
  spec.multi = {{"tags", ';'}};
  const ColumnPlan plan = Plan(spec);
  REQUIRE(plan.keyed.size() == 3);
  CHECK(plan.keyed[0].use == Use::kNumber);
  CHECK(plan.keyed[1].use == Use::kCategory);
  CHECK(plan.keyed[2].use == Use::kMulti);
  CHECK(plan.keyed[2].separator == ';');
}

TEST_CASE("Derived columns are behind the others and may use one another", "[column_plan]") {
  ReadSpec spec = Flights();
  spec.ignore = {"time", "distance", "tags"};
  spec.derived = {{"hour", DeriveFunction::kHour, "time", 1},
                  {"hour3", DeriveFunction::kDiv, "hour", 3},
                  {"weekday", DeriveFunction::kWeekday, "time", 1},
                  {"odd", DeriveFunction::kHour, "hour3", 1}};
  const ColumnPlan plan = Plan(spec);
  REQUIRE(plan.derived.size() == 4);
  CHECK(plan.derived[1].source == 5);
  CHECK(plan.derived[1].parameter == 3);
  CHECK(plan.times == 2);
  CHECK(plan.derived[0].time == plan.derived[2].time);
  CHECK(plan.derived[3].time != plan.derived[0].time);
  CHECK(plan.derived_texts[3] == "hour(hour3)");
  REQUIRE(plan.keyed.size() == 5);
  CHECK(plan.keyed[0].slot == 3);
  CHECK(plan.keyed[4].slot == 8);
}

TEST_CASE("Crosses have fields of their own, and may be of ignored columns", "[column_plan]") {
  ReadSpec spec = Flights();
  spec.ignore = {"time", "distance"};
  spec.crosses = {{"origin", "distance"}, {"tags", "origin", "distance"}};
  const ColumnPlan plan = Plan(spec);
  REQUIRE(plan.keyed.size() == 3);
  CHECK_FALSE(plan.keyed[2].is_feature);
  REQUIRE(plan.crosses.size() == 2);
  CHECK(plan.crosses[0].field == 2);
  CHECK(plan.crosses[1].field == 3);
  CHECK(plan.crosses[1].part_count == 3);
  CHECK(plan.crosses[1].parts == std::array<uint32_t, 4>{1, 0, 2, 0});
  CHECK(plan.crosses[0].hash == HashString("origin*distance"));
}

TEST_CASE("A file may have its columns in another order, and more", "[column_plan]") {
  ReadSpec spec = Flights();
  spec.ignore = {"time"};
  spec.file_columns = {"more", "tags", "origin", "distance"};
  const ColumnPlan plan = Plan(spec, LabelNeed::kOptional);
  CHECK(plan.cells == spec.file_columns);
  CHECK(plan.label == ColumnPlan::kNone);
  REQUIRE(plan.keyed.size() == 3);
  CHECK(plan.keyed[0].slot == 3);
  CHECK(plan.keyed[0].field == 0);
  CHECK(plan.keyed[2].slot == 1);

  const auto code = absl::StatusCode::kInvalidArgument;
  CHECK(ErrorOf(
            [](ReadSpec* s) {
              s->file_columns = {"time", "distance", "origin", "tags"};
            },
            code) ==
        "the data has no column \"delay\", which is the label; the columns are: "
        "time, distance, origin, tags");
  CHECK(ErrorOf(
            [](ReadSpec* s) {
              s->file_columns = {"time", "delay", "distnace", "origin"};
            },
            code) ==
        "the data has no column \"distance\", which is needed for the features; "
        "did you mean \"distnace\"? The columns are: time, delay, distnace, "
        "origin");
}

TEST_CASE("The label is found by its name if it has a common one", "[column_plan]") {
  for (const std::string name : {"label", "click", "target", "y"}) {
    const std::vector<std::string> columns = {"a", name, "b"};
    CHECK(DefaultLabel(columns).value() == name);
  }
  const std::vector<std::string> none = {"a", "Label"};
  CHECK(MessageOf(DefaultLabel(none).status()) ==
        "which column is the label? no column is called label, click, target or y: name it with "
        "--label COLUMN; the columns are: a, Label");
  const std::vector<std::string> two = {"click", "y"};
  CHECK(MessageOf(DefaultLabel(two).status()) ==
        "which column is the label? more than one column is called label, click, target or y: "
        "name it with --label COLUMN; the columns are: click, y");
}

TEST_CASE("Names that no column has are named, with those that there are", "[column_plan]") {
  const std::string all = "; the columns are: time, delay, distance, origin, tags";
  CHECK(ErrorOf([](ReadSpec* s) { s->numeric = {"x"}; }) ==
        "--numeric: there is no column \"x\"" + all);
  CHECK(ErrorOf([](ReadSpec* s) { s->ignore = {"x"}; }) ==
        "--ignore: there is no column \"x\"" + all);
  CHECK(ErrorOf([](ReadSpec* s) { s->weight = "x"; }) ==
        "--weight: there is no column \"x\"" + all);
  CHECK(ErrorOf([](ReadSpec* s) { s->label.column = "x"; }) ==
        "--label: there is no column \"x\"" + all);
  CHECK(ErrorOf([](ReadSpec* s) {
          s->multi = {{"x", '|'}};
        }) == "--multi: there is no column \"x\"" + all);
  CHECK(ErrorOf([](ReadSpec* s) {
          s->crosses = {{"x", "origin"}};
        }) == "--cross: there is no column \"x\"" + all);
  CHECK(ErrorOf([](ReadSpec* s) {
          s->derived = {{"h", DeriveFunction::kHour, "later", 1},
                        {"later", DeriveFunction::kHour, "time", 1}};
        }) == "--derive: there is no column \"later\"" + all);
  CHECK(ErrorOf([](ReadSpec* s) {
          s->crosses = {{"origin", "time,origin", "delay"}};
        })
            .starts_with("--cross: there is no column \"time,origin\"; several are given with "
                         "blanks between them: --cross A B; the columns are"));
  CHECK_THAT(ErrorOf([](ReadSpec* s) { s->ignore = {"distanec"}; }),
             Catch::Matchers::Contains("; did you mean \"distance\"? The columns are: time,"));
}

TEST_CASE("Options that contradict one another", "[column_plan]") {
  CHECK(ErrorOf([](ReadSpec* s) { s->weight = "delay"; }) ==
        "--label and --weight both name \"delay\"");
  CHECK(ErrorOf([](ReadSpec* s) {
          s->multi = {{"tags", '|'}};
          s->numeric = {"tags"};
        }) == "--multi and --numeric both name \"tags\"");
  CHECK(ErrorOf([](ReadSpec* s) {
          s->crosses = {{"delay", "origin"}};
        }) == "--cross: column \"delay\" is the label, so no feature can be made of it");
  CHECK(ErrorOf([](ReadSpec* s) {
          s->weight = "distance";
          s->derived = {{"d", DeriveFunction::kLog, "distance", 4}};
        }) == "--derive: column \"distance\" is the weight, so no feature can be made of it");
  CHECK(ErrorOf([](ReadSpec* s) {
          s->derived = {{"origin", DeriveFunction::kHour, "time", 1}};
        }) == "--derive: there is a column \"origin\" already; give the new one another name");
  CHECK(ErrorOf([](ReadSpec* s) {
          s->crosses = {{"time", "tags"}, {"time", "tags"}};
        }) == "--cross time*tags is given twice");
  CHECK(ErrorOf([](ReadSpec* s) { s->crosses = {{"time"}}; }) == "--cross time: not 2 to 4 parts");
  CHECK(ErrorOf([](ReadSpec* s) {
          s->ignore = {"time", "distance", "origin", "tags"};
        }) == "no column is left as a feature");
  CHECK(ErrorOf([](ReadSpec* s) { s->columns = {}; }) ==
        "no columns are known: name them with --columns");
  CHECK(ErrorOf(
            [](ReadSpec* s) {
              s->columns = {"a", "delay", "a"};
            },
            absl::StatusCode::kInvalidArgument) ==
        "two columns are called \"a\"; name all columns with --columns, each in its own way");
}

TEST_CASE("Criteo's columns are known", "[column_plan]") {
  ReadSpec spec;
  spec.crosses = {{"i1", "c26"}};
  spec.numeric = {"i2"};
  const ColumnPlan plan = MakeColumnPlan(DataFormat::kCriteo, spec, LabelNeed::kRequired).value();
  CHECK_FALSE(plan.quotes);
  CHECK(plan.delimiter == '\t');
  CHECK(plan.label == 0);
  REQUIRE(plan.keyed.size() == 39);
  CHECK(plan.keyed[0].use == Use::kCriteoBin);
  CHECK(plan.keyed[1].use == Use::kNumber);
  CHECK(plan.keyed[12].use == Use::kCriteoBin);
  CHECK(plan.keyed[13].use == Use::kCategory);
  CHECK(plan.crosses[0].parts == std::array<uint32_t, 4>{0, 38, 0, 0});
  spec.columns = {"a"};
  CHECK(MessageOf(CheckReadSpec(DataFormat::kCriteo, spec)) ==
        "--columns and --delimiter are for csv: Criteo's are fixed");
}

TEST_CASE("Formats without columns refuse what is about columns", "[column_plan]") {
  const auto refused = [](const std::function<void(ReadSpec*)>& change,
                          DataFormat format = DataFormat::kLibsvm) {
    return ErrorOf(change, absl::StatusCode::kFailedPrecondition, format);
  };
  const std::string tail = " is for data with columns (csv, criteo), not for libsvm";
  CHECK(refused([](ReadSpec* s) { s->columns = {"a"}; }) == "--columns" + tail);
  CHECK(refused([](ReadSpec* s) { s->delimiter = ';'; }) == "--delimiter" + tail);
  CHECK(refused([](ReadSpec* s) { s->numeric = {"a"}; }) == "--numeric" + tail);
  CHECK(refused([](ReadSpec* s) { s->ignore = {"a"}; }) == "--ignore" + tail);
  CHECK(refused([](ReadSpec* s) { s->multi = {{"a", '|'}}; }) == "--multi" + tail);
  CHECK(refused([](ReadSpec* s) { s->derived = {{}}; }) == "--derive" + tail);
  CHECK(refused([](ReadSpec* s) { s->weight = "a"; }) ==
        "--weight" + tail + ": there a label may be LABEL:WEIGHT");
  CHECK(refused([](ReadSpec* s) { s->label.column = "delay"; }) ==
        "--label: libsvm has no column \"delay\": compare its label itself, as in \">4\" or "
        "\"label>4\"");
  CHECK(refused([](ReadSpec* s) {
          s->crosses = {{"1", "2"}};
        }) == "--cross: libsvm has no fields to cross; libffm, csv and criteo have");
  ReadSpec spec;
  spec.label = {"label", Comparison::kGreater, "4"};
  spec.hash_bits = 20;
  CHECK(CheckReadSpec(DataFormat::kLibsvm, spec).ok());
  spec.crosses = {{"1", "2"}};
  CHECK(CheckReadSpec(DataFormat::kLibffm, spec).ok());
  CHECK(refused(
            [](ReadSpec* s) {
              s->crosses = {{"1", "hour"}};
            },
            DataFormat::kLibffm) ==
        "--cross 1*hour: \"hour\" is no field of libffm: a number from 0 to 65535");
  CHECK(refused(
            [](ReadSpec* s) {
              s->crosses = {{"1", "2"}};
              s->cross_field = 65'536;
            },
            DataFormat::kLibffm) ==
        "--cross: no field number is left for 1 crosses above field 65536");
}

TEST_CASE("Fields are promised only where rows have them", "[column_plan]") {
  const auto error = [](DataFormat format, uint32_t fields, std::vector<Key> starts,
                        uint32_t cross_field = 0) {
    ReadSpec spec;
    if (format == DataFormat::kCsv) spec.columns = {"y", "a", "b", "t"};
    if (format == DataFormat::kCsv) spec.ignore = {"t"};
    if (format == DataFormat::kCsv) spec.crosses = {{"a", "t"}};
    if (cross_field != 0) spec.crosses = {{"1", "2"}};
    spec.cross_field = cross_field;
    spec.fields = fields;
    spec.field_starts = std::move(starts);
    return std::string(MessageOf(CheckReadSpec(format, spec)));
  };
  CHECK(error(DataFormat::kCsv, 3, {}) == "");  // a, b, a*t; t alone is none.
  CHECK(error(DataFormat::kCsv, 4, {}) == "these columns have 3 fields, not 4");
  CHECK(error(DataFormat::kCsv, 3, {0, 1, 2}) != "");
  CHECK(error(DataFormat::kCriteo, 39, {}) == "");
  CHECK(error(DataFormat::kLibffm, 9, {}) == "");
  CHECK(error(DataFormat::kLibffm, 9, {}, 8) == "");
  CHECK(error(DataFormat::kLibffm, 9, {}, 9) == "crosses have fields up to 9, and there are 9");
  CHECK(error(DataFormat::kLibffm, 1, {0}) == "1 fields with 1 starts are none of libffm");
  CHECK(error(DataFormat::kLibsvm, 3, {0, 5, 6}) == "");
  CHECK(error(DataFormat::kLibsvm, 3, {}) == "3 fields with 0 starts are none of libsvm");
  CHECK(error(DataFormat::kLibsvm, 0, {0}) != "");
  CHECK(error(DataFormat::kLibsvm, 3, {0, 5}) != "");
  CHECK(error(DataFormat::kLibsvm, 3, {0, 5, 5}) != "");
  CHECK(error(DataFormat::kLibsvm, 3, {1, 5, 6}) != "");
  CHECK(error(DataFormat::kIdx, 1, {}) == "1 fields with 0 starts are none of idx");
}

TEST_CASE("ReduceKey takes the top bits of a mixed key", "[column_plan]") {
  CHECK(ReduceKey(12345, 0) == 12345);
  CHECK(ReduceKey(12345, 20) == Mix64(12345) >> 44);
  CHECK(ReduceKey(~uint64_t{0}, 1) <= 1);
}

}  // namespace
}  // namespace cairn
