#include "cli/tune_view.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ostream>
#include <vector>

#include "base/escape.h"
#include "base/option_file.h"
#include "base/status.h"
#include "base/units.h"
#include "cli/options.h"

namespace cairn {
namespace {

std::string Fixed(double value, int decimals) {
  if (!std::isfinite(value)) return "-";
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%.*f", decimals, value);
  return buffer;
}

std::string Right(const std::string& text, size_t columns) {
  return text.size() >= columns ? " " + text : std::string(columns - text.size(), ' ') + text;
}

bool HasAuc(const TuneTrial& trial) { return !std::isnan(trial.last.valid_auc); }

std::string Heading(const TuneTrial& trial) {
  std::string line = "trial" + Right("epochs", 8);
  for (const auto& [name, value] : trial.settings) line += Right(name, 10);
  line += Right("valid loss", 13);
  line += Right(HasAuc(trial) ? "valid auc" : "accuracy", 11);
  return line + Right("seconds", 9);
}

std::string Row(size_t number, const TuneTrial& trial) {
  std::string line = Right(std::to_string(number), 5) + Right(std::to_string(trial.epochs), 8);
  for (const auto& [name, value] : trial.settings) line += Right(value, 10);
  if (trial.diverged) return line + Right("diverged", 13);
  line += Right(Fixed(trial.last.valid_logloss, 5), 13);
  line += Right(Fixed(HasAuc(trial) ? trial.last.valid_auc : trial.last.valid_accuracy, 4), 11);
  line += Right(Fixed(trial.seconds, 1), 9);
  return line + (trial.is_default ? "  defaults" : "");
}

std::string Words(const TuneSettings& settings, const char* before) {
  std::string text;
  for (const auto& [name, value] : settings) {
    text += Concat(text.empty() ? "" : " ", before, name, " ", value);
  }
  return text;
}

// The rows of the table of train that were given or are advised, with their values.
struct Setting {
  OptionSpec spec;
  std::vector<std::string> texts;
};
std::vector<Setting> SettingsOf(const OptionValues& train, const TuneSettings& advice) {
  std::vector<Setting> settings;
  for (const OptionSpec& spec : OptionsOf(CommandOf(CommandSpec::kTrain))) {
    const auto advised = std::find_if(advice.begin(), advice.end(), [&](const auto& setting) {
      return setting.first == spec.name;
    });
    if (advised != advice.end()) {
      settings.push_back({spec, {advised->second}});
    } else if (train.IsGiven(spec.name) && spec.from == OptionSpec::From::kAnywhere) {
      settings.push_back({spec, train.AsWritten(spec.name)});
    }
  }
  return settings;
}

}  // namespace

void TuneView::Update(const TuneProgress& progress) {
  PrintTrials(progress.done);
  if (!console_.err_is_terminal) return;
  const TrainProgress& training = progress.training;
  std::string line =
      Concat("trial ", progress.done.size() + 1, " of about ", progress.trials, "  ",
             Words(progress.under_way, ""), "  epoch ", training.epoch, "/", training.epochs);
  line = line.substr(0, console_.err_columns - 1);
  *console_.err << "\r" << line << "\x1b[K" << std::flush;
  has_progress_ = true;
}

void TuneView::ClearProgress() {
  if (!has_progress_) return;
  *console_.err << "\r\x1b[K" << std::flush;
  has_progress_ = false;
}

void TuneView::PrintTrials(const std::vector<TuneTrial>& trials) {
  if (printed_ >= trials.size()) return;
  ClearProgress();
  if (printed_ == 0) PrintResult(console_, Heading(trials[0]));
  for (; printed_ < trials.size(); ++printed_) {
    PrintResult(console_, Row(printed_ + 1, trials[printed_]));
  }
}

void TuneView::End(const TuneReport& report) {
  PrintTrials(report.trials);
  ClearProgress();
  for (const std::string& note : report.notes) *console_.err << "note   " << note << '\n';
  PrintResult(console_, Concat("data   ", report.data));
  if (report.time_was_up) {
    PrintResult(console_, Concat("time   was up after ", report.trials.size(),
                                 report.trials.size() == 1 ? " trial" : " trials", ": those with ",
                                 report.trials[report.best].epochs, " epochs are compared"));
  }
  const TuneTrial& best = report.trials[report.best];
  const TuneTrial& defaults = report.trials[report.defaults];
  if (report.defaults_are_as_good) {
    PrintResult(console_, Concat("best   the defaults are as good as anything that was tried: "
                                 "valid loss ",
                                 Fixed(defaults.last.valid_logloss, 5)));
    return;
  }
  PrintResult(console_, Concat("best   ", Words(best.settings, ""), ": valid loss ",
                               Fixed(best.last.valid_logloss, 5), ", of the defaults ",
                               defaults.diverged ? "none: they diverge"
                                                 : Fixed(defaults.last.valid_logloss, 5)));
}

std::string TrainCommandLine(const OptionValues& train, const TuneSettings& advice) {
  std::string line = "cairn train";
  for (const Setting& setting : SettingsOf(train, advice)) {
    line += Concat(" --", setting.spec.name);
    if (setting.spec.kind == OptionSpec::Kind::kSwitch) continue;
    for (const std::string& text : setting.texts) line += " " + ShellWord(text);
  }
  return line;
}

std::string TrainSettingsFile(const OptionValues& train, const TuneSettings& advice) {
  std::string text = "# By cairn tune, for cairn train --config.\n";
  std::string_view section;
  for (const Setting& setting : SettingsOf(train, advice)) {
    if (setting.spec.section != section) {
      section = setting.spec.section;
      text += Concat("\n[", FileSection(section), "]\n");
    }
    text += Concat(setting.spec.name, " = ", FormatFileValue(setting.spec, setting.texts), "\n");
  }
  return text;
}

}  // namespace cairn
