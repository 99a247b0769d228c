// What `cairn tune` prints: a row for each trial, and what to do in the end. Texts are pure.
#pragma once

#include <cstddef>
#include <string>

#include "base/option_values.h"
#include "cairn/tune.h"
#include "cli/console.h"

namespace cairn {

class TuneView {
 public:
  explicit TuneView(const Console* console) : console_(*console) {}

  // Trials that are new since the last call become rows of the table on standard output; the one
  // under way is a refreshed line on a terminal, else nothing.
  void Update(const TuneProgress& progress);
  void End(const TuneReport& report);

 private:
  void PrintTrials(const std::vector<TuneTrial>& trials);
  void ClearProgress();

  const Console console_;
  size_t printed_ = 0;
  bool has_progress_ = false;
};

// "cairn train --model fm --train 'a b' --lr 0.1": the settings of train that were given, and the
// advice.
std::string TrainCommandLine(const OptionValues& train, const TuneSettings& advice);
// The same as a file for --config.
std::string TrainSettingsFile(const OptionValues& train, const TuneSettings& advice);

}  // namespace cairn
