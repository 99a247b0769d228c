// What a user is told when a process of the cluster dies.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/child_process.h"

namespace cairn {

// Of the log's end that is shown, at most.
inline constexpr size_t kFailureLines = 20;

struct RoleFailure {
  std::string role;  // "server 1"; roles are counted from 1.
  std::string host;
  pid_t pid = 0;
  ChildEnd end;
  std::string log;                 // Path.
  std::vector<std::string> lines;  // The last ones of the log.
  std::string advice;              // What to do, a sentence; may be empty.
};

// "server 1 was killed by SIGKILL (signal 9)", "worker 2 ended with exit code 3".
std::string Headline(const RoleFailure& failure);

// Lines that begin with two blanks: host, pid, the log's end and its path, what to do.
std::string Details(const RoleFailure& failure);

// The same for programs. `message` and `exit_code` are those that the whole run ends with.
std::string FailureAsJson(const RoleFailure& failure, const std::string& message, int exit_code);

// The last lines of a file, at most kFailureLines, from its last 64 KiB; bytes that are no
// printable text become '?'. Empty if it cannot be read.
std::vector<std::string> LastLines(const std::string& path);

}  // namespace cairn
