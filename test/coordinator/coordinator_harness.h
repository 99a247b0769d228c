// A coordinator core for tests: what it is told, and what it did in the last call.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/coordinator_core.h"
#include "kernels/target.h"

namespace cairn {

inline constexpr ProcessId kSelf{kCoordinatorProcess, 5};
inline constexpr uint64_t kJobId = 0xABC;
inline constexpr Micros kSecond = kMicrosPerSecond;

inline CoordinatorCore::Options OptionsOf(Consistency consistency) {
  CoordinatorCore::Options options;
  options.self = kSelf;
  options.job_id = kJobId;
  options.given.emplace();
  options.given->spec.partitions = 4;
  options.given->spec.mode.consistency = consistency;
  options.given->spec.streams = 2;
  options.given->spec.tables = {TableSpec{.name = "t"}};
  options.given->plan.servers = 2;
  options.given->plan.workers = 1;
  options.given->plan.schedule = {.epochs = 2, .batches_per_epoch = 8};
  options.given->plan.schedule.fixed_streams = consistency == Consistency::kAsp ? 0 : 2;
  options.given->plan.lease_batches = 4;
  return options;
}

inline CoordinatorCore::Options IdleOptions() {
  CoordinatorCore::Options options;
  options.self = kSelf;
  options.job_id = kJobId;
  return options;
}

// A coordinator, and what it did in the last call.
class CoordinatorHarness {
 public:
  explicit CoordinatorHarness(CoordinatorCore::Options options)
      : core_(std::move(options), 0, &actions) {}

  // A submitter brings a job; the shell finds nothing wrong with its directories.
  ProcessId SubmitJob(uint64_t life, const JobDefinition& job) {
    Receive({kUnassignedProcess, life}, Submit{HelloOf(Role::kSubmitter, life), job}, 0);
    if (actions.open_job.has_value()) Opened(OpenedDirectories{});
    const Welcome* welcome = SentTo<Welcome>(life);
    return {welcome == nullptr ? kUnassignedProcess : welcome->process, life};
  }
  void Opened(absl::StatusOr<OpenedDirectories> opened) {
    actions = {};
    core_.JobOpened(std::move(opened), now, &actions);
  }
  // Each life is a process of its own on host "h".
  static Hello HelloOf(Role role, uint64_t life, const char* kernels = kKernelTarget) {
    return {role, "sim://" + std::to_string(life), kernels, "h", static_cast<uint32_t>(life), 0,
            ""};
  }
  ProcessId Join(Role role, uint64_t life, uint32_t process = kUnassignedProcess,
                 const char* kernels = kKernelTarget) {
    Receive({process, life}, HelloOf(role, life, kernels), 0);
    const Welcome* welcome = SentTo<Welcome>(life);
    return {welcome == nullptr ? kUnassignedProcess : welcome->process, life};
  }
  // Two servers and a worker, whose capacity is known.
  void Form() {
    servers = {Join(Role::kServer, 101), Join(Role::kServer, 102)};
    worker = Join(Role::kWorker, 201);
    Beat(worker);
  }
  void Beat(const ProcessId& from, uint32_t capacity = 4) {
    Receive(from, Heartbeat{0, 0, capacity}, kSelf.incarnation);
  }
  // Time passes in which these are heard from.
  void Pass(Micros time, const std::vector<ProcessId>& alive) {
    for (const Micros until = now + time; now < until;) {
      for (const ProcessId& member : alive) Beat(member);
      Tick(std::min(kSecond, until - now));
    }
  }
  void Report(const StreamRef& ref, StepIndex step, uint64_t rows = 0) {
    Receive(worker, Progress{ref, step, rows, 0}, kSelf.incarnation);
  }
  void Receive(const ProcessId& from, Body body, uint64_t to_life) {
    actions = {};
    core_.Receive(MakeMessage({from, {kCoordinatorProcess, to_life}, 0, 0}, std::move(body)), now,
                  &actions);
  }
  // Time passes, and the shell calls as often as it is to.
  void Tick(Micros time) {
    constexpr Micros kStep = 400 * kMicrosPerMilli;  // Late, but not as if it stood still.
    actions = {};
    const Micros until = now + time;
    do {
      now += std::min(kStep, until - now);
      core_.Tick(now, &actions);
    } while (now < until);
  }
  // All of this process stands still for so long.
  void StandStill(Micros time) {
    now += time;
    actions = {};
    core_.Tick(now, &actions);
  }
  template <typename T>
  const T* SentTo(uint64_t life) const {
    const T* last = nullptr;
    for (const Outgoing& out : actions.messages) {
      if (out.message->header.to.incarnation != life) continue;
      if (const T* body = BodyAs<T>(*out.message); body != nullptr) last = body;
    }
    return last;
  }
  const JobState& state() const { return core_.state(); }
  CoordinatorCore& core() { return core_; }

  CoordinatorActions actions;
  std::vector<ProcessId> servers;
  ProcessId worker;
  Micros now = 0;

 private:
  CoordinatorCore core_;
};

}  // namespace cairn
