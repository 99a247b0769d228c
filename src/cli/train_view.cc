#include "cli/train_view.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "base/units.h"
#include "cli/train_events.h"
#include "cli/version.h"
#include "cluster/train_job.h"
#include "sharding/consistency.h"
#include "train/program.h"

namespace cairn {
namespace {

constexpr Micros kLineEvery = 10 * kMicrosPerSecond;
constexpr uint32_t kPatience = 3;  // Of the advice to have some.

std::string Fixed(double value, int decimals) {
  if (std::isnan(value)) return "-";
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%.*f", decimals, value);
  return buffer;
}

std::string Right(const std::string& text, size_t columns) {
  return text.size() >= columns ? text : std::string(columns - text.size(), ' ') + text;
}

// 1'912'345 -> "1.9 M/s".
std::string Rate(double per_second) {
  if (!std::isfinite(per_second)) return "-";
  if (per_second >= 999'500) return Fixed(per_second / 1e6, 1) + " M/s";
  if (per_second >= 9'999.5) return Fixed(per_second / 1e3, 0) + " k/s";
  return Fixed(per_second, 0) + " /s";
}

std::string Plural(uint64_t count, const char* thing) {
  return Concat(count, " ", thing, count == 1 ? "" : "s");
}

std::string TableRow(const std::string& epoch, const std::string& rows, const std::string& train,
                     const std::string& loss, const std::string& auc, const std::string& rate,
                     const std::string& seconds) {
  return Concat(Right(epoch, 5), Right(rows, 14), Right(train, 13), Right(loss, 13), Right(auc, 12),
                Right(rate, 11), Right(seconds, 10));
}

std::string Doing(std::string_view phase) {
  if (phase == "forming") return "forming the cluster";
  if (phase == "evaluating") return "scoring the validation data";
  if (phase == "saving") return "saving the model";
  return std::string(phase);
}

// Of more than two classes there is no AUC.
bool ShowsAccuracy(const EpochReport& epoch) {
  return std::isnan(epoch.valid_auc) && !std::isnan(epoch.valid_accuracy);
}

// The epoch at whose end kPatience epochs have brought nothing, or the last one.
size_t StopOfPatience(const TrainReport& report) {
  const std::vector<EpochReport>& epochs = report.epochs;
  double best = -INFINITY;
  uint32_t since = 0;
  for (size_t i = 0; i < epochs.size(); ++i) {
    const double goodness = GoodnessOf(epochs[i], report.stop_metric);
    since = goodness > best ? 0 : since + 1;
    if (since == kPatience) return i + 1;
    best = std::max(best, goodness);
  }
  return epochs.size();
}

}  // namespace

TrainView::TrainView(const Console* console, const TimeSource* time)
    : console_(*console), time_(*time), next_line_(time->NowMicros() + kLineEvery) {}

void TrainView::Begin(const TrainOptions& options) {
  PrintResult(
      console_,
      Concat("cairn ", Version(), "  ", options.model, "  ", Plural(options.servers, "server"),
             " x ", Plural(options.workers, "worker"), ", ", FormatConsistency(options.mode), ", ",
             Plural(options.partitions, "partition")));
  if (console_.err_is_json) Tell(BeginEvent(console_.unix_micros(), options));
}

void TrainView::Update(const TrainProgress& progress) {
  const Micros now = time_.NowMicros();
  meter_.Update(progress, now);
  if (!progress.log_dir.empty() && !std::exchange(logs_noted_, true)) {
    PrintLogs(progress.log_dir);
  }
  PrintData(progress.data);
  PrintNotes(progress.notes);
  PrintEpochs(progress.done);
  PrintProgress(progress, now);
}

void TrainView::PrintProgress(const TrainProgress& progress, Micros now) {
  if (console_.err_is_terminal && !console_.err_is_json) {
    // The last column stays free: a full line would wrap, and could not be taken back.
    const std::string line = ProgressLine(progress).substr(0, console_.err_columns - 1);
    *console_.err << "\r" << line << "\x1b[K" << std::flush;
    has_progress_ = true;
    return;
  }
  if (now < next_line_) return;
  next_line_ = now + kLineEvery;
  if (console_.err_is_json) {
    Tell(ProgressEvent(console_.unix_micros(), progress, meter_.pace()));
  } else {
    *console_.err << ProgressLine(progress) << '\n' << std::flush;
  }
}

void TrainView::PrintData(const std::string& data) {
  if (data.empty() || data_printed_) return;
  data_printed_ = true;
  ClearProgress();
  PrintResult(console_, "data   " + data);
  if (console_.err_is_json) Tell(DataEvent(console_.unix_micros(), data));
}

void TrainView::PrintLogs(const std::string& directory) {
  if (console_.err_is_json) {
    Tell(LogsEvent(console_.unix_micros(), directory));
  } else {
    *console_.err << "note   logs of the processes: " << directory << '\n';
  }
}

void TrainView::PrintNote(const std::string& note) {
  if (console_.err_is_json) {
    Tell(NoteEvent(console_.unix_micros(), note));
  } else {
    *console_.err << "note   " << note << '\n';
  }
}

void TrainView::PrintNotes(const std::vector<std::string>& notes) {
  if (notes_printed_ < notes.size()) ClearProgress();
  for (; notes_printed_ < notes.size(); ++notes_printed_) PrintNote(notes[notes_printed_]);
}

void TrainView::Tell(const std::string& event) const { *console_.err << event << std::flush; }

void TrainView::End(const TrainOptions& options, const TrainReport& report) {
  PrintData(report.data);
  PrintEpochs(report.epochs);
  ClearProgress();
  PrintNotes(report.notes);
  PrintResult(console_, Concat("done   ", report.stop_reason, "; ", HumanCount(report.features),
                               " features; model digest ", report.model_digest, "; peak memory ",
                               HumanBytes(report.peak_rss_bytes)));
  PrintValid(report);
  PrintBest(options, report);
  if (!options.save_dir.empty()) PrintResult(console_, "saved  " + options.save_dir);
  if (console_.err_is_json) Tell(EndEvent(console_.unix_micros(), report));
}

// How good that is: beside what says the same of every row.
void TrainView::PrintValid(const TrainReport& report) const {
  if (report.model_epoch == 0) return;
  const EpochReport& own = report.epochs[report.model_epoch - 1];
  if (std::isnan(own.valid_baseline_loss)) return;
  std::string line = "valid  ";
  if (report.loss == kSquaredLoss) {
    line += Concat("rmse ", Fixed(std::sqrt(own.valid_logloss), 4), ", of the mean label ",
                   Fixed(std::sqrt(own.valid_baseline_loss), 4));
  } else {
    line += Concat("loss ", Fixed(own.valid_logloss, 4), ", of a constant ",
                   Fixed(own.valid_baseline_loss, 4), "; accuracy ", Fixed(own.valid_accuracy, 4),
                   ", of the commonest class ", Fixed(own.valid_baseline_accuracy, 4));
  }
  if (!std::isnan(own.valid_calibration)) {
    line += "; calibration " + Fixed(own.valid_calibration, 3);
  }
  PrintResult(console_, line);
}

// If the model is the last epoch's, it matters that another one was better.
void TrainView::PrintBest(const TrainOptions& options, const TrainReport& report) const {
  if (report.best_epoch == 0 || report.best_epoch == report.epochs.size()) return;
  const EpochReport& best = report.epochs[report.best_epoch - 1];
  std::string metric;
  if (ShowsAccuracy(best)) metric = ", accuracy " + Fixed(best.valid_accuracy, 4);
  if (!std::isnan(best.valid_auc)) metric = ", auc " + Fixed(best.valid_auc, 4);
  std::string line =
      Concat("best   epoch ", best.epoch, ": valid loss ", Fixed(best.valid_logloss, 4), metric,
             "; the model is that of epoch ", report.model_epoch);
  const size_t stop = StopOfPatience(report);
  if (options.patience == 0 && stop < report.epochs.size()) {
    line += Concat("; --patience ", kPatience, " would have stopped at ", stop);
  }
  PrintResult(console_, line);
}

void TrainView::ClearProgress() {
  if (!has_progress_) return;
  *console_.err << "\r\x1b[K" << std::flush;
  has_progress_ = false;
}

void TrainView::PrintEpochs(const std::vector<EpochReport>& epochs) {
  if (epochs_printed_ >= epochs.size()) return;
  ClearProgress();
  if (epochs_printed_ == 0) {
    PrintResult(console_,
                TableRow("epoch", "rows", "train loss", "valid loss",
                         ShowsAccuracy(epochs[0]) ? "accuracy" : "valid auc", "rows/s", "seconds"));
  }
  for (; epochs_printed_ < epochs.size(); ++epochs_printed_) {
    const EpochReport& epoch = epochs[epochs_printed_];
    const double rate = static_cast<double>(epoch.rows) / (epoch.seconds - seconds_printed_);
    seconds_printed_ = epoch.seconds;
    PrintResult(console_,
                TableRow(std::to_string(epoch.epoch), HumanCount(epoch.rows),
                         Fixed(epoch.train_logloss, 4), Fixed(epoch.valid_logloss, 4),
                         Fixed(ShowsAccuracy(epoch) ? epoch.valid_accuracy : epoch.valid_auc, 4),
                         Rate(rate), Fixed(epoch.seconds, 1)));
    if (console_.err_is_json) Tell(EpochEvent(console_.unix_micros(), epoch));
  }
}

std::string TrainView::ProgressLine(const TrainProgress& progress) const {
  if (progress.phase == std::string_view("spooling")) {
    return "reading the input: " + HumanBytes(progress.bytes_spooled);
  }
  const std::string waiting =
      progress.waiting_for.empty() ? "" : "  waiting for " + progress.waiting_for;
  if (std::string_view(progress.phase) != "training") return Doing(progress.phase) + waiting;
  std::string line = Concat("epoch ", progress.epoch, "/", progress.epochs, "  ",
                            Fixed(100 * progress.epoch_share, 0), " %");
  const TrainPace pace = meter_.pace();
  if (progress.rows > 0) line += "  loss " + Fixed(progress.loss, 4);
  const std::string recent = Fixed(pace.recent_loss, 4);
  const bool is_news = progress.rows > 0 && recent != Fixed(progress.loss, 4);
  if (is_news && !std::isnan(pace.recent_loss)) line += "  now " + recent;
  if (!std::isnan(pace.rows_per_second)) line += "  " + Rate(pace.rows_per_second);
  if (!std::isnan(pace.seconds_left)) line += "  " + HumanSeconds(pace.seconds_left) + " left";
  if (progress.workers_lost > 0) line += "  lost " + Plural(progress.workers_lost, "worker");
  if (progress.rollbacks > 0) line += "  went back " + Plural(progress.rollbacks, "time");
  if (!progress.alarm.empty()) line += "  " + progress.alarm;
  return line + waiting;
}

}  // namespace cairn
