#include "cluster/interrupt.h"

#include <unistd.h>

#include <atomic>

namespace cairn {
namespace {

constexpr int kExitInterrupted = 130;

// A signal handler reaches nothing but globals, and of these only lock-free ones.
std::atomic<int> signals = 0;
static_assert(std::atomic<int>::is_always_lock_free);

void OnSignal(int) {
  if (signals.fetch_add(1) > 0) ::_exit(kExitInterrupted);
}

}  // namespace

InterruptScope::InterruptScope() {
  signals = 0;
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, &old_interrupt_);
  ::sigaction(SIGTERM, &action, &old_terminate_);
}

InterruptScope::~InterruptScope() {
  ::sigaction(SIGINT, &old_interrupt_, nullptr);
  ::sigaction(SIGTERM, &old_terminate_, nullptr);
}

bool InterruptScope::requested() const { return signals > 0; }

}  // namespace cairn
