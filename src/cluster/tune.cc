// Tune: a search for settings, and a training in this process for each of its trials.
#include "cairn/tune.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "cluster/cluster_run.h"
#include "cluster/train_job.h"
#include "cluster/train_plan.h"
#include "cluster/tune_search.h"
#include "cluster/vector_settings.h"
#include "train/data_paths.h"
#include "train/mlp_shape.h"
#include "train/program.h"

namespace cairn {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kHeldOut = 0.1;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Three digits: more of them say nothing, and have to be typed.
double Rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", value);
  return std::strtod(text, nullptr);
}

absl::Status CheckTuning(const TuneOptions& tune) {
  const TrainOptions& options = tune.train;
  if (options.model == "count") return InvalidArgument("--model count learns nothing to be tuned");
  if (!options.init_dir.empty() || !options.save_dir.empty()) {
    return InvalidArgument("what is tuned neither starts from a saved model nor is it saved");
  }
  if (options.cluster != "embedded") {
    return InvalidArgument("what is tuned is trained in this process, not in --cluster ",
                           options.cluster);
  }
  if (options.steps_max != 0 || options.patience != 0 || options.target != 0 ||
      options.relative_change != 0 || options.seconds_max != 0) {
    return InvalidArgument(
        "what is tuned is trained for all its --epochs: no other rule may end it");
  }
  if (tune.seconds_max >= 0) return {};
  return InvalidArgument("--max-seconds is ", tune.seconds_max, ": 0 or more");
}

class Tuner {
 public:
  explicit Tuner(const TuneOptions& options) : options_(options), given_(options.train) {}

  absl::Status Prepare() {
    CAIRN_RETURN_IF_ERROR(CheckTuning(options_));
    // Once: what comes through pipes comes once.
    CAIRN_ASSIGN_OR_RETURN(given_.train, paths_.Expand(given_.train));
    CAIRN_ASSIGN_OR_RETURN(given_.valid, paths_.Expand(given_.valid));
    if (given_.valid.empty() && given_.valid_share == 0) given_.valid_share = kHeldOut;
    CAIRN_ASSIGN_OR_RETURN(const TrainPlan plan, MakeTrainPlan(given_));
    CAIRN_ASSIGN_OR_RETURN(const TrainProgram program, DecodeProgram(plan.setup.job.program));
    report_.data = plan.data_description;
    report_.notes = plan.notes;
    base_ = program.model;
    if (!base_.hidden.empty()) {
      CAIRN_ASSIGN_OR_RETURN(hidden_, ParseHidden(base_.hidden));
    }
    FindNames();
    if (names_.empty()) {
      return InvalidArgument("nothing is left to be tuned: --lr, --l2 and the like are all given");
    }
    search_.emplace(TuneSearch::Options{.rates = IsTuned("lr") || IsTuned("lr-v"),
                                        .priors = IsTuned("l2") || IsTuned("l2-v"),
                                        .sizes = IsTuned("dim") || IsTuned("hidden"),
                                        .epochs = program.schedule.epochs});
    return {};
  }

  absl::StatusOr<TuneReport> Run(const std::function<bool(const TuneProgress&)>& progress) {
    while (const std::optional<TuneSearch::Trial> trial = search_->Next()) {
      TuneTrial made;
      made.is_default = trial->change == TuneChange{};
      made.epochs = trial->epochs;
      report_.time_was_up = TimeIsUp();
      if (report_.time_was_up) break;
      const absl::Status status = Make(*trial, progress, &made);
      if (report_.time_was_up) break;
      made.diverged = status.code() == absl::StatusCode::kOutOfRange;
      if (!status.ok() && !made.diverged) return status;
      search_->Report(made.diverged ? std::numeric_limits<double>::infinity()
                                    : made.last.valid_logloss);
      report_.trials.push_back(std::move(made));
    }
    return Conclude();
  }

 private:
  // Which settings are tuned: those that the model has, and nobody has given.
  void FindNames() {
    const bool has_vectors = HasVectors(given_.model);
    const auto add = [&](const char* name, bool is_tuned) {
      if (is_tuned) names_.emplace_back(name);
    };
    add("lr", given_.learning_rate < 0);
    add("l2", given_.l2 < 0 && base_.l2 > 0);
    add("lr-v", has_vectors && given_.vector_learning_rate < 0);
    add("l2-v", has_vectors && given_.vector_l2 < 0 && base_.vector_l2 > 0);
    add("dim", has_vectors && given_.dim == 0);
    add("hidden", !hidden_.empty() && given_.hidden.empty());
  }

  bool IsTuned(std::string_view name) const {
    return std::find(names_.begin(), names_.end(), name) != names_.end();
  }

  bool TimeIsUp() const {
    return options_.seconds_max > 0 && SecondsSince(start_) >= options_.seconds_max;
  }

  // What is not changed keeps its default, which may follow from what is.
  TrainOptions OptionsOf(const TuneSearch::Trial& trial) const {
    TrainOptions options = given_;
    const TuneChange& change = trial.change;
    options.epochs = trial.epochs;
    if (change.rate != 1) {
      if (IsTuned("lr")) options.learning_rate = Rounded(base_.learning_rate * change.rate);
      if (IsTuned("lr-v")) {
        options.vector_learning_rate = Rounded(base_.vector_learning_rate * change.rate);
      }
    }
    double dim = base_.dim;
    if (change.size != 1 && IsTuned("dim")) {
      options.dim = static_cast<uint32_t>(std::max(1.0, std::round(dim * change.size)));
      dim = options.dim;
    }
    if (change.size != 1 && IsTuned("hidden")) {
      for (const size_t width : hidden_) {
        const double scaled = std::round(static_cast<double>(width) * change.size);
        options.hidden += Concat(options.hidden.empty() ? "" : ",", std::max(1.0, scaled));
      }
    }
    if (change.prior == 1) return options;
    if (IsTuned("l2")) options.l2 = Rounded(base_.l2 * change.prior);
    if (IsTuned("l2-v")) {  // The prior that vectors want grows as the default does.
      options.vector_l2 = Rounded(base_.vector_l2 * std::sqrt(dim / base_.dim) * change.prior);
    }
    return options;
  }

  absl::Status Make(const TuneSearch::Trial& trial,
                    const std::function<bool(const TuneProgress&)>& progress, TuneTrial* made) {
    const Clock::time_point start = Clock::now();
    const TrainOptions options = OptionsOf(trial);
    CAIRN_ASSIGN_OR_RETURN(const TrainPlan plan, MakeTrainPlan(options));
    for (const auto& setting : plan.settings) {
      if (IsTuned(setting.first)) made->settings.push_back(setting);
    }
    const auto show = [&](const TrainProgress& training) {
      report_.time_was_up = report_.time_was_up || TimeIsUp();
      if (report_.time_was_up) return false;
      return !progress ||
             progress({report_.trials, made->settings, search_->trials_expected(), training});
    };
    CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<ClusterRun> run, StartRun(options, plan));
    CAIRN_ASSIGN_OR_RETURN(const TrainReport report,
                           FollowTraining(options, plan, run.get(), show));
    made->last = report.epochs.back();
    made->seconds = SecondsSince(start);
    report_.time_was_up = false;  // It has come to its end all the same.
    return {};
  }

  absl::StatusOr<TuneReport> Conclude() {
    if (report_.trials.empty()) {
      return MakeError(absl::StatusCode::kDeadlineExceeded, "--max-seconds ", options_.seconds_max,
                       " is not enough for a single trial: allow for more, or give --epochs 1");
    }
    report_.best = search_->best();
    report_.defaults = search_->defaults();
    const TuneTrial& best = report_.trials[report_.best];
    const TuneTrial& defaults = report_.trials[report_.defaults];
    if (best.diverged) {
      return MakeError(absl::StatusCode::kOutOfRange,
                       "every trial diverged: bin or scale large numbers, or give a small --lr");
    }
    const double enough = defaults.last.valid_logloss * (1 - kTuneGainMin);
    report_.defaults_are_as_good = !defaults.diverged && best.last.valid_logloss >= enough;
    for (const auto& setting : best.settings) {
      if (report_.defaults_are_as_good) break;
      const auto& same = defaults.settings;
      if (std::find(same.begin(), same.end(), setting) == same.end()) {
        report_.advice.push_back(setting);
      }
    }
    report_.seconds = SecondsSince(start_);
    return std::move(report_);
  }

  const TuneOptions options_;
  const Clock::time_point start_ = Clock::now();
  DataPaths paths_{{}};
  TrainOptions given_;
  ModelSettings base_;          // The defaults.
  std::vector<size_t> hidden_;  // Their layers; empty: the model has none.
  std::vector<std::string> names_;
  std::optional<TuneSearch> search_;
  TuneReport report_;
};

}  // namespace

absl::StatusOr<TuneReport> Tune(const TuneOptions& options,
                                const std::function<bool(const TuneProgress&)>& progress) {
  Tuner tuner(options);
  CAIRN_RETURN_IF_ERROR(tuner.Prepare());
  return tuner.Run(progress);
}

}  // namespace cairn
