#include "cli/status_view.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "base/status.h"
#include "base/units.h"
#include "cli/text_table.h"
#include "sharding/consistency.h"
#include "wire/message_type.h"

namespace cairn {
namespace {

constexpr size_t kEpochsShown = 5;

std::string Fixed(double value, int decimals) {
  if (!std::isfinite(value)) return "-";
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%.*f", decimals, value);
  return buffer;
}

std::string EpochUnderWay(const JobStatus& status) {
  std::string text =
      Concat(", epoch ", std::min(status.epoch + 1, status.epochs), " of ", status.epochs);
  if (status.batches > 0) {
    const double share =
        static_cast<double>(status.batches_done) / static_cast<double>(status.batches);
    text += Concat(", ", Fixed(100 * share, 0), " %");
  }
  if (status.rows > 0) {
    text += ", loss " + Fixed(status.loss_sum / static_cast<double>(status.rows), 4);
  }
  return text;
}

// Rows per second since then, if both are of one epoch.
std::string RateLine(const JobStatus& status, Micros now, const EarlierStatus& earlier) {
  const bool same = earlier.status.job_id == status.job_id && earlier.status.epoch == status.epoch;
  if (!same || now <= earlier.at || status.rows < earlier.status.rows) return "";
  const double seconds = static_cast<double>(now - earlier.at) / kMicrosPerSecond;
  const auto rows = static_cast<double>(status.rows - earlier.status.rows);
  return Concat("rate     ", HumanCount(static_cast<uint64_t>(std::llround(rows / seconds))),
                " rows/s\n");
}

std::string Epochs(const JobStatus& status) {
  const std::span<const EpochRecord> epochs = status.epochs_listed;
  if (epochs.empty()) return "";
  return "\n" + FormatEpochs(epochs.last(std::min(epochs.size(), kEpochsShown)));
}

// It was counted in milliseconds: there are no tenths of them.
std::string Silence(uint32_t ms) { return ms < 1'000 ? Concat(ms, " ms") : HumanSeconds(ms / 1e3); }

std::string Members(const JobStatus& status) {
  if (status.members.empty()) return "";
  std::vector<TextRow> rows = {
      {"process", "role", "where", "address", "silent", "streams", "memory", "sent", "received"}};
  for (const MemberStatus& member : status.members) {
    rows.push_back({std::to_string(member.process), std::string(NameOf(member.role)),
                    Concat(member.host, ":", member.pid),
                    member.address.empty() ? "-" : member.address, Silence(member.silent_ms),
                    std::to_string(member.streams), HumanBytes(member.usage.rss_bytes),
                    HumanBytes(member.usage.bytes_sent), HumanBytes(member.usage.bytes_received)});
  }
  std::string text = "\n" + FormatTable(rows);
  if (status.member_count > status.members.size()) {
    text += Concat("  and ", status.member_count - status.members.size(), " more\n");
  }
  return text;
}

}  // namespace

std::string FormatEpochs(std::span<const EpochRecord> epochs) {
  // Of more than two classes there is no AUC.
  const EpochRecord& last = epochs.back();
  const bool accuracy = std::isnan(last.valid_auc) && !std::isnan(last.valid_accuracy);
  std::vector<TextRow> rows = {{"epoch", "rows", "train loss", "valid loss",
                                accuracy ? "accuracy" : "valid auc", "seconds"}};
  for (const EpochRecord& epoch : epochs) {
    rows.push_back({std::to_string(epoch.epoch + 1), HumanCount(epoch.rows),
                    Fixed(epoch.train_logloss, 4), Fixed(epoch.valid_logloss, 4),
                    Fixed(accuracy ? epoch.valid_accuracy : epoch.valid_auc, 4),
                    Fixed(epoch.seconds, 1)});
  }
  return FormatTable(rows);
}

std::string FormatStatus(const JobStatus& status, Micros now,
                         const std::optional<EarlierStatus>& earlier) {
  std::string text = Concat("job      ", status.job.empty() ? "none yet" : status.job,
                            status.job.empty() ? "" : ", " + FormatConsistency(status.mode), "\n",
                            "phase    ", NameOf(status.phase));
  const bool trains = status.phase == JobPhase::kTraining || status.phase == JobPhase::kEvaluating;
  text += trains ? EpochUnderWay(status) + "\n" : "\n";
  if (!status.waiting_for.empty()) text += Concat("waiting  for ", status.waiting_for, "\n");
  if (status.over()) text += Concat("end      ", status.message, " (", status.code, ")\n");
  if (earlier.has_value() && trains) text += RateLine(status, now, *earlier);
  if (status.workers_lost > 0) {
    text += Concat("lost     ", status.workers_lost,
                   status.workers_lost == 1 ? " worker\n" : " workers\n");
  }
  if (status.checkpoint > 0) {
    text += Concat("saved    checkpoint ", status.checkpoint);
    if (status.rollbacks > 0)
      text += Concat(", gone back ", status.rollbacks, status.rollbacks == 1 ? " time" : " times");
    text += "\n";
  }
  if (!status.alarm.empty()) text += Concat("alarm    ", status.alarm, "\n");
  text += Concat("traffic  ", HumanBytes(status.bytes_sent), " sent, ",
                 HumanBytes(status.bytes_received), " received by all members\n");
  return text + Epochs(status) + Members(status);
}

}  // namespace cairn
