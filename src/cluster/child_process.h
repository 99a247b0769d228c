// A process that we start, watch and, if need be, end.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace cairn {

// How a process ended.
struct ChildEnd {
  int exit_code = 0;
  int signal = 0;  // Not 0: it was killed by this one, and exit_code means nothing.

  bool ok() const { return signal == 0 && exit_code == 0; }
};

// "exit code 3", "SIGKILL (signal 9)".
std::string Describe(const ChildEnd& end);

// A child runs in a process group of its own, so that Ctrl-C reaches only us; it reads nothing and
// appends all that it prints to its log. Not thread-safe. A child that ends by PR_SET_PDEATHSIG
// does so when the thread that started it ends. Destruction kills it at once and reaps it.
class ChildProcess {
 public:
  struct Options {
    std::string program;  // A path.
    std::vector<std::string> arguments;
    std::string log;  // Made if it is not there.
  };
  // posix_spawn: fork would be wrong in a process with threads. kNotFound, kPermissionDenied,
  // kInternal name the program or the log.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const Options& options);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  // Nothing while it runs. Its number is not given to another process before this says so.
  const std::optional<ChildEnd>& end();
  // Nothing happens if it has ended.
  void Signal(int signal);

 private:
  friend void WaitForAnyEnd(std::span<ChildProcess* const> children,
                            std::chrono::milliseconds patience);
  ChildProcess(pid_t pid, int fd) : pid_(pid), fd_(fd) {}

  const pid_t pid_;
  const int fd_;  // A pidfd: readable once the process has ended.
  std::optional<ChildEnd> end_;
};

// Returns when one of them has ended whose end() has not said so yet, or after `patience`.
void WaitForAnyEnd(std::span<ChildProcess* const> children, std::chrono::milliseconds patience);

}  // namespace cairn
