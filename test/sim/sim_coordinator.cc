#include "sim/sim_coordinator.h"

#include "base/check.h"
#include "coordinator/manifest.h"

namespace cairn::sim {
namespace {

constexpr Micros kDiskMost = 5 * kMicrosPerMilli;

}  // namespace

SimCoordinator::SimCoordinator(SimHost* host, uint64_t incarnation)
    : host_(host), incarnation_(incarnation) {}

void SimCoordinator::Start(Micros now) {
  const Scenario& scenario = host_->scenario();
  CoordinatorActions actions;
  core_ = std::make_unique<CoordinatorCore>(
      CoordinatorCore::Options{{kCoordinatorProcess, incarnation_},
                               incarnation_,
                               JobDefinition{scenario.job, scenario.plan},
                               scenario.times,
                               {}},
      now, &actions);
  Perform(std::move(actions));
}

void SimCoordinator::Deliver(const MessagePtr& message, Micros now) {
  CoordinatorActions actions;
  core_->Receive(message, now, &actions);
  Perform(std::move(actions));
}

Micros SimCoordinator::next_wake() const { return ended() ? kNever : core_->next_tick(); }

void SimCoordinator::Wake(Micros now) {
  CoordinatorActions actions;
  core_->Tick(now, &actions);
  Perform(std::move(actions));
}

void SimCoordinator::Perform(CoordinatorActions actions) {
  for (auto& [index, record] : actions.log) {
    const absl::Status durable = log_.Append(index, record);
    CAIRN_CHECK(durable.ok());
    host_->checkers()->OnDecision(record);
  }
  host_->Send(std::move(actions.messages));
  if (!actions.manifest.has_value()) return;
  host_->After(
      host_->DrawDelay(kDiskMost), [this, text = *std::move(actions.manifest)](Micros now) {
        const std::string path = JoinPath(host_->scenario().plan.save_dir, kManifestName);
        CoordinatorActions more;
        core_->ManifestWritten(
            host_->files()->WriteFileAtomically(path, std::as_bytes(std::span(text))), now, &more);
        Perform(std::move(more));
      });
}

}  // namespace cairn::sim
