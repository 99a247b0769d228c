#include "cluster/child_process.h"

#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <sstream>
#include <string>

#include "base/status.h"
#include "base/temp_directory.h"

namespace cairn {
namespace {

// More than any of these children takes: only failures wait for it.
constexpr auto kLong = std::chrono::milliseconds(20'000);

struct Shell {
  TempDirectory directory;
  std::string log = directory.PathOf("log");

  std::unique_ptr<ChildProcess> Run(const std::string& script) const {
    auto child = ChildProcess::Start({"/bin/sh", {"-c", script}, log});
    REQUIRE(child.status() == absl::OkStatus());
    return *std::move(child);
  }
  std::string Log() const {
    std::ostringstream text;
    text << std::ifstream(log).rdbuf();
    return text.str();
  }
};

ChildEnd EndOf(ChildProcess* child) {
  const auto deadline = std::chrono::steady_clock::now() + kLong;
  while (!child->end().has_value() && std::chrono::steady_clock::now() < deadline) {
    WaitForAnyEnd({{child}}, kLong);
  }
  REQUIRE(child->end().has_value());
  return *child->end();
}

bool Exists(pid_t pid) { return ::kill(pid, 0) == 0; }

TEST_CASE("a child's end is told by its exit code or its signal", "[child_process]") {
  const Shell shell;
  CHECK(EndOf(shell.Run("exit 0").get()).ok());
  const ChildEnd three = EndOf(shell.Run("exit 3").get());
  CHECK((three.exit_code == 3 && three.signal == 0 && !three.ok()));
  CHECK(Describe(three) == "exit code 3");
  const ChildEnd killed = EndOf(shell.Run("kill -KILL $$").get());
  CHECK((killed.signal == SIGKILL && !killed.ok()));
  CHECK(Describe(killed) == "SIGKILL (signal 9)");
}

TEST_CASE("what children print is appended to their log, and they read nothing",
          "[child_process]") {
  const Shell shell;
  EndOf(shell.Run("echo out; echo err >&2").get());
  EndOf(shell.Run("read line || echo nothing to read").get());
  CHECK(shell.Log() == "out\nerr\nnothing to read\n");
}

TEST_CASE("a child has a process group of its own, no files of ours, no signals ignored",
          "[child_process]") {
  const Shell shell;
  std::signal(SIGPIPE, SIG_IGN);
  const std::ifstream ours(shell.log);
  const auto child = shell.Run("cut -d ' ' -f 5 /proc/$$/stat; ls -m /proc/$$/fd; kill -PIPE $$");
  CHECK(EndOf(child.get()).signal == SIGPIPE);
  std::signal(SIGPIPE, SIG_DFL);
  std::istringstream lines(shell.Log());
  std::string group, files;
  std::getline(lines, group);
  std::getline(lines, files);
  CHECK(group == std::to_string(child->pid()));
  CHECK(files == "0, 1, 2");
}

TEST_CASE("a child can be signalled, and is gone when its object is", "[child_process]") {
  const Shell shell;
  const auto child = shell.Run("trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done");
  const auto deadline = std::chrono::steady_clock::now() + kLong;
  while (shell.Log().empty() && std::chrono::steady_clock::now() < deadline) {
    WaitForAnyEnd({{child.get()}}, std::chrono::milliseconds(1));
  }
  CHECK_FALSE(child->end().has_value());
  child->Signal(SIGTERM);
  CHECK(EndOf(child.get()).exit_code == 5);
  child->Signal(SIGKILL);  // Too late: nothing happens.

  auto endless = shell.Run("while :; do sleep 1; done");
  const pid_t pid = endless->pid();
  CHECK(Exists(pid));
  endless.reset();
  CHECK_FALSE(Exists(pid));
  CHECK(::waitpid(pid, nullptr, WNOHANG) == -1);
}

TEST_CASE("waiting ends when any of the children does", "[child_process]") {
  const Shell shell;
  const auto endless = shell.Run("while :; do sleep 1; done");
  const auto brief = shell.Run("exit 0");
  ChildProcess* const both[] = {endless.get(), brief.get()};
  while (!brief->end().has_value()) WaitForAnyEnd(both, kLong);
  CHECK_FALSE(endless->end().has_value());
}

TEST_CASE("what cannot be started is named", "[child_process]") {
  const Shell shell;
  const absl::Status missing = ChildProcess::Start({"/no/such/program", {}, shell.log}).status();
  CHECK(missing.code() == absl::StatusCode::kNotFound);
  CHECK_THAT(std::string(MessageOf(missing)), Catch::Contains("/no/such/program"));
  const absl::Status no_log = ChildProcess::Start({"/bin/sh", {}, "/no/such/log"}).status();
  CHECK(no_log.code() == absl::StatusCode::kNotFound);
  CHECK_THAT(std::string(MessageOf(no_log)), Catch::Contains("/no/such/log"));
}

}  // namespace
}  // namespace cairn
