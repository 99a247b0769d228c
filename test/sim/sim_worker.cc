#include "sim/sim_worker.h"

#include <algorithm>

#include "base/status.h"
#include "kernels/target.h"

namespace cairn::sim {
namespace {

constexpr Micros kReadMost = 2 * kMicrosPerMilli;
constexpr Micros kComputeMost = 4 * kMicrosPerMilli;

MemberCore::Options MemberOptions(const SimHost& host, uint64_t incarnation) {
  MemberCore::Options options;
  options.role = Role::kWorker;
  options.incarnation = incarnation;
  options.coordinator_address = kCoordinatorAddress;
  options.kernel_target = kKernelTarget;
  options.host = kHostName;
  options.pid = PidOf(incarnation);
  options.capacity = host.scenario().capacity;
  options.join_timeout = options.orphan_timeout = 10 * kMicrosPerSecond;
  return options;
}

}  // namespace

ClientCore::Options ClientOptionsOf(const Scenario& scenario) {
  ClientCore::Options options;
  options.sizes = scenario.sizes;
  options.retry_after = 40 * kMicrosPerMilli;
  options.retry_after_max = 250 * kMicrosPerMilli;
  options.come_again_after = 5 * kMicrosPerMilli;
  options.rollback_check = scenario.rollback_check;
  return options;
}

SimWorker::SimWorker(SimHost* host, uint64_t incarnation)
    : host_(host), member_(MemberOptions(*host, incarnation)) {}

void SimWorker::Start(Micros now) {
  Outbox out;
  member_.Start(now, &out);
  host_->Send(std::move(out));
}

void SimWorker::OnNews(const MemberCore::News& news, Micros now, RunnerActions* actions) {
  const Scenario& scenario = host_->scenario();
  if (news.welcomed) {
    client_ =
        std::make_unique<ClientCore>(member_.welcome().job, &member_, ClientOptionsOf(scenario));
    StreamRunner::Options runner;
    runner.steps_in_flight = scenario.steps_in_flight;
    runner.progress_every = 20 * kMicrosPerMilli;
    runner.repeat_after = 60 * kMicrosPerMilli;
    runner_ = std::make_unique<StreamRunner>(member_.welcome().job, scenario.plan.schedule,
                                             &member_, client_.get(), runner);
  }
  if (news.map) client_->OnMap(now, &actions->messages);
  if (news.grants) {
    for (const Grant& grant : member_.grants()->grants) {
      if (grant.ref.attempt < 2 || client_->HasRun(grant.ref)) continue;
      host_->probes()->Hit(Probe::kTakeover);
      if (grant.base > 0) host_->probes()->Hit(Probe::kTakeoverInside);
    }
    runner_->OnGrants(now, actions);
  }
  if (news.ended) member_.Leave(&actions->messages);
}

void SimWorker::Deliver(const MessagePtr& message, Micros now) {
  RunnerActions actions;
  OnNews(member_.Receive(*message, now, &actions.messages), now, &actions);
  if (client_ != nullptr && !ended()) {
    client_->Receive(*message, now, &actions.messages);
    runner_->Receive(*message, now, &actions);
  }
  Finish(std::move(actions), now);
}

Micros SimWorker::next_wake() const {
  if (ended()) return kNever;
  const Micros member = member_.next_tick();
  if (client_ == nullptr) return member;
  return std::min({member, client_->next_tick(), runner_->next_tick()});
}

void SimWorker::Wake(Micros now) {
  RunnerActions actions;
  OnNews(member_.Tick(now, &actions.messages), now, &actions);
  if (client_ != nullptr && !ended() && now >= client_->next_tick()) {
    client_->Tick(now, &actions.messages);
  }
  Finish(std::move(actions), now);
}

void SimWorker::AskToLeave(Micros) {
  Outbox out;
  member_.Leave(&out);
  has_left_ = true;
  host_->Send(std::move(out));
}

void SimWorker::Finish(RunnerActions actions, Micros now) {
  if (runner_ != nullptr && !ended()) {
    runner_->Tick(now, &actions);
    if (!runner_->error().ok()) {
      host_->checkers()->Report("report", Concat("a worker failed: ", MessageOf(runner_->error())));
      has_left_ = true;
      member_.Fail(1, std::string(MessageOf(runner_->error())), now, &actions.messages);
    }
  }
  host_->Send(std::move(actions.messages));
  for (const ReadAction& read : actions.reads) {
    host_->After(host_->DrawDelay(kReadMost), [this, read](Micros at) { Read(read, at); });
  }
  for (ComputeAction& compute : actions.computes) {
    // std::function wants something that can be copied.
    auto shared = std::make_shared<ComputeAction>(std::move(compute));
    host_->After(host_->DrawDelay(kComputeMost),
                 [this, shared](Micros at) { Compute(std::move(*shared), at); });
  }
}

const StreamWork* SimWorker::WorkOf(const StreamRef& ref) const {
  const auto& grants = member_.grants()->grants;
  const auto found = std::find_if(grants.begin(), grants.end(),
                                  [&](const Grant& grant) { return grant.ref == ref; });
  return found == grants.end() ? nullptr : &found->work;
}

void SimWorker::Read(const ReadAction& read, Micros now) {
  if (ended()) return;
  const StreamWork* work = WorkOf(read.key.ref);
  if (work == nullptr) return;  // The run is gone.
  if (!read.evaluation && read.exists && host_->program().batch(read.batch).kills_reader) {
    host_->Die();
    return;
  }
  auto prepared = host_->program().Prepare(read, *work);
  prepared->acknowledged = client_->ProgressOf(read.key.ref);
  RunnerActions actions;
  runner_->BatchRead(read.key, std::move(prepared), now, &actions);
  Finish(std::move(actions), now);
}

void SimWorker::Compute(ComputeAction compute, Micros now) {
  if (ended()) return;
  const SimProgram& program = host_->program();
  const auto& prepared = static_cast<const SimPrepared&>(*compute.batch);
  if (prepared.batch != nullptr && prepared.batch->kills_computer) {
    host_->Die();
    return;
  }
  RunnerActions actions;
  if (compute.evaluation) {
    host_->probes()->Hit(Probe::kEvaluated);
    runner_->Scored(
        compute.key,
        {program.Score(*prepared.batch, compute.values[kTableX]), prepared.batch->labels, {}}, now,
        &actions);
  } else {
    host_->checkers()->OnPulled(compute.key, prepared, compute.values[kTableOnes]);
    double loss_sum = 0;
    auto push = program.Compute(prepared.batch, compute.values[kTableX], compute.epoch,
                                compute.rate_factor, &loss_sum);
    const uint64_t rows = push->rows;
    runner_->Computed(compute.key, std::move(push), {rows, loss_sum, 0}, now, &actions);
  }
  Finish(std::move(actions), now);
}

}  // namespace cairn::sim
