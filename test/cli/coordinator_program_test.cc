#include "cli/coordinator_program.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "cluster/run_program.h"

namespace cairn {
namespace {

Ran RunCoordinator(const std::vector<std::string>& arguments) {
  return RunMain(
      [](int argc, char** argv) { return RunRoleProgram(CoordinatorProgram(), argc, argv); },
      "ps_coordinator", arguments);
}

// What it says to a command line that it refuses.
std::string Refusal(const std::vector<std::string>& arguments) {
  const Ran ran = RunCoordinator(arguments);
  CHECK(ran.code == 2);
  CHECK(ran.out.empty());
  return ran.err;
}

TEST_CASE("ps_coordinator has the options of a training, and none of its launcher",
          "[coordinator_program]") {
  std::set<std::string_view> names;
  for (const OptionSpec& option : AllOptions(CoordinatorProgram())) {
    CHECK(names.insert(option.name).second);
    CHECK_FALSE(option.required);
  }
  for (const char* name : {"listen", "advertise", "form-timeout", "job-timeout", "table", "train",
                           "servers", "save", "report", "http", "ready-file", "parent"}) {
    CHECK(names.contains(name));
  }
  for (const char* name : {"cluster", "log-dir", "max-restarts", "threads", "executors"}) {
    CHECK_FALSE(names.contains(name));
  }
}

TEST_CASE("Options that mean nothing to the job are refused", "[coordinator_program]") {
  CHECK(Refusal({"--epochs", "3"}) ==
        "ps_coordinator: --epochs needs --train: without, the job comes from cairn train "
        "--cluster\n");
  CHECK_THAT(Refusal({"--servers", "3"}), Catch::Contains("--servers needs --train or --table"));
  CHECK_THAT(Refusal({"--table", "name=t", "--epochs", "3"}),
             Catch::Contains("--epochs means nothing to a job of --table"));
  CHECK_THAT(Refusal({"--table", "name=t", "--train", "a"}), Catch::Contains("one of them"));
  CHECK_THAT(Refusal({"--table", "nmae=t"}), Catch::Contains("did you mean name?"));
  CHECK_THAT(Refusal({"--table", "name=t", "--streams", "3"}), Catch::Contains("--streams needs"));
  CHECK_THAT(Refusal({"--listen", "tcp://0.0.0.0:0"}), Catch::Contains("--insecure"));
}

TEST_CASE("A coordinator to which nobody brings a job ends by itself", "[coordinator_program]") {
  const Ran ran = RunCoordinator({"--job-timeout", "0.05"});
  CHECK(ran.code == 5);
  CHECK_THAT(ran.out, Catch::StartsWith("listening tcp://127.0.0.1:"));
  CHECK_THAT(ran.err, Catch::StartsWith("ps_coordinator: "));
}

TEST_CASE("A job of tables that nobody serves ends by itself", "[coordinator_program]") {
  const Ran ran = RunCoordinator({"--table", "name=a width=2", "name=b kind=dense size=7", "--job",
                                  "mine", "--servers", "2", "--form-timeout", "0.05"});
  CHECK(ran.code == 5);
  CHECK_THAT(ran.err, Catch::Contains("2 of 2 servers"));
}

}  // namespace
}  // namespace cairn
