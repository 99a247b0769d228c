// Ctrl-C: the first one asks the command to end, the second one ends the process.
#pragma once

#include <csignal>

namespace cairn {

// While one of these lives, the first SIGINT or SIGTERM is only noted; the second one ends the
// process at once with exit code 130. Afterwards things are as they were. At most one at a time,
// from the main thread.
class InterruptScope {
 public:
  InterruptScope();
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

  // Any thread.
  bool requested() const { return signal() != 0; }
  // The first one; 0: there was none.
  int signal() const;

 private:
  struct sigaction old_interrupt_;
  struct sigaction old_terminate_;
};

}  // namespace cairn
