#include "train/data_stat.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "base/status.h"
#include "idx_files.h"
#include "temp_files.h"

namespace cairn {
namespace {

DataStat Stat(const std::vector<std::string>& paths) {
  return StatData({.paths = paths, .format = {}, .read = {}, .progress = {}}).value();
}

TEST_CASE("StatData: every figure of a small file of libffm") {
  const TempFiles files;
  const std::string text =
      "1 0:5:1 3:7:0.5\n"
      "0 0:5:1\n"
      "\n"
      "nonsense\n"
      "0 0:5:1 3:8:2 65535:9:1\n"
      "1 2:\n"
      "0\n";
  const std::string path = files.Write("file", Gzip(text));
  const DataStat stat = Stat({path});
  REQUIRE(stat.files.size() == 1);
  CHECK(stat.files[0].name == path);
  CHECK(stat.files[0].text_bytes == text.size());
  CHECK(stat.files[0].storage.compression == Compression::kGzip);
  CHECK(stat.files[0].storage.bytes == Gzip(text).size());
  CHECK(stat.format == DataFormat::kLibffm);
  CHECK(stat.rows == 4);
  CHECK(stat.bad_rows == 2);
  CHECK(stat.first_bad_row == path + ":4:1: label is not a finite number: \"nonsense\"");
  CHECK(stat.labels.min == 0);
  CHECK(stat.labels.max == 1);
  CHECK(stat.labels.mean == 0.25);
  CHECK(stat.labels.classes == std::map<float, uint64_t>{{0, 3}, {1, 1}});
  CHECK(stat.features_min == 0);
  CHECK(stat.features_max == 3);
  CHECK(stat.features == 6);
  CHECK(stat.keys.count == 4);
  CHECK(stat.keys.exact);
  CHECK(stat.fields == 3);
  CHECK(stat.values_not_one == 2);
}

TEST_CASE("StatData: many files and batches add up") {
  const TempFiles files;
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += Concat(i, " ", i, ":1 ", 50'000 + i % 10, ":3\n");
  files.Write("a", text);
  files.Write("b", Zstd(text));
  const DataStat stat = Stat({files.directory()});
  CHECK(stat.files.size() == 2);
  CHECK(stat.rows == 40'000);
  CHECK(stat.labels.classes.empty());  // Too many to be classes.
  CHECK(stat.labels.max == 19'999);
  CHECK(stat.labels.mean == Approx(9999.5));
  CHECK(stat.features_min == 2);
  CHECK(stat.features == 80'000);
  CHECK(stat.keys.count == 20'010);
  CHECK(stat.fields == 0);
  CHECK(stat.values_not_one == 40'000);
}

TEST_CASE("StatData: images") {
  const TempFiles files;
  files.Write("t-labels-idx1", IdxHeaderOf({2}) + "\7\3");
  files.Write("t-images-idx3", IdxHeaderOf({2, 1, 2}) + std::string("\xFF\xFF\0\1", 4));
  const DataStat stat = Stat({files.directory()});
  CHECK(stat.format == DataFormat::kIdx);
  CHECK(stat.labels.classes == std::map<float, uint64_t>{{3, 1}, {7, 1}});
  CHECK(stat.features_min == 1);
  CHECK(stat.features_max == 2);
  CHECK(stat.values_not_one == 1);
}

TEST_CASE("StatData: columns of csv, the label's too, without the header") {
  const TempFiles files;
  const std::string text =
      "delay,origin\r\n"
      "5,LAS\r\n"
      "\r\n"
      "20,\"LA\"\"S\"\r\n"
      "20,\r\n"
      "16,LAS\r\n"
      "1,2,3\r\n"
      "7,NA\r\n";
  files.Write("a.csv", text);
  files.Write("b.csv", text);
  ReadSpec read;
  read.label = ParseLabelRule("delay>15").value();
  const DataStat stat =
      StatData(
          {.paths = {files.directory()}, .format = DataFormat::kCsv, .read = read, .progress = {}})
          .value();
  CHECK(stat.rows == 10);
  CHECK(stat.bad_rows == 2);
  CHECK(stat.labels.classes == std::map<float, uint64_t>{{0, 4}, {1, 6}});
  REQUIRE(stat.columns.size() == 2);
  const ColumnStat& delay = stat.columns[0];
  CHECK(delay.name == "delay");
  CHECK(delay.cells == 10);
  CHECK(delay.missing == 0);
  CHECK(delay.distinct == 4);
  CHECK(delay.top[0] == std::pair<std::string, uint64_t>("20", 4));
  const ColumnStat& origin = stat.columns[1];
  CHECK(origin.missing == 4);
  CHECK(origin.distinct == 2);
  CHECK(origin.top == std::vector<std::pair<std::string, uint64_t>>{{"LAS", 4}, {"LA\"S", 2}});
}

TEST_CASE("StatData: csv needs no label, but one that is named must be there") {
  const TempFiles files;
  const std::string path = files.Write("a.csv", "price,city\n5,A\n7.5,B\n,B\n");
  DataStatOptions options{.paths = {path}, .format = DataFormat::kCsv, .read = {}, .progress = {}};
  const DataStat stat = StatData(options).value();
  CHECK_FALSE(stat.has_labels);
  CHECK(std::isnan(stat.labels.mean));
  CHECK(stat.labels.classes.empty());
  CHECK(stat.rows == 3);
  CHECK(stat.bad_rows == 0);
  CHECK(stat.features == 5);  // Of every column.
  REQUIRE(stat.columns.size() == 2);
  REQUIRE(stat.columns[0].numbers.has_value());
  CHECK(stat.columns[0].numbers->min == 5);
  CHECK(stat.columns[0].numbers->mean == 6.25);
  CHECK(stat.columns[0].numbers->max == 7.5);
  CHECK_FALSE(stat.columns[1].numbers.has_value());
  options.read.label = ParseLabelRule("prise>6").value();
  CHECK(absl::IsFailedPrecondition(StatData(options).status()));
  options.read.label = ParseLabelRule("price>6").value();
  CHECK(StatData(options)->has_labels);
}

TEST_CASE("StatData: data without one good row is an error with the first bad one") {
  const TempFiles files;
  const std::string path = files.Write("file", "x 1:1\ny 1:1\n");
  const absl::Status status =
      StatData({.paths = {path}, .format = {}, .read = {}, .progress = {}}).status();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK(MessageOf(status) == path + ":1:1: label is not a finite number: \"x\"");
}

TEST_CASE("StatData tells how far it has come, and can be stopped") {
  const TempFiles files;
  const std::string path = files.Write("file", "1 1:1\n");
  std::vector<double> shares;
  const auto tell = [&](double share) {
    shares.push_back(share);
    return true;
  };
  REQUIRE(StatData({.paths = {path}, .format = {}, .read = {}, .progress = tell}).ok());
  CHECK(shares == std::vector<double>{1});
  const auto stop = [](double) { return false; };
  CHECK(StatData({.paths = {path}, .format = {}, .read = {}, .progress = stop}).status().code() ==
        absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace cairn
