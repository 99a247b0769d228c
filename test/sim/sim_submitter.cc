#include "sim/sim_submitter.h"

#include <utility>

namespace cairn::sim {
namespace {

MemberCore::Options MemberOptions(const SimHost& host, uint64_t incarnation) {
  MemberCore::Options options;
  options.incarnation = incarnation;
  options.coordinator_address = kCoordinatorAddress;
  options.join_timeout = options.orphan_timeout = 10 * kMicrosPerSecond;
  options.submit = std::make_shared<const JobDefinition>(
      JobDefinition{host.scenario().job, host.scenario().plan});
  return options;
}

}  // namespace

SimSubmitter::SimSubmitter(SimHost* host, uint64_t incarnation)
    : host_(host), core_(MemberOptions(*host, incarnation)) {}

void SimSubmitter::Start(Micros now) {
  Outbox out;
  core_.Start(now, &out);
  host_->Send(std::move(out));
}

void SimSubmitter::Deliver(const MessagePtr& message, Micros now) {
  Outbox out;
  core_.Receive(*message, now, &out);
  host_->Send(std::move(out));
}

Micros SimSubmitter::next_wake() const { return ended() ? kNever : core_.next_tick(); }

void SimSubmitter::Wake(Micros now) {
  Outbox out;
  core_.Tick(now, &out);
  host_->Send(std::move(out));
}

void SimSubmitter::ReportDeath(const MemberDead& dead, Micros now) {
  if (ended()) return;
  Outbox out;
  core_.ReportDeath(dead, now, &out);
  host_->Send(std::move(out));
}

}  // namespace cairn::sim
