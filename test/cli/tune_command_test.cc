#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/temp_directory.h"
#include "cli/run_cairn.h"

namespace cairn {
namespace {

TEST_CASE("tune ends with a command line and a file that train takes", "[tune_command]") {
  const TempDirectory directory;
  const std::string data = directory.PathOf("data.libffm");
  const std::string settings = directory.PathOf("tuned.toml");
  REQUIRE(Run({"data", "gen", "--rows", "2000", "--features", "1000", "--output", data}).code == 0);
  const Ran ran =
      Run({"tune", "--train", data, "--epochs", "1", "--lr", "0.2", "--output", settings});
  INFO(ran.err);
  REQUIRE(ran.code == 0);
  CHECK_THAT(ran.out, Catch::StartsWith("trial  epochs        l2   valid loss"));
  CHECK_THAT(ran.out, Catch::Contains("\nbest   "));
  CHECK_THAT(ran.out, Catch::Contains("\nuse    cairn train --train " + data + " --lr 0.2"));
  CHECK_THAT(ReadFile(settings), Catch::Contains("lr = 0.2\n"));
  const Ran trained = Run({"train", "--config", settings});
  INFO(trained.err);
  CHECK(trained.code == 0);
}

TEST_CASE("tune: mistakes end before the first trial", "[tune_command]") {
  CHECK(Run({"tune"}).code == 2);
  const Ran saved = Run({"tune", "--train", "x", "--save", "model"});
  CHECK(saved.code == 2);
  CHECK(Run({"tune", "--train", "/none/there"}).code == 3);
  CHECK(Run({"tune", "--train", "x", "--output", "/none/there/file"}).code == 3);
}

}  // namespace
}  // namespace cairn
