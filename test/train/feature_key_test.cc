#include "train/feature_key.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "base/status.h"
#include "train/column_parser.h"

namespace cairn {
namespace {

DataDefinition Shop() {
  DataDefinition data;
  data.format = DataFormat::kCsv;
  data.read.columns = {"y", "country", "device", "price", "tags", "time"};
  data.read.label.column = "y";
  data.read.numeric = {"price"};
  data.read.ignore = {"time"};
  data.read.multi = {{"tags", '|'}};
  data.read.derived = {{"hour", DeriveFunction::kHour, "time", 1}};
  data.read.crosses = {{"country", "device"}, {"country", "hour"}, {"tags", "device", "hour"}};
  return data;
}

// The keys that reading one row makes.
std::vector<Key> KeysOf(const DataDefinition& data, std::string_view row) {
  const auto plan = MakeColumnPlan(data.format, data.read, LabelNeed::kRequired);
  REQUIRE(plan.ok());
  ColumnParser parser(*plan, data.read.label, LabelKind::kBinary, data.read.hash_bits);
  RowBatch rows;
  REQUIRE_FALSE(parser.Parse(row, &rows).first_bad_row.has_value());
  return rows.keys;
}

TEST_CASE("A feature that is named has the key that reading gives it", "[feature_key]") {
  DataDefinition data = Shop();
  data.read.hash_bits = GENERATE(0, 20);
  const std::vector<Key> keys = KeysOf(data, "1,U*S,a=b,2.5,new|old,2001-01-01T07:30\n");
  for (const char* feature :
       {"country=U*S", "device=a=b", "price", "tags=new", "tags=old", "hour=7",
        "country=U*S*device=a=b", "country=U*S*hour=7", "tags=old*device=a=b*hour=7"}) {
    INFO(feature);
    const absl::StatusOr<Key> key = KeyOfFeature(data, feature);
    REQUIRE(key.ok());
    CHECK(std::find(keys.begin(), keys.end(), *key) != keys.end());
  }
  CHECK(KeyOfFeature(data, "country=DE").value() != KeyOfFeature(data, "device=DE").value());
}

std::string ErrorOf(const DataDefinition& data, std::string_view feature) {
  const absl::Status status = KeyOfFeature(data, feature).status();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  return std::string(MessageOf(status));
}

TEST_CASE("What is no feature is told, and what there is instead", "[feature_key]") {
  CHECK(ErrorOf(Shop(), "contry=US")
            .starts_with("no column is called \"contry\"; did you mean \"country\"? The columns "
                         "are: y, country"));
  CHECK(ErrorOf(Shop(), "country") ==
        "column \"country\" has a feature for each value: "
        "country=VALUE");
  DataDefinition rows;
  rows.format = DataFormat::kLibffm;
  CHECK(KeyOfFeature(rows, "17").value() == 17);
  CHECK(ErrorOf(rows, "country=US") ==
        "a feature of libffm is the number of its index, not \"country=US\"");
}

}  // namespace
}  // namespace cairn
