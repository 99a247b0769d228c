// What `cairn train` shows: a heading, a line for each epoch, a summary; and on the way, progress.
#pragma once

#include <string>

#include "base/time_source.h"
#include "cairn/train.h"
#include "cli/console.h"

namespace cairn {

// Not thread-safe. `console` and `time` must outlive it.
class TrainView {
 public:
  TrainView(const Console* console, const TimeSource* time);

  void Begin(const TrainOptions& options);
  // To be called often. On a terminal it refreshes one line; otherwise it prints a line every 10 s.
  void Update(const TrainProgress& progress);
  void End(const TrainOptions& options, const TrainReport& report);
  // Takes the refreshed line away: before anybody else prints an error.
  void ClearProgress();

 private:
  void PrintEpochs(const std::vector<EpochReport>& epochs);
  std::string ProgressLine(const TrainProgress& progress) const;

  const Console& console_;
  const TimeSource& time_;
  size_t epochs_printed_ = 0;
  double seconds_printed_ = 0;  // EpochReport::seconds of the last epoch printed.
  bool has_progress_ = false;   // A refreshed line stands on the terminal.
  uint64_t epoch_ = 0;          // The one that is being watched, and since when.
  Micros epoch_began_ = 0;
  Micros next_line_;
};

}  // namespace cairn
