// A simulated process: a shell around unmodified cores that holds no thread, socket or clock, but
// asks its host for them.
#pragma once

#include <cstdint>
#include <functional>

#include "base/file_system.h"
#include "base/time_source.h"
#include "sim/checkers.h"
#include "sim/probes.h"
#include "sim/sim_program.h"
#include "sim/sim_scenario.h"
#include "transport/outbox.h"

namespace cairn::sim {

inline constexpr char kCoordinatorAddress[] = "sim://0";
inline constexpr Micros kNever = INT64_MAX;
inline constexpr char kHostName[] = "sim";

// What a life calls itself on its host: a number that no other life has.
inline uint32_t PidOf(uint64_t incarnation) {
  return static_cast<uint32_t>(incarnation ^ (incarnation >> 32));
}

// What the world does for one life of one process. Calls to a process are never nested.
class SimHost {
 public:
  virtual ~SimHost() = default;

  virtual void Send(Outbox messages) = 0;
  // A random time, 1 .. most.
  virtual Micros DrawDelay(Micros most) = 0;
  // Calls back after this time; never, if the process dies before.
  virtual void After(Micros delay, std::function<void(Micros now)> call) = 0;

  virtual const std::string& address() const = 0;
  virtual const Scenario& scenario() const = 0;
  virtual const SimProgram& program() const = 0;
  virtual Checkers* checkers() = 0;
  virtual ProbeCounts* probes() = 0;
  virtual FileSystem* files() = 0;
  // The coordinator is about to make its log durable: its machine may lose power before that.
  virtual void MayLosePower() = 0;
  // The process dies when its handler returns.
  virtual void Die() = 0;
};

class SimProcess {
 public:
  virtual ~SimProcess() = default;

  virtual void Start(Micros now) = 0;
  virtual void Deliver(const MessagePtr& message, Micros now) = 0;
  // When Wake wants to be called; kNever: only if something else happens.
  virtual Micros next_wake() const = 0;
  virtual void Wake(Micros now) = 0;
  // As SIGTERM does; of servers and workers.
  virtual void AskToLeave(Micros) {}
  // It has left, and its shell would exit. What it holds may still be looked at.
  virtual bool ended() const = 0;
};

}  // namespace cairn::sim
