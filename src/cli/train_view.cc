#include "cli/train_view.h"

#include <cmath>
#include <cstdio>
#include <string_view>

#include "base/status.h"
#include "base/units.h"
#include "cli/version.h"
#include "sharding/consistency.h"

namespace cairn {
namespace {

constexpr Micros kLineEvery = 10 * kMicrosPerSecond;

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

}  // namespace

TrainView::TrainView(const Console* console, const TimeSource* time)
    : console_(*console), time_(*time), next_line_(time->NowMicros() + kLineEvery) {}

void TrainView::Begin(const TrainOptions& options) {
  PrintResult(
      console_,
      Concat("cairn ", Version(), "  ", options.model, "  ", Plural(options.servers, "server"),
             " x ", Plural(options.workers, "worker"), ", ", FormatConsistency(options.mode), ", ",
             Plural(options.partitions, "partition")));
}

void TrainView::Update(const TrainProgress& progress) {
  const Micros now = time_.NowMicros();
  if (progress.epoch != epoch_) {
    epoch_ = progress.epoch;
    epoch_began_ = now;
  }
  PrintEpochs(progress.done);
  if (console_.err_is_terminal) {
    // The last column stays free: a full line would wrap, and could not be taken back.
    const std::string line = ProgressLine(progress).substr(0, console_.err_columns - 1);
    *console_.err << "\r" << line << "\x1b[K" << std::flush;
    has_progress_ = true;
  } else if (now >= next_line_) {
    *console_.err << ProgressLine(progress) << '\n' << std::flush;
    next_line_ = now + kLineEvery;
  }
}

void TrainView::End(const TrainOptions& options, const TrainReport& report) {
  PrintEpochs(report.epochs);
  ClearProgress();
  for (const std::string& note : report.notes) *console_.err << "note   " << note << '\n';
  if (!report.data.empty()) PrintResult(console_, "data   " + report.data);
  PrintResult(console_, Concat("done   ", report.stop_reason, "; ", HumanCount(report.features),
                               " features; model digest ", report.model_digest, "; peak memory ",
                               HumanBytes(report.peak_rss_bytes)));
  if (!options.save_dir.empty()) PrintResult(console_, "saved  " + options.save_dir);
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
    PrintResult(console_, TableRow("epoch", "rows", "train loss", "valid loss", "valid auc",
                                   "rows/s", "seconds"));
  }
  for (; epochs_printed_ < epochs.size(); ++epochs_printed_) {
    const EpochReport& epoch = epochs[epochs_printed_];
    const double rate = static_cast<double>(epoch.rows) / (epoch.seconds - seconds_printed_);
    seconds_printed_ = epoch.seconds;
    PrintResult(console_, TableRow(std::to_string(epoch.epoch), HumanCount(epoch.rows),
                                   Fixed(epoch.train_logloss, 4), Fixed(epoch.valid_logloss, 4),
                                   Fixed(epoch.valid_auc, 4), Rate(rate), Fixed(epoch.seconds, 1)));
  }
}

std::string TrainView::ProgressLine(const TrainProgress& progress) const {
  if (progress.phase == std::string_view("spooling")) {
    return "reading the input: " + HumanBytes(progress.bytes_spooled);
  }
  if (std::string_view(progress.phase) != "training") return Doing(progress.phase);
  const Micros spent = time_.NowMicros() - epoch_began_;
  std::string line = Concat("epoch ", progress.epoch, "/", progress.epochs, "  ",
                            Fixed(100 * progress.epoch_share, 0), " %");
  if (progress.rows > 0) line += "  loss " + Fixed(progress.loss, 4);
  if (progress.rows > 0 && spent > 0) {
    line += "  " + Rate(static_cast<double>(progress.rows) * kMicrosPerSecond /
                        static_cast<double>(spent));
  }
  return line;
}

}  // namespace cairn
