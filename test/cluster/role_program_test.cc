#include "cluster/role_program.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/temp_directory.h"
#include "cluster/run_program.h"

namespace cairn {
namespace {

using Serve = std::function<absl::Status(const OptionValues&, const InterruptScope&)>;

Ran Run(const Serve& serve, const std::vector<std::string>& arguments) {
  RoleProgram program;
  program.name = "ps_mute";
  program.description = "Says nothing.";
  program.environment_prefix = "CAIRN_MUTE_";
  program.options = MemberOptions();
  program.serve = serve;
  const auto main = [&program](int argc, char** argv) {
    return RunRoleProgram(program, argc, argv);
  };
  return RunMain(main, "ps_mute", arguments);
}

std::string TextOf(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST_CASE("A role program's own options stand with those that all have", "[role_program]") {
  const Ran help = Run({}, {"--help"});
  CHECK(help.code == 0);
  CHECK_THAT(help.out, Catch::Contains("ps_mute --coordinator ADDRESS [options]") &&
                           Catch::Contains("Says nothing.") && Catch::Contains("--ready-file"));
}

TEST_CASE("A role program takes options from its environment and from a file", "[role_program]") {
  const TempDirectory directory;
  const std::string file = directory.PathOf("mute.toml");
  std::ofstream(file) << "[network]\njoin-timeout = 7\norphan-timeout = 8\n";
  ::setenv("CAIRN_MUTE_ORPHAN_TIMEOUT", "9", 1);
  const Serve serve = [](const OptionValues& values, const InterruptScope&) {
    CHECK(values.Real("join-timeout") == 7);
    CHECK(values.Real("orphan-timeout") == 9);
    return absl::OkStatus();
  };
  CHECK(Run(serve, {"--coordinator", "x", "--config", file}).code == 0);
  ::setenv("CAIRN_MUTE_ORPHAN_TIMEOUT", "0", 1);
  const Ran wrong = Run(serve, {"--coordinator", "x"});
  ::unsetenv("CAIRN_MUTE_ORPHAN_TIMEOUT");
  CHECK(wrong.code == 2);
  CHECK(wrong.err ==
        "ps_mute: CAIRN_MUTE_ORPHAN_TIMEOUT \"0\": must be a number above 0, at most "
        "1,000,000,000\n");
  CHECK_THAT(Run(serve, {"--config", "/nowhere/s.toml"}).err, Catch::Contains("/nowhere/s.toml"));
}

TEST_CASE("How serving ends is what the program ends with", "[role_program]") {
  const std::vector<std::string> arguments = {"--coordinator", "tcp://127.0.0.1:1"};
  const Ran well =
      Run([](const OptionValues&, const InterruptScope&) { return absl::OkStatus(); }, arguments);
  CHECK(well.code == 0);
  CHECK(well.err.empty());
  const Ran badly = Run(
      [](const OptionValues&, const InterruptScope&) { return Unavailable("silence"); }, arguments);
  CHECK(badly.code == 5);
  CHECK(badly.err == "ps_mute: silence\n");
}

TEST_CASE("A failure may be told as JSON", "[role_program]") {
  const Ran ran =
      Run([](const OptionValues&, const InterruptScope&) { return Unavailable("gone"); },
          {"--coordinator", "x", "--log-format", "json"});
  CHECK(ran.code == 5);
  CHECK_THAT(ran.err, Catch::EndsWith("\"event\":\"error\",\"program\":\"ps_mute\",\"exit_code\":5,"
                                      "\"message\":\"gone\"}\n"));
}

TEST_CASE("The ready file holds the address, then that of HTTP", "[role_program]") {
  const TempDirectory directory;
  const std::string ready = directory.PathOf("ready");
  std::string url;
  const Serve serve = [&](const OptionValues& values, const InterruptScope&) {
    const auto http = ShowRole(values, "listening here", "tcp://here:1",
                               {.health = [] { return absl::OkStatus(); }});
    if (http.ok() && *http != nullptr) url = (*http)->url();
    return http.status();
  };
  const Ran plain = Run(serve, {"--coordinator", "x", "--ready-file", ready});
  CHECK(plain.out == "listening here\n");
  CHECK(TextOf(ready) == "tcp://here:1\n");
  const Ran with_http =
      Run(serve, {"--coordinator", "x", "--ready-file", ready, "--http", "127.0.0.1:0"});
  CHECK(with_http.out == "listening here\nhttp " + url + "\n");
  CHECK(TextOf(ready) == "tcp://here:1\n" + url + "\n");
  CHECK(Run(serve, {"--coordinator", "x", "--http", "0.0.0.0:0"}).code == 2);
}

TEST_CASE("The first signal makes a member leave; SIGTERM is no error", "[role_program]") {
  const auto [signal, code] = GENERATE(std::pair(SIGTERM, 0), std::pair(SIGINT, 130));
  struct Member {
    bool left = false;
    bool WaitFor(absl::Duration) const { return left; }
    void Leave() { left = true; }
    absl::Status Wait() { return MakeError(absl::StatusCode::kCancelled, "left"); }
  };
  Member member;
  const Serve serve = [&member, raised = signal](const OptionValues&,
                                                 const InterruptScope& interrupt) {
    ::raise(raised);
    return WaitOrLeave(interrupt, &member);
  };
  CHECK(Run(serve, {"--coordinator", "x"}).code == code);
  CHECK(member.left);
}

TEST_CASE("A child ends with its parent, and does not begin without it", "[role_program]") {
  CHECK(DieWithParent(1).code() == absl::StatusCode::kCancelled);
  // A process starts a child that would wait for ever, and ends; the pipe closes with the child.
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t parent = ::fork();
  REQUIRE(parent >= 0);
  if (parent == 0) {
    const pid_t self = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) {
      const char answer = DieWithParent(static_cast<uint64_t>(self)).ok() ? 'y' : 'n';
      if (::write(ends[1], &answer, 1) != 1) ::_exit(1);
      while (true) ::pause();
    }
    char ignored;
    ::_exit(::read(ends[0], &ignored, 1) == 1 && ignored == 'y' ? 0 : 1);
  }
  ::close(ends[1]);
  int status = 0;
  REQUIRE(::waitpid(parent, &status, 0) == parent);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  char ignored;
  CHECK(::read(ends[0], &ignored, 1) == 0);
  ::close(ends[0]);
}

}  // namespace
}  // namespace cairn
