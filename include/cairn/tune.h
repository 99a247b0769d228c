// Finding settings for a data set, as `cairn tune` does: by trying, on rows that are not learnt.
// doc/tuning.md
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/train.h"

namespace cairn {

struct TuneOptions {
  // What is to be trained. What it says holds in every trial: learning_rate, vector_learning_rate,
  // l2, vector_l2, dim and hidden are tried where it does not say them. Without valid and
  // valid_share, a tenth of the rows is held out. Not for "count"; without init_dir, save_dir and
  // what stops a training early; "embedded".
  TrainOptions train;
  double seconds_max = 0;  // What is under way then is left out; 0: no such bound.
};

using TuneSettings = std::vector<std::pair<std::string, std::string>>;  // Name, value: "lr", "0.3".

struct TuneTrial {
  TuneSettings settings;  // Those that are tuned, all of them, as they held.
  bool is_default = false;
  bool diverged = false;
  uint64_t epochs = 0;
  EpochReport last;  // As the model was at its end; nothing, if it diverged.
  double seconds = 0;
};

struct TuneProgress {
  std::vector<TuneTrial> done;
  TuneSettings under_way;
  uint64_t trials = 0;     // About so many in all.
  TrainProgress training;  // Of the one under way.
};

struct TuneReport {
  std::vector<TuneTrial> trials;  // In the order in which they were made.
  // The best ones of those with the most epochs, and the default settings beside them: places in
  // `trials`.
  size_t best = 0;
  size_t defaults = 0;
  // Nothing that was tried has a loss that is less by more than kTuneGainMin of it.
  bool defaults_are_as_good = true;
  TuneSettings advice;  // The settings to use, where they are not the defaults.
  bool time_was_up = false;
  std::string data;  // One line about the data.
  std::vector<std::string> notes;
  double seconds = 0;
};

// A smaller share of the validation loss is noise.
inline constexpr double kTuneGainMin = 0.002;

// Makes the trials one after the other, in this process; they have equal seeds and equal rows to be
// scored by. `progress`, if given, is called about 5 times a second on the calling thread;
// returning false ends it (kCancelled). kInvalidArgument: options that contradict that, or nothing
// is left to be tuned; kOutOfRange: everything diverged; kDeadlineExceeded: seconds_max ended the
// first trial; else as Train.
absl::StatusOr<TuneReport> Tune(const TuneOptions& options,
                                const std::function<bool(const TuneProgress&)>& progress = {});

}  // namespace cairn
