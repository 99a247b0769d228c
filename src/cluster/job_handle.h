// A job as whoever started it sees it: wherever its coordinator runs.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "coordinator/coordinator_shell.h"
#include "wire/message.h"

namespace cairn {

// Thread-safe. Implementations: HandleOf (a coordinator in this process), Submitter (one at an
// address).
class JobHandle {
 public:
  virtual ~JobHandle() = default;

  // As of now, or, of a coordinator at an address, as it last answered. epochs_listed has all
  // epochs so far.
  virtual JobStatus status() = 0;
  // True if the job is over within `patience`.
  virtual bool WaitFor(std::chrono::milliseconds patience) = 0;
  // Blocks until the job is over. Every wait behind it has a deadline.
  virtual JobResult Wait() = 0;
  // Ends the job; code 0 saves first. Returns at once: Wait tells when it is over.
  virtual void Stop(int32_t code, const std::string& message) = 0;
  // A process was seen to die, so its members need not be waited for. text: how, for people: "was
  // killed by signal 9". Returns at once.
  virtual void ReportDeath(const std::string& host, uint32_t pid, const std::string& text) = 0;
  // The processes of the job are dead, or about to be killed: destruction tells nobody and waits
  // for nobody.
  virtual void Abandon() = 0;
};

// `coordinator` must outlive the handle.
std::unique_ptr<JobHandle> HandleOf(RunningCoordinator* coordinator);

}  // namespace cairn
