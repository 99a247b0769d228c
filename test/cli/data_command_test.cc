#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/temp_directory.h"
#include "cli/run_cairn.h"
#include "train/zipf_generator.h"

namespace cairn {
namespace {

struct Generated {
  std::string rows;
  std::string oracle;
};

Generated Expected(const ZipfSpec& spec) {
  Generated text;
  const auto to = [](std::string* end) {
    return [end](std::string_view piece) {
      *end += piece;
      return absl::OkStatus();
    };
  };
  REQUIRE(GenerateZipf(spec, to(&text.rows), to(&text.oracle)).ok());
  return text;
}

TEST_CASE("data gen writes what the generator makes, and the truth next to it", "[data_gen]") {
  const TempDirectory directory;
  const std::string train = directory.PathOf("train");
  const std::string test = directory.PathOf("test");
  const Ran ran = Run({"data", "gen", "--rows", "200", "--features", "5000", "--seed", "7",
                       "--output", train, "--test-rows", "50", "--test-output", test, "--oracle"});
  CHECK(ran.code == 0);
  CHECK(ran.out.empty());
  CHECK(ran.err == "200 rows to " + train + "\n50 rows to " + test + "\n");
  ZipfSpec spec{200, 5000, 7, ZipfSpec::Part::kTrain};
  CHECK(ReadFile(train) == Expected(spec).rows);
  CHECK(ReadFile(train + ".z") == Expected(spec).oracle);
  spec.rows = 50;
  spec.part = ZipfSpec::Part::kTest;
  CHECK(ReadFile(test) == Expected(spec).rows);
  CHECK(ReadFile(test + ".z") == Expected(spec).oracle);
}

TEST_CASE("data gen writes no oracle unless it is asked for", "[data_gen]") {
  const TempDirectory directory;
  const std::string path = directory.PathOf("rows");
  CHECK(Run({"data", "gen", "--rows", "3", "--output", path}).code == 0);
  CHECK(ReadFile(path) == Expected({.rows = 3}).rows);
  CHECK_FALSE(std::filesystem::exists(path + ".z"));
}

TEST_CASE("data gen refuses outputs that contradict one another", "[data_gen]") {
  const auto error = [](std::vector<std::string> more) {
    more.insert(more.begin(), {"data", "gen", "--rows", "3"});
    const Ran ran = Run(more);
    CHECK(ran.code == 2);
    return ran.err;
  };
  CHECK(error({"--output", "a", "--test-rows", "3"}) ==
        "cairn data gen: --test-rows and --test-output go together\n");
  CHECK(error({"--output", "a", "--test-output", "b"}) ==
        "cairn data gen: --test-rows and --test-output go together\n");
  CHECK(error({"--output", "a", "--test-output", "a", "--test-rows", "1"}) ==
        "cairn data gen: --output and --test-output are the same file\n");
  CHECK(error({"--output", "-", "--oracle"}).starts_with("cairn data gen: --oracle needs"));
  CHECK(error({"--output", "a", "--features", "10"})
            .starts_with("cairn data gen: --features \"10\": must be a whole number, 1,000 to"));
}

TEST_CASE("data gen names the file that it cannot write", "[data_gen]") {
  const TempDirectory directory;
  const std::string path = directory.PathOf("no/such");
  const Ran ran = Run({"data", "gen", "--rows", "3", "--output", path});
  CHECK(ran.code == 3);
  CHECK(ran.err == "cairn data gen: cannot write " + path + ": No such file or directory\n");
}

TEST_CASE("data stat counts files that are named with and without --data", "[data_stat]") {
  const TempDirectory directory;
  const std::string a = directory.PathOf("a");
  const std::string b = directory.PathOf("b");
  std::ofstream(a) << "1 2:3\n0 2:1 4:1\n";
  std::ofstream(b) << "1 2:3\n";
  const Ran ran = Run({"data", "stat", a, b});
  CHECK(ran.code == 0);
  CHECK(ran.err.empty());
  CHECK(ran.out ==
        "files     2 files, 22 B\n"
        "format    libsvm\n"
        "rows      3\n"
        "bad rows  none\n"
        "labels    0: 1 (33.33 %), 1: 2 (66.67 %)\n"
        "features  4; 1 to 2 in a row, mean 1.333\n"
        "distinct  2 different features\n"
        "values    50 % are not 1\n");
  CHECK(Run({"data", "stat", "--data", directory.path(), "--format", "libsvm"}).out == ran.out);
  const Ran json = Run({"data", "stat", a, b, "--json"});
  CHECK(json.code == 0);
  CHECK(json.out.starts_with("{\n  \"files\": ["));
}

TEST_CASE("data stat: errors are those of data", "[data_stat]") {
  const TempDirectory directory;
  const std::string path = directory.PathOf("a");
  const auto error = [](const std::vector<std::string>& arguments, int code) {
    const Ran ran = Run(arguments);
    CHECK(ran.code == code);
    CHECK(ran.out.empty());
    return ran.err;
  };
  CHECK(error({"data", "stat"}, 2) == "cairn data stat: PATH is missing\n");
  CHECK(error({"data", "stat", path}, 3) ==
        "cairn data stat: " + path + ": cannot open the data file: No such file or directory\n");
  std::ofstream(path) << "x 2:3\n";
  CHECK(error({"data", "stat", path}, 3) ==
        "cairn data stat: " + path + ":1:1: label is not a finite number: \"x\"\n");
}

}  // namespace
}  // namespace cairn
