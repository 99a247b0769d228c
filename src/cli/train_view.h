// What `cairn train` shows: a heading, a line for each epoch, a summary; and on the way, progress.
#pragma once

#include <string>
#include <vector>

#include "base/time_source.h"
#include "cairn/train.h"
#include "cli/console.h"
#include "cli/train_meter.h"

namespace cairn {

// Results are text on standard output. Progress is on standard error: one refreshed line on a
// terminal, a line every 10 s where it is none, or events as JSON (console->err_is_json).
//
// Not thread-safe. `console` and `time` must outlive it.
class TrainView {
 public:
  TrainView(const Console* console, const TimeSource* time);

  void Begin(const TrainOptions& options);
  // To be called often.
  void Update(const TrainProgress& progress);
  void End(const TrainOptions& options, const TrainReport& report);
  // Takes the refreshed line away: before anybody else prints an error.
  void ClearProgress();

 private:
  void PrintData(const std::string& data);
  void PrintLogs(const std::string& directory);
  void PrintNote(const std::string& note);
  // Those that were not printed yet: their list only ever grows.
  void PrintNotes(const std::vector<std::string>& notes);
  void PrintValid(const TrainReport& report) const;
  void PrintBest(const TrainOptions& options, const TrainReport& report) const;
  void PrintProgress(const TrainProgress& progress, Micros now);
  // An event, if events are what standard error is for.
  void Tell(const std::string& event) const;
  void PrintEpochs(const std::vector<EpochReport>& epochs);
  std::string ProgressLine(const TrainProgress& progress) const;

  const Console& console_;
  const TimeSource& time_;
  size_t epochs_printed_ = 0;
  size_t notes_printed_ = 0;
  double seconds_printed_ = 0;  // EpochReport::seconds of the last epoch printed.
  bool has_progress_ = false;   // A refreshed line stands on the terminal.
  bool data_printed_ = false;
  bool logs_noted_ = false;
  TrainMeter meter_;
  Micros next_line_;
};

}  // namespace cairn
