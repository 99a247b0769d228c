#include "cli/data_stat_view.h"

#include <catch2/catch.hpp>
#include <string>

namespace cairn {
namespace {

DataStat Sample() {
  DataStat stat;
  stat.files = {{"/d/a", {Compression::kNone, 3 << 20}, 3 << 20},
                {"/d/b.gz", {Compression::kGzip, 1 << 20}, 5 << 20}};
  stat.format = DataFormat::kLibffm;
  stat.rows = 9'999;
  stat.bad_rows = 1;
  stat.first_bad_row = "/d/a:3:1: label is not a finite number: \"x\"";
  stat.labels = {0, 0.25, 1, {{0.0f, 7'500}, {1.0f, 2'499}}};
  stat.features_min = 1;
  stat.features_max = 12;
  stat.features = 99'990;
  stat.keys = {4'321, true};
  stat.fields = 12;
  stat.values_not_one = 33;
  return stat;
}

TEST_CASE("data stat: what people read", "[data_stat]") {
  CHECK(DataStatAsText(Sample()) ==
        "files     2 files, 8.0 MiB; 4.0 MiB on the disk (gzip)\n"
        "format    libffm\n"
        "rows      9,999\n"
        "bad rows  1 (0.01 %), the first: /d/a:3:1: label is not a finite number: \"x\"\n"
        "labels    0: 7,500 (75.01 %), 1: 2,499 (24.99 %)\n"
        "features  99,990; 1 to 12 in a row, mean 10\n"
        "distinct  4,321 different features in 12 fields\n"
        "values    0.03 % are not 1\n");
}

TEST_CASE("data stat: nothing bad, a quantity for labels, an estimate", "[data_stat]") {
  DataStat stat = Sample();
  stat.files.pop_back();
  stat.format = DataFormat::kLibsvm;
  stat.bad_rows = 0;
  stat.labels = {-2.5, 0.3333333, 7, {}};
  stat.features_min = 12;
  stat.keys = {5'000'000, false};
  stat.fields = 0;
  stat.values_not_one = 0;
  CHECK(DataStatAsText(stat) ==
        "files     1 file, 3.0 MiB\n"
        "format    libsvm\n"
        "rows      9,999\n"
        "bad rows  none\n"
        "labels    -2.5 to 7, mean 0.333\n"
        "features  99,990; 12 in each row\n"
        "distinct  about 5,000,000 different features (within 0.81 % in two cases of three)\n"
        "values    all are 1\n");
}

TEST_CASE("data stat: many classes are shortened", "[data_stat]") {
  DataStat stat = Sample();
  stat.rows = 33;
  stat.labels.classes.clear();
  for (int i = 0; i < 11; ++i) stat.labels.classes[static_cast<float>(i)] = 3;
  const std::string text = DataStatAsText(stat);
  CHECK(text.find("9: 3 (9.09 %), ... (11 different ones)\n") != std::string::npos);
  CHECK(text.find("10: 3") == std::string::npos);
}

TEST_CASE("data stat: labels that nobody has named", "[data_stat]") {
  DataStat stat = Sample();
  stat.has_labels = false;
  CHECK(DataStatAsText(stat).find("\nlabels    none named yet: --label COLUMN\n") !=
        std::string::npos);
}

TEST_CASE("data stat: what programs read", "[data_stat]") {
  const std::string json = DataStatAsJson(Sample());
  for (const char* line :
       {"  \"rows\": 9999,\n", "  \"bad_rows\": 1,\n", "      \"name\": \"/d/b.gz\",\n",
        "      \"compression\": \"gzip\",\n", "      \"stored_bytes\": 1048576,\n",
        "      \"text_bytes\": 5242880\n", "      \"label\": 1,\n", "      \"rows\": 2499\n",
        "  \"label_mean\": 0.25,\n", "  \"distinct_features\": 4321,\n",
        "  \"distinct_features_error\": 0,\n", "  \"fields\": 12,\n",
        "  \"values_not_one\": 33,\n"}) {
    CAPTURE(line);
    CHECK(json.find(line) != std::string::npos);
  }
  DataStat stat = Sample();
  stat.keys.exact = false;
  CHECK(DataStatAsJson(stat).find("\"distinct_features_error\": 0.0081,") != std::string::npos);
}

TEST_CASE("data stat: columns are a table", "[data_stat]") {
  DataStat stat = Sample();
  stat.columns = {{"delay", 9'999, 99, 2'123, false, {{"-3", 500}, {"0\n", 7}}, false, {}},
                  {"destination", 9'999, 0, 12, true, {}, true, {}},
                  {"code", 9'999, 0, 2, true, {{"7", 9'000}, {"8", 999}}, true, {{7, 7.1, 8}}},
                  {"price", 9'999, 0, 900, true, {}, true, {{-1'240.4, 33.1, 120'000}}},
                  {"id", 9'999, 0, 9'990, true, {}, true, {{1, 5'000, 9'999}}},
                  {"time", 9'999, 0, 9'900, true, {{"x", 2}}, true, {}}};
  const std::string text = DataStatAsText(stat);
  CHECK(
      text.substr(text.find("\n\n") + 2) ==
      "column          missing   different  most frequent, or range\n"
      "delay            0.99 %      ~2,123  -3 (5 %), 0? (0.07 %)\n"
      "destination         0 %          12  \n"
      "code                0 %           2  7 (90.01 %), 8 (9.99 %)\n"
      "price               0 %         900  -1,240 to 120,000, mean 33.1\n"
      "id                  0 %       9,990  1 to 9,999, mean 5,000; nearly every row has another "
      "value: --derive bins of it, or --ignore it\n"
      "time                0 %       9,900  nearly every row has another value: --derive hours or "
      "days of it, or --ignore it\n");
  const std::string json = DataStatAsJson(stat);
  for (const char* line :
       {"      \"name\": \"delay\",\n", "      \"missing\": 99,\n", "      \"distinct\": 2123,\n",
        "      \"distinct_error\": 0.0081,\n", "          \"value\": \"-3\",\n",
        "      \"top_error\": 0.0009765625\n", "      \"top_error\": 0\n",
        "      \"min\": -1240.4,\n", "      \"mean\": 33.1,\n", "      \"max\": 120000,\n"}) {
    CAPTURE(line);
    CHECK(json.find(line) != std::string::npos);
  }
}

}  // namespace
}  // namespace cairn
