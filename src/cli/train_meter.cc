#include "cli/train_meter.h"

#include <string_view>

namespace cairn {
namespace {

constexpr Micros kSampleEvery = kMicrosPerSecond;
// Less says nothing about the rest.
constexpr Micros kForecastAfter = 2 * kMicrosPerSecond;

double Seconds(Micros micros) { return static_cast<double>(micros) / kMicrosPerSecond; }

// Of all epochs, 0 to 1.
double ShareDone(const TrainProgress& progress) {
  if (progress.epochs == 0) return 0;
  const double epochs_done = static_cast<double>(progress.epoch - 1) + progress.epoch_share;
  return epochs_done / static_cast<double>(progress.epochs);
}

}  // namespace

void TrainMeter::Update(const TrainProgress& progress, Micros now) {
  pace_ = {};
  if (std::string_view(progress.phase) != "training" || progress.epoch == 0) return;
  const double share = ShareDone(progress);
  if (!is_training_) {
    is_training_ = true;
    began_at_ = now;
    began_share_ = share;
  }
  if (progress.epoch != epoch_) {
    epoch_ = progress.epoch;
    samples_.clear();
  }
  const auto rows = static_cast<double>(progress.rows);
  Slide({now, progress.rows, progress.loss * rows});
  if (share > began_share_ && now - began_at_ >= kForecastAfter) {
    pace_.seconds_left = Seconds(now - began_at_) * (1 - share) / (share - began_share_);
  }
}

void TrainMeter::Slide(const Sample& sample) {
  while (samples_.size() > 1 && sample.at - samples_[1].at >= kWindow) samples_.pop_front();
  if (samples_.empty() || sample.at - samples_.back().at >= kSampleEvery) {
    samples_.push_back(sample);
  }
  const Sample& first = samples_.front();
  if (sample.rows <= first.rows || sample.at <= first.at) return;
  const auto rows = static_cast<double>(sample.rows - first.rows);
  pace_.rows_per_second = rows / Seconds(sample.at - first.at);
  pace_.recent_loss = (sample.loss_sum - first.loss_sum) / rows;
}

}  // namespace cairn
