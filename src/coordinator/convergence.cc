#include "coordinator/convergence.h"

#include <algorithm>
#include <cmath>

#include "base/status.h"
#include "coordinator/exit_codes.h"

namespace cairn {
namespace {

double MetricOf(const StopRules& rules, const EpochRecord& epoch) {
  switch (rules.metric) {
    case StopRules::Metric::kAuc:
      return epoch.valid_auc;
    case StopRules::Metric::kAccuracy:
      return epoch.valid_accuracy;
    case StopRules::Metric::kLogLoss:
      break;
  }
  return epoch.valid_logloss;
}

bool LargerIsBetter(const StopRules& rules) { return rules.metric != StopRules::Metric::kLogLoss; }

// Larger is better for all metrics after this.
double Goodness(const StopRules& rules, const EpochRecord& epoch) {
  const double value = MetricOf(rules, epoch);
  return LargerIsBetter(rules) ? value : -value;
}

const char* NameOf(StopRules::Metric metric) {
  switch (metric) {
    case StopRules::Metric::kAuc:
      return "valid auc";
    case StopRules::Metric::kAccuracy:
      return "valid accuracy";
    case StopRules::Metric::kLogLoss:
      break;
  }
  return "valid logloss";
}

bool ReachedTarget(const StopRules& rules, const EpochRecord& epoch) {
  if (rules.target == 0) return false;
  const double value = MetricOf(rules, epoch);
  return LargerIsBetter(rules) ? value >= rules.target : value <= rules.target;
}

// Epochs since the last improvement of at least min_delta over the best before it.
size_t EpochsWithoutGain(const StopRules& rules, const std::vector<EpochRecord>& epochs) {
  double best = -INFINITY;
  size_t since = 0;
  for (const EpochRecord& epoch : epochs) {
    const double goodness = Goodness(rules, epoch);
    if (goodness > best + rules.min_delta || best == -INFINITY) {
      best = goodness;
      since = 0;
    } else {
      ++since;
    }
  }
  return since;
}

}  // namespace

std::optional<StopDecision> DecideStop(const StopRules& rules, uint64_t epochs_planned,
                                       const std::vector<EpochRecord>& epochs) {
  const EpochRecord& last = epochs.back();
  // NaN: nobody knows it (JobState::EpochLoss). One that is no number has ended the job before.
  if (std::isinf(last.train_logloss)) {
    return StopDecision{kExitDiverged, Concat("the training diverged: the loss of epoch ",
                                              last.epoch + 1, " is not finite")};
  }
  // The last steps may have ruined what the training loss tells of before them.
  if (!std::isnan(last.valid_baseline_loss) && !std::isfinite(last.valid_logloss)) {
    return StopDecision{kExitDiverged, Concat("the training diverged: after epoch ", last.epoch + 1,
                                              " the loss of the validation data is not finite")};
  }
  const bool validated = !std::isnan(MetricOf(rules, last));
  if (validated && ReachedTarget(rules, last)) {
    return StopDecision{0, Concat(NameOf(rules.metric), " ", MetricOf(rules, last),
                                  " reached the target ", rules.target)};
  }
  if (validated && rules.patience > 0 && EpochsWithoutGain(rules, epochs) >= rules.patience) {
    return StopDecision{0, Concat(NameOf(rules.metric), " has not improved for ", rules.patience,
                                  rules.patience == 1 ? " epoch" : " epochs")};
  }
  if (rules.relative_change > 0 && epochs.size() > 1) {
    const double before = epochs[epochs.size() - 2].train_logloss;
    if (std::abs(before - last.train_logloss) < rules.relative_change * std::abs(before)) {
      return StopDecision{0, Concat("the training loss changes by less than ",
                                    rules.relative_change, " of itself")};
    }
  }
  if (rules.max_seconds > 0 && last.seconds >= rules.max_seconds) {
    return StopDecision{0, Concat("the time is up: ", rules.max_seconds, " s")};
  }
  if (epochs.size() >= epochs_planned) return StopDecision{0, "all epochs are done"};
  return std::nullopt;
}

bool LastIsBest(const StopRules& rules, const std::vector<EpochRecord>& epochs) {
  const double last = Goodness(rules, epochs.back());
  return !std::isnan(last) &&
         std::all_of(epochs.begin(), epochs.end() - 1,
                     [&](const EpochRecord& before) { return !(Goodness(rules, before) >= last); });
}

}  // namespace cairn
