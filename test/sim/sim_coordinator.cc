#include "sim/sim_coordinator.h"

#include <algorithm>
#include <utility>

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
  std::optional<JobDefinition> given;
  if (!scenario.submitted) given = JobDefinition{scenario.job, scenario.plan};
  CoordinatorActions actions;
  CoordinatorCore::Options options;
  options.self = {kCoordinatorProcess, incarnation_};
  options.job_id = incarnation_;
  options.given = std::move(given);
  options.times = scenario.times;
  core_ = std::make_unique<CoordinatorCore>(std::move(options), now, &actions);
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
  CountProbes(actions);
  host_->Send(std::move(actions.messages));
  if (actions.open_job.has_value()) {
    host_->After(host_->DrawDelay(kDiskMost), [this](Micros now) {
      CoordinatorActions more;
      core_->JobOpened(std::vector<InitFile>{}, now, &more);
      Perform(std::move(more));
    });
  }
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

void SimCoordinator::CountProbes(const CoordinatorActions& actions) {
  const auto waits =
      std::count_if(actions.messages.begin(), actions.messages.end(),
                    [](const Outgoing& out) { return BodyAs<Wait>(*out.message) != nullptr; });
  host_->probes()->Hit(Probe::kToldToWait, static_cast<uint64_t>(waits));
  const bool left = std::any_of(actions.log.begin(), actions.log.end(), [](const auto& entry) {
    return std::holds_alternative<MemberLeft>(entry.second);
  });
  const JobState& state = core_->state();
  const bool worker = std::any_of(state.members.begin(), state.members.end(),
                                  [](const auto& m) { return m.second.role == Role::kWorker; });
  if (left && !worker && !state.ended) host_->probes()->Hit(Probe::kWorkerless);
}

}  // namespace cairn::sim
