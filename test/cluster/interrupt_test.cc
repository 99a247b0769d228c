#include "cluster/interrupt.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

namespace cairn {
namespace {

bool IsDefault(int signal) {
  struct sigaction action = {};
  ::sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_DFL;
}

TEST_CASE("The first signal is noted, and the next scope starts anew", "[interrupt]") {
  for (const int signal : {SIGINT, SIGTERM}) {
    const bool was_default = IsDefault(signal);
    {
      const InterruptScope scope;
      CHECK_FALSE(scope.requested());
      ::raise(signal);
      CHECK(scope.requested());
      CHECK(scope.signal() == signal);
    }
    CHECK(IsDefault(signal) == was_default);
  }
}

TEST_CASE("The second signal ends the process with 130", "[interrupt]") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const InterruptScope scope;
    ::raise(SIGINT);
    ::raise(SIGTERM);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 130);
}

}  // namespace
}  // namespace cairn
