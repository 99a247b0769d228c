#include <catch2/catch.hpp>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "base/temp_directory.h"
#include "cli/run_cairn.h"

namespace cairn {
namespace {

struct ScoreFixture {
  TempDirectory directory;
  std::string data = directory.PathOf("data.libffm");
  std::string model = directory.PathOf("model");
  std::string output = directory.PathOf("output");

  ScoreFixture() {
    REQUIRE(Run({"data", "gen", "--rows", "600", "--features", "1000", "--output", data}).code ==
            0);
    const Ran ran = Run({"train", "--train", data, "--epochs", "1", "--save", model});
    INFO(ran.err);
    REQUIRE(ran.code == 0);
  }
};

TEST_CASE_METHOD(ScoreFixture, "eval prints the metrics and reports them", "[score]") {
  const Ran ran = Run({"eval", "--model-dir", model, "--data", data, data, "--report", output});
  INFO(ran.err);
  CHECK(ran.code == 0);
  CHECK(ran.out.starts_with("rows         1,200\nlogloss      0."));
  for (const char* part :
       {"  (the mean label: 0.", "\nauc          0.", "\naccuracy     0.",
        "  (the commonest class: 0.", "\ncalibration  ", "  (labels 1, predicted / observed)\n"}) {
    CHECK(ran.out.find(part) != std::string::npos);
  }
  CHECK(ReadFile(output).starts_with("{\n  \"model\": \"lr\",\n  \"rows\": 1200,\n"));
}

TEST_CASE_METHOD(ScoreFixture, "predict writes one probability a line", "[score]") {
  const Ran ran = Run({"predict", "--model-dir", model, "--data", data, "--output", output});
  INFO(ran.err);
  CHECK(ran.code == 0);
  CHECK(ran.out.empty());
  CHECK(ran.err == "600 rows to " + output + "\n");
  std::istringstream lines(ReadFile(output));
  size_t rows = 0;
  for (std::string line; std::getline(lines, line); ++rows) {
    const double probability = std::stod(line);
    CHECK((probability > 0 && probability < 1));
  }
  CHECK(rows == 600);
}

TEST_CASE_METHOD(ScoreFixture, "rows that cannot be read are told", "[score]") {
  const std::string bad = directory.PathOf("bad.libffm");
  std::ofstream(bad) << ReadFile(data) << "1 0:oops:1\n";
  const std::string place = bad + ":601:5: index is not a whole number: \"oops\"";
  const Ran refused = Run({"eval", "--model-dir", model, "--data", bad});
  CHECK(refused.code == 3);
  CHECK(refused.LastError() ==
        "cairn eval: " + place + "; --max-bad-rows SHARE leaves such rows out");
  const Ran eval = Run(
      {"eval", "--model-dir", model, "--data", bad, "--max-bad-rows", "0.01", "--report", output});
  CHECK(eval.code == 0);
  CHECK(eval.out.starts_with("rows         600\n"));
  CHECK(eval.err == "note   1 of 601 rows left out, the first: " + place + "\n");
  CHECK(ReadFile(output).find("  \"bad_rows\": 1,\n  \"first_bad_row\": \"/") != std::string::npos);
  const Ran predict = Run({"predict", "--model-dir", model, "--data", bad, "--max-bad-rows", "0.01",
                           "--output", output});
  CHECK(predict.code == 0);
  CHECK(predict.err == "601 rows to " + output +
                           "; 1 of them could not be read and is nan, the first: " + place + "\n");
  CHECK(ReadFile(output).ends_with("\nnan\n"));
}

TEST_CASE_METHOD(ScoreFixture, "A failed prediction keeps the old output", "[score]") {
  REQUIRE(Run({"data", "gen", "--rows", "3", "--output", output}).code == 0);
  const std::string old = ReadFile(output);
  const Ran ran =
      Run({"predict", "--model-dir", directory.PathOf("none"), "--data", data, "--output", output});
  CHECK(ran.code == 3);
  CHECK(ran.LastError().starts_with("cairn predict: "));
  CHECK(ReadFile(output) == old);
  CHECK_FALSE(std::filesystem::exists(output + ".tmp"));
}

}  // namespace
}  // namespace cairn
