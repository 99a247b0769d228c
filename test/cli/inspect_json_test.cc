#include <catch2/catch.hpp>
#include <cmath>
#include <string>

#include "cli/inspect_view.h"

namespace cairn {
namespace {

SavedRow SampleRow() {
  SavedRow row;
  row.key = ~Key{0};
  row.partition = 3;
  row.seen = 2;
  row.weights = {0.5f, -1};
  row.state = {{2}, {}};
  return row;
}

constexpr char kRow[] = R"("key": 18446744073709551615,
          "partition": 3,
          "seen": 2,
          "weights": [
            0.5,
            -1
          ],
          "state": [
            [
              2
            ],
            []
          ])";

TEST_CASE("A key's row as JSON holds all of it", "[inspect_json]") {
  const std::string json = KeyReportsAsJson(~Key{0}, {{"weights", 3, {SampleRow()}}});
  CHECK(json.starts_with("{\n  \"key\": 18446744073709551615,\n  \"tables\": [\n"));
  CHECK(json.find(kRow) != json.npos);
  CHECK(KeyReportsAsJson(1, {{"weights", 3, {}}}).find("\"rows\": []") != json.npos);
}

TEST_CASE("A model as JSON: classes without rows are left out, what is no number is null",
          "[inspect_json]") {
  ModelReport report;
  report.model = "lr";
  report.digest = "d";
  report.settings = {{"train", "a"}, {"train", "b"}};
  TableReport table;
  table.spec.name = "w";
  table.state_floats = {1};
  table.seen[0] = 4;
  table.seen[2] = 5;
  table.min = std::nan("");
  table.heaviest = {SampleRow()};
  report.tables = {table};
  const std::string json = ModelReportAsJson(report);
  CHECK(json.starts_with("{\n  \"model\": \"lr\",\n  \"job\": \"\",\n  \"seed\": 0,\n"));
  CHECK(json.find("\"name\": \"train\",\n      \"value\": \"b\"") != json.npos);
  CHECK(json.find("\"min\": null,\n      \"max\": 0,") != json.npos);
  CHECK(json.find("\"kind\": \"sparse\",\n      \"reduction\": \"sum\"") != json.npos);
  CHECK(json.find(R"("seen": [
        {
          "from": 0,
          "to": 0,
          "rows": 4
        },
        {
          "from": 2,
          "to": 3,
          "rows": 5
        }
      ])") != json.npos);
  CHECK(json.find(kRow) != json.npos);
}

}  // namespace
}  // namespace cairn
