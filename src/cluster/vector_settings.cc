#include "cluster/vector_settings.h"

#include <algorithm>
#include <cmath>

#include "base/status.h"
#include "base/units.h"
#include "train/mlp_shape.h"
#include "wire/limits.h"

namespace cairn {
namespace {

constexpr std::string_view kFfm = "ffm";  // Its vectors are others: one of each pair of fields.

struct Defaults {
  std::string_view model;
  uint32_t dim;
  double prior;  // For each feature of a row, times the root of the dimensions.
  double init_scale = 0.1;
};
constexpr Defaults kDefaults[] = {
    {"fm", 8, 0.8}, {"ffm", 4, 0.4}, {"wide_deep", 8, 0.8, 0.05}, {"deepfm", 8, 0.8, 0.05}};

constexpr double kInitDim = 8;              // Up to here.
constexpr float kRateBesideNetwork = 0.2f;  // Of features as a whole: weights, too.
// Of asp: two streams of a worker, two steps of each.
constexpr double kStepsOfWorker = 4;
constexpr double kRowsOfStep = 1'000;
constexpr double kRowsOfFixedStep = 2'000;
constexpr double kRowsAtOnceMax = 1'100;  // Batches have about so many rows, not exactly.
constexpr double kWarmupSteps = 200;
constexpr double kWarmupShareMin = 0.1;
constexpr double kWarmupShareMax = 0.3;
constexpr double kRowsSafe = 10'000;
constexpr double kRowsNoted = 30'000;

struct Given {
  const char* option;
  bool is_given;
};

const Defaults* DefaultsOf(std::string_view model) {
  for (const Defaults& each : kDefaults) {
    if (each.model == model) return &each;
  }
  return nullptr;
}

std::string Rows(double count) { return HumanCount(static_cast<uint64_t>(std::llround(count))); }

}  // namespace

bool HasVectors(std::string_view model) { return DefaultsOf(model) != nullptr; }

absl::Status CheckVectorOptions(const TrainOptions& options) {
  const Given all[] = {{"--dim", options.dim != 0},
                       {"--optimizer-v", !options.vector_optimizer.empty()},
                       {"--lr-v", options.vector_learning_rate >= 0},
                       {"--l2-v", options.vector_l2 >= 0},
                       {"--init-scale", options.init_scale >= 0}};
  for (const Given& given : all) {
    if (!given.is_given || HasVectors(options.model)) continue;
    return InvalidArgument(given.option,
                           " is for --model fm, ffm, wide_deep or deepfm: ", options.model,
                           " has no vectors");
  }
  if (options.dim > limits::kDimMax) {
    return InvalidArgument("--dim is ", options.dim, ": 1 to ", limits::kDimMax);
  }
  return {};
}

void SetVectors(const TrainOptions& options, const ModelSettings& before, double prior,
                ModelSettings* settings) {
  const Defaults* const defaults = DefaultsOf(options.model);
  if (defaults == nullptr) return;
  const bool goes_on =
      HasVectors(before.model) && (before.model == kFfm) == (options.model == kFfm);
  settings->dim = options.dim != 0 ? options.dim : goes_on ? before.dim : defaults->dim;
  const double l2 = defaults->prior * prior * std::sqrt(static_cast<double>(settings->dim));
  settings->vector_l2 = static_cast<float>(options.vector_l2 < 0 ? l2 : options.vector_l2);
  const bool network = HasLayers(options.model);
  settings->vector_learning_rate = options.vector_learning_rate >= 0
                                       ? static_cast<float>(options.vector_learning_rate)
                                   : network ? kRateBesideNetwork
                                             : settings->learning_rate;
  // So that what a row's pairs add up to at the start does not grow with the dimensions.
  const double scale =
      defaults->init_scale * std::min(1.0, std::pow(kInitDim / settings->dim, 0.25));
  settings->init_scale = static_cast<float>(options.init_scale < 0 ? scale : options.init_scale);
  // One sum of squares for a vector is as good as one for each number, and half the memory.
  const bool own = network || options.optimizer.empty();
  settings->vector_optimizer = !options.vector_optimizer.empty() ? options.vector_optimizer
                               : own                             ? "rowwise_adagrad"
                                                                 : options.optimizer;
}

double VectorBatchRowsMax(uint32_t streams) {
  return streams == 0 ? kRowsOfStep : std::min(kRowsOfStep, kRowsOfFixedStep / streams);
}

double VectorWarmupShare(double steps) {
  return std::clamp(kWarmupSteps / steps, kWarmupShareMin, kWarmupShareMax);
}

uint32_t StepsAtOnce(const TrainOptions& options, double batch_rows) {
  if (!HasVectors(options.model) || options.mode.consistency != Consistency::kAsp) return 0;
  const double steps = std::floor(kRowsAtOnceMax / batch_rows);
  return steps >= kStepsOfWorker ? 0 : static_cast<uint32_t>(std::max(1.0, steps));
}

std::string RowsAtOnceNote(const TrainOptions& options, uint32_t streams, double batch_rows) {
  if (!HasVectors(options.model)) return "";
  double batches = options.workers * std::max(1u, StepsAtOnce(options, batch_rows));
  std::string who = Concat(options.workers, options.workers == 1 ? " worker" : " workers");
  if (options.mode.consistency != Consistency::kAsp) {
    const uint32_t steps =
        options.mode.consistency == Consistency::kSsp ? options.mode.staleness + 1 : 1;
    batches = static_cast<double>(streams) * steps;
    who = Concat(streams, streams == 1 ? " stream" : " streams",
                 steps == 1 ? "" : Concat(" that are up to ", steps, " steps apart"));
  }
  const double rows = batches * batch_rows;
  if (rows <= kRowsNoted) return "";
  return Concat("--model ", options.model, ": ", who, " with batches of ", Rows(batch_rows),
                " rows learn ", Rows(rows),
                " of them from equal copies of the vectors, which overshoot beyond about ",
                Rows(kRowsSafe), ": --batch ", Rows(std::max(1.0, std::floor(kRowsSafe / batches))),
                " is safe");
}

}  // namespace cairn
