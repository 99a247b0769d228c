#include "cluster/role_failure.h"

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <string>

#include "base/status.h"
#include "base/temp_directory.h"

namespace cairn {
namespace {

RoleFailure Killed() {
  return {.role = "server 2",
          .host = "node7",
          .pid = 4711,
          .end = {.exit_code = 0, .signal = SIGKILL},
          .log = "/logs/server-2.log",
          .lines = {"one", "two \"quoted\""},
          .advice = "look for the kernel's out-of-memory killer in dmesg"};
}

TEST_CASE("a failure tells who, where, how, the log's end and what to do", "[role_failure]") {
  const RoleFailure failure = Killed();
  CHECK(Headline(failure) == "server 2 was killed by SIGKILL (signal 9)");
  CHECK(Details(failure) ==
        "  process  pid 4711 on node7\n"
        "  log      /logs/server-2.log, which ends with\n"
        "           | one\n"
        "           | two \"quoted\"\n"
        "  what to do  look for the kernel's out-of-memory killer in dmesg");
}

TEST_CASE("a role that ended by itself, without a word", "[role_failure]") {
  RoleFailure failure = Killed();
  failure.end = {.exit_code = 3, .signal = 0};
  failure.lines.clear();
  failure.advice.clear();
  CHECK(Headline(failure) == "server 2 ended with exit code 3");
  CHECK(Details(failure) ==
        "  process  pid 4711 on node7\n"
        "  log      /logs/server-2.log (empty)");
}

TEST_CASE("programs read the same as JSON", "[role_failure]") {
  const std::string json = FailureAsJson(Killed(), "all is\nlost", 1);
  for (const char* part :
       {"\"message\": \"all is\\nlost\"", "\"exit_code\": 1", "\"role\": \"server 2\"",
        "\"host\": \"node7\"", "\"pid\": 4711", "\"end\": \"SIGKILL (signal 9)\"",
        "\"log\": \"/logs/server-2.log\"", "\"two \\\"quoted\\\"\"", "out-of-memory"}) {
    CHECK_THAT(json, Catch::Contains(part));
  }
}

TEST_CASE("of a log, the last lines are shown, without control characters", "[role_failure]") {
  const TempDirectory directory;
  const std::string log = directory.PathOf("log");
  CHECK(LastLines(log).empty());
  std::ofstream(log) << "a\x1b[31mred\tb\nlast, without its end";
  CHECK(LastLines(log) == std::vector<std::string>{"a?[31mred\tb", "last, without its end"});
  {
    std::ofstream file(log);
    for (int i = 0; i < 30; ++i) file << "line " << i << "\n";
  }
  REQUIRE(LastLines(log).size() == kFailureLines);
  CHECK(LastLines(log).front() == "line 10");
  CHECK(LastLines(log).back() == "line 29");
  std::ofstream(log) << std::string(100'000, 'x') << "\nthe end\n";
  CHECK(LastLines(log) == std::vector<std::string>{"the end"});  // A cut line is left out.
}

}  // namespace
}  // namespace cairn
