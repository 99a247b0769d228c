#include "base/check.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <functional>
#include <string>

namespace cairn {
namespace {

struct Ending {
  bool aborted = false;
  std::string standard_error;
};

// Runs `body` in a child process that exits with 0 if it gets to the end.
Ending RunInChild(const std::function<void()>& body) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    std::signal(SIGABRT, SIG_DFL);  // Not the test framework's handler.
    body();
    ::_exit(0);
  }
  ::close(ends[1]);
  Ending ending;
  std::array<char, 512> buffer{};
  while (true) {
    const ssize_t got = ::read(ends[0], buffer.data(), buffer.size());
    if (got <= 0) break;
    ending.standard_error.append(buffer.data(), static_cast<size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  ending.aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
  return ending;
}

TEST_CASE("a broken invariant ends the process and says where and why") {
  const int window = 4;
  const Ending ending = RunInChild([&] { CAIRN_CHECK(window > 5, "the window is too small"); });
  CHECK(ending.aborted);
  using Catch::Matchers::Contains;
  using Catch::Matchers::EndsWith;
  CHECK_THAT(ending.standard_error, Contains("check_test.cc:"));
  CHECK_THAT(ending.standard_error,
             EndsWith(": broken invariant: window > 5: the window is too small\n"));
}

TEST_CASE("the reason may be left out") {
  const Ending ending = RunInChild([] { CAIRN_CHECK(false); });
  CHECK(ending.aborted);
  CHECK_THAT(ending.standard_error, Catch::Matchers::EndsWith(": broken invariant: false\n"));
}

TEST_CASE("an invariant that holds is evaluated once and costs nothing else") {
  int evaluations = 0;
  CAIRN_CHECK(++evaluations == 1, "evaluated again");
  CHECK(evaluations == 1);
}

}  // namespace
}  // namespace cairn
