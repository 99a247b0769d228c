#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/temp_directory.h"
#include "cli/run_cairn.h"
#include "cluster/sample_checkpoint.h"

namespace cairn {
namespace {

struct CheckpointFixture {
  // Overwrites a byte in the middle of a file.
  void Damage(const std::string& path) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path) / 2));
    file.put('\x5a').put('\xa5');
  }
  bool Exists(const std::string& name) { return std::filesystem::exists(dir + "/" + name); }

  TempDirectory temp;
  std::string dir = temp.PathOf("checkpoints");
};

TEST_CASE_METHOD(CheckpointFixture, "The checkpoints of a training are listed, verified and shown",
                 "[checkpoint_command]") {
  const std::string data = temp.PathOf("data.libffm");
  REQUIRE(Run({"data", "gen", "--rows", "20000", "--features", "1000", "--output", data}).code ==
          0);
  const Ran trained =
      Run({"train", "--train", data, "--epochs", "8", "--batch", "100", "--partitions", "4",
           "--consistency", "bsp", "--checkpoint-dir", dir, "--checkpoint-every", "0.1"});
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  const Ran list = Run({"checkpoint", "list", dir});
  INFO(list.out << list.err);
  CHECK(list.code == 0);
  CHECK_THAT(list.out, Catch::StartsWith("  number  written "));
  CHECK_THAT(list.out, Catch::Contains(" of 8, "));
  CHECK_THAT(list.out, Catch::Contains("complete\n"));
  CHECK(Run({"checkpoint", "list", "--checkpoint-dir", dir}).out == list.out);
  CHECK_THAT(Run({"checkpoint", "list", dir, "--json"}).out,
             Catch::StartsWith("[\n  {\n    \"checkpoint\": "));
  const Ran verified = Run({"checkpoint", "verify", dir});
  INFO(verified.out << verified.err);
  CHECK(verified.code == 0);
  CHECK_THAT(verified.out, Catch::Contains("  whole: "));
  const Ran show = Run({"checkpoint", "show", dir});
  INFO(show.out << show.err);
  CHECK(show.code == 0);
  for (const char* part : {"\nmodel         lr\n", "\nconsistency   bsp\n", "\nas of         step ",
                           "\ntrained with\n", "\ntable weights, sparse: "}) {
    CHECK_THAT(show.out, Catch::Contains(part));
  }
}

TEST_CASE_METHOD(CheckpointFixture, "verify ends with 4 if one is damaged, and names it",
                 "[checkpoint_command]") {
  for (const uint64_t number : {3, 4}) WriteSampleCheckpoint(dir, number);
  std::filesystem::create_directories(dir + "/checkpoint-5");
  const Ran whole = Run({"checkpoint", "verify", dir});
  CHECK(whole.code == 0);
  CHECK_THAT(whole.out, Catch::StartsWith("checkpoint 3  whole: 75 rows, "));
  CHECK_THAT(whole.out, Catch::Contains("\ncheckpoint 4  whole: 75 rows, "));
  CHECK_THAT(whole.out, Catch::Contains("\ncheckpoint 5  incomplete: no MANIFEST; "));
  const std::string file = dir + "/checkpoint-3/p1.snapshot";
  Damage(file);
  const Ran damaged = Run({"checkpoint", "verify", dir});
  CHECK(damaged.code == 4);
  CHECK_THAT(damaged.out, Catch::StartsWith("checkpoint 3  damaged: " + file + ": "));
  CHECK_THAT(damaged.out, Catch::Contains("\ncheckpoint 4  whole: "));
  CHECK_THAT(damaged.LastError(),
             Catch::StartsWith("cairn checkpoint verify: checkpoint 3: " + file + ": "));
  CHECK(Run({"checkpoint", "verify", dir, "--checkpoint", "4"}).code == 0);
  CHECK(Run({"checkpoint", "verify", dir, "--checkpoint", "3"}).code == 4);
  CHECK(Run({"checkpoint", "verify", dir, "--checkpoint", "5"}).code == 3);
  CHECK(Run({"checkpoint", "verify", dir, "--checkpoint", "6"}).LastError() ==
        "cairn checkpoint verify: there is no checkpoint 6 in " + dir);
  const Ran json = Run({"checkpoint", "verify", dir, "--json"});
  CHECK(json.code == 4);
  CHECK_THAT(json.out, Catch::Contains("\"state\": \"damaged\""));
  CHECK_THAT(Run({"checkpoint", "list", dir}).out, !Catch::Contains("damaged"));  // By sizes.
}

TEST_CASE_METHOD(CheckpointFixture, "show takes the newest complete one, or the one it is told",
                 "[checkpoint_command]") {
  for (const uint64_t number : {3, 4}) WriteSampleCheckpoint(dir, number);
  std::filesystem::create_directories(dir + "/checkpoint-5");
  const Ran newest = Run({"checkpoint", "show", dir});
  INFO(newest.err);
  CHECK(newest.code == 0);
  CHECK_THAT(newest.out, Catch::StartsWith("checkpoint    4 in " + dir + "/checkpoint-4\n"));
  CHECK_THAT(newest.out, Catch::Contains("\ntable counts, sparse: 50 rows\n"));
  CHECK_THAT(Run({"checkpoint", "show", dir, "--checkpoint", "3", "--json"}).out,
             Catch::StartsWith("{\n  \"checkpoint\": 3,\n"));
  CHECK(Run({"checkpoint", "show", dir, "--checkpoint", "5"}).LastError() ==
        "cairn checkpoint show: checkpoint 5 is not complete: it has no MANIFEST");
  Damage(dir + "/checkpoint-4/p0.snapshot");
  CHECK(Run({"checkpoint", "show", dir}).code == 4);
}

TEST_CASE_METHOD(CheckpointFixture, "prune says what it removes, and what it would",
                 "[checkpoint_command]") {
  for (const uint64_t number : {3, 4, 6}) WriteSampleCheckpoint(dir, number);
  std::filesystem::create_directories(dir + "/checkpoint-5");
  Damage(dir + "/checkpoint-4/p0.snapshot");
  const Ran dry = Run({"checkpoint", "prune", dir, "--keep", "2", "--dry-run"});
  CHECK(dry.code == 0);
  CHECK_THAT(dry.out, Catch::StartsWith(
                          "kept     3\nkept     6\nwould go 5, 0 B, incomplete\nwould go 4, "));
  CHECK_THAT(dry.out, Catch::Contains(", damaged\nto free  "));
  CHECK(Exists("checkpoint-4/MANIFEST"));
  const Ran ran = Run({"checkpoint", "prune", dir, "--keep", "2"});
  CHECK(ran.code == 0);
  CHECK_THAT(ran.out, Catch::StartsWith("kept     3\nkept     6\nremoved  5, "));
  CHECK(Exists("checkpoint-3/MANIFEST"));
  CHECK_FALSE(Exists("checkpoint-4"));
  CHECK_FALSE(Exists("checkpoint-5"));
  Damage(dir + "/checkpoint-6/p0.snapshot");
  const Ran noted = Run({"checkpoint", "prune", dir, "--keep", "1"});
  CHECK(noted.code == 0);
  CHECK(noted.out == "kept     3\nfreed    0 B\n");
  CHECK_THAT(noted.err, Catch::StartsWith("note   checkpoint 6 stays: "));
  Damage(dir + "/checkpoint-3/p0.snapshot");
  CHECK(Run({"checkpoint", "prune", dir, "--keep", "1"}).code == 4);
  CHECK(Exists("checkpoint-3/MANIFEST"));
}

TEST_CASE_METHOD(CheckpointFixture, "Without checkpoints every command ends with 3",
                 "[checkpoint_command]") {
  for (const char* name : {"list", "verify", "show", "prune"}) {
    INFO(name);
    std::vector<std::string> arguments = {"checkpoint", name, dir};
    if (name == std::string("prune")) arguments.insert(arguments.end(), {"--keep", "1"});
    CHECK(Run(arguments).code == 3);
    CHECK(Run(arguments).LastError() ==
          Concat("cairn checkpoint ", name, ": there is no directory ", dir));
    std::filesystem::create_directories(dir);
    CHECK(Run(arguments).code == 3);
    std::filesystem::remove(dir);
  }
  CHECK(Run({"checkpoint", "list"}).code == 2);
  CHECK(Run({"checkpoint", "prune", dir}).code == 2);
  CHECK(Run({"checkpoint", "prune", dir, "--keep", "0"}).code == 2);
  CHECK(Run({"checkpoint"}).code == 2);
}

}  // namespace
}  // namespace cairn
