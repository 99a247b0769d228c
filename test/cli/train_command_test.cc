#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "base/temp_directory.h"
#include "cli/run_cairn.h"

namespace cairn {
namespace {

struct TrainFixture {
  TempDirectory directory;
  std::string data = directory.PathOf("train.libffm");
  std::string report = directory.PathOf("report.json");

  TrainFixture() {
    REQUIRE(Run({"data", "gen", "--rows", "600", "--features", "1000", "--output", data}).code ==
            0);
  }
  Ran Train(std::vector<std::string> more) const {
    more.insert(more.begin(), {"train", "--train", data, "--epochs", "2"});
    return Run(more);
  }
};

TEST_CASE_METHOD(TrainFixture, "train prints a heading, a row for each epoch and a summary",
                 "[train]") {
  const Ran ran = Train({"--valid", data, "--report", report});
  INFO(ran.err);
  CHECK(ran.code == 0);
  CHECK(ran.out.starts_with("cairn "));
  CHECK(ran.out.find("  lr  1 server x 1 worker, asp, 64 partitions\ndata   ") !=
        std::string::npos);
  CHECK(ran.out.find("\n    1           600") != std::string::npos);
  CHECK(ran.out.find("\n    2           600") != std::string::npos);
  CHECK(ran.out.find("\ndone   ") != std::string::npos);
  const std::string json = ReadFile(report);
  CHECK(json.find("\n  \"rows\": 1200,\n") != std::string::npos);
  CHECK(json.find("\n    \"epochs\": 2,\n") != std::string::npos);
}

TEST_CASE_METHOD(TrainFixture, "A dry run shows what would be trained, and writes nothing",
                 "[train]") {
  const std::string model = directory.PathOf("model");
  const Ran ran = Train({"--dry-run", "--save", model, "--report", report});
  INFO(ran.err);
  CHECK(ran.code == 0);
  CHECK(ran.out.starts_with("data     1 file, "));
  CHECK(ran.out.find("\nrows     about 600, ") != std::string::npos);
  CHECK(ran.out.find("\n  epochs ") != std::string::npos);
  CHECK(ran.out.find("\ndone") == std::string::npos);
  CHECK_FALSE(std::filesystem::exists(model));
  CHECK_FALSE(std::filesystem::exists(report));
  CHECK(Run({"train", "--dry-run", "--train", directory.PathOf("missing")}).code == 3);
  CHECK(Train({"--dry-run", "--report", directory.PathOf("no/such")}).code == 3);
}

TEST_CASE_METHOD(TrainFixture, "A report that cannot be written is known before training",
                 "[train]") {
  const Ran ran = Train({"--report", directory.PathOf("no/such")});
  CHECK(ran.code == 3);
  CHECK(ran.out.empty());
  CHECK(ran.LastError() ==
        "cairn train: cannot write " + directory.PathOf("no/such") + ": No such file or directory");
}

TEST_CASE_METHOD(TrainFixture, "A failed training names its cause and leaves no report",
                 "[train]") {
  const std::string missing = directory.PathOf("missing");
  const Ran ran = Train({"--valid", missing, "--report", report});
  CHECK(ran.code == 3);
  CHECK(ran.LastError().starts_with("cairn train: "));
  CHECK(ran.LastError().find(missing) != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(report));
  CHECK_FALSE(std::filesystem::exists(report + ".tmp"));
}

}  // namespace
}  // namespace cairn
