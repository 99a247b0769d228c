#include "cli/inspect_view.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>

#include "base/option_help.h"

namespace cairn {
namespace {

ModelReport SampleReport() {
  ModelReport report;
  report.job = "job";
  report.model = "lr";
  report.settings = {{"optimizer", "adagrad"}, {"l2", "3"}};
  report.seed = 5;
  report.partitions = 2;
  report.file_bytes = 3000;
  report.file_bytes_min = 1000;
  report.file_bytes_max = 2000;
  report.digest = "00112233445566778899aabbccddeeff";
  TableReport table;
  table.spec.name = "weights";
  table.spec.parts[0].optimizer.l2 = 3;
  table.state_floats = {1};
  table.rows = 1000;
  table.row_bytes = 24;
  table.weights = 1000;
  table.zeros = 5;
  table.min = -1.5;
  table.max = 0.25;
  table.mean = -0.125;
  table.norm = 7;
  table.seen[0] = 1;
  table.seen[1] = 399;
  table.seen[3] = 600;
  table.seen_sum = 4000;
  table.partition_rows_min = 400;
  table.partition_rows_max = 600;
  table.heaviest = {
      {.key = ~Key{0}, .partition = 1, .seen = 4, .weights = {-1.5f}, .state = {{2.25f}}}};
  report.tables = {table};
  return report;
}

TEST_CASE("A model's report is lines for people", "[inspect_view]") {
  CHECK(ModelReportAsText(SampleReport()) == R"(model         lr
job           job, seed 5
digest        00112233445566778899aabbccddeeff, recomputed from the rows
partitions    2
on disk       2.9 KiB; 1000 B to 2.0 KiB a partition

trained with
  optimizer  adagrad
  l2         3

table weights, sparse
  part 0      1 wide; adagrad, learning_rate 0.1, l2 3; 1 float of state; starts at 0
  rows        1,000, 24 bytes of a file each
  partitions  400 to 600 rows each; the fullest has 1.2 times the mean
  weights     1,000, 0.5 % of them exactly 0
  values      -1.5 to 0.25, mean -0.125, norm 7
  seen        4,000 times in training; rows by how often:
                           0               1     0.1 %
                           1             399    39.9 %
                      4 to 7             600      60 %
          heaviest key        seen  partition  weights
  18446744073709551615           4          1  -1.5
)");
}

TEST_CASE("What decides about rows is shown where it does", "[inspect_view]") {
  ModelReport report = SampleReport();
  report.tables[0].spec.retention = {
      .admit_count = 22, .expire_steps = 1'000, .expire_below = 0.25f, .bytes_max = 3u << 30};
  CHECK_THAT(ModelReportAsText(report),
             Catch::Contains(
                 "  admission   with the 22nd occurrence in the first epoch; sketches of 16.0 MiB\n"
                 "  expiry      after 1,000 steps of a partition, with weights below 0.25\n"
                 "  budget      3.0 GiB\n"));
  report.tables[0].spec.retention = {.admit_probability = 0.125f};
  CHECK_THAT(ModelReportAsText(report),
             Catch::Contains("  admission   a chance of 0.125 for each occurrence"));
}

TEST_CASE("What is rare is said where it occurs", "[inspect_view]") {
  ModelReport report = SampleReport();
  TableReport& table = report.tables[0];
  report.model.clear();
  report.settings.clear();
  table.not_finite = 2;
  table.heaviest[0].weights.assign(20, 0.5f);
  const std::string text = ModelReportAsText(report);
  CHECK(text.starts_with("model         of a program of its own\n"));
  CHECK(text.find("trained with") == text.npos);
  CHECK(text.find("exactly 0, 2 not finite\n") != text.npos);
  CHECK(text.find(" 0.5 0.5 ... (20)\n") != text.npos);
  table = TableReport{};
  table.spec.name = "none";
  table.state_floats = {0};
  table.min = table.max = table.mean = table.norm = std::nan("");
  const std::string empty = ModelReportAsText(report);
  CHECK(empty.find("  rows        0, 0 bytes of a file each\n  partitions  none\n") != empty.npos);
  CHECK(empty.find("  values      nan to nan, mean nan, norm nan\n") != empty.npos);
}

TEST_CASE("A key's row shows weights, counts and state", "[inspect_view]") {
  KeyReport report;
  report.table = "weights";
  report.partition = 1;
  CHECK(KeyReportsAsText(7, {report}) ==
        "table weights has no row of key 7; it would be in partition 1\n");
  report.rows = SampleReport().tables[0].heaviest;
  report.rows[0].state.emplace_back();
  CHECK(KeyReportsAsText(~Key{0}, {report}) ==
        "table weights, key 18446744073709551615\n"
        "  partition   1\n"
        "  seen        4 times in an epoch\n"
        "  weights     -1.5\n"
        "  state 0     2.25\n"
        "  state 1     none\n");
  CHECK(KeyReportsAsText(7, {}) == "no table can have a row 7\n");
}

}  // namespace
}  // namespace cairn
