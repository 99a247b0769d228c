#include "cluster/interrupt.h"

#include <unistd.h>

#include <atomic>

namespace cairn {
namespace {

constexpr int kExitInterrupted = 130;

// A signal handler reaches nothing but globals, and of these only lock-free ones.
std::atomic<int> first_signal = 0;
static_assert(std::atomic<int>::is_always_lock_free);

void OnSignal(int number) {
  int none = 0;
  if (!first_signal.compare_exchange_strong(none, number)) ::_exit(kExitInterrupted);
}

}  // namespace

InterruptScope::InterruptScope() {
  first_signal = 0;
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

int InterruptScope::signal() const { return first_signal; }

}  // namespace cairn
