#include "cli/train_events.h"

#include "base/json_log.h"
#include "cli/version.h"
#include "sharding/consistency.h"

namespace cairn {

std::string BeginEvent(Micros at, const TrainOptions& options) {
  return EventLine(at, "info", "begin")
      .Add("version", Version())
      .Add("model", options.model)
      .Add("servers", uint64_t{options.servers})
      .Add("workers", uint64_t{options.workers})
      .Add("consistency", FormatConsistency(options.mode))
      .Add("partitions", uint64_t{options.partitions})
      .Finish();
}

std::string DataEvent(Micros at, const std::string& data) {
  return EventLine(at, "info", "data").Add("data", data).Finish();
}

std::string ProgressEvent(Micros at, const TrainProgress& progress, const TrainPace& pace) {
  EventLine event(at, "info", "progress");
  event.Add("phase", progress.phase).Add("epoch", progress.epoch).Add("epochs", progress.epochs);
  event.Add("epoch_share", progress.epoch_share).Add("rows", progress.rows);
  event.Add("loss", progress.rows > 0 ? progress.loss : TrainPace::kUnknown);
  event.Add("recent_loss", pace.recent_loss).Add("rows_per_second", pace.rows_per_second);
  event.Add("seconds_left", pace.seconds_left);
  if (progress.bytes_spooled > 0) event.Add("bytes_spooled", progress.bytes_spooled);
  if (progress.workers_lost > 0) event.Add("workers_lost", uint64_t{progress.workers_lost});
  if (progress.rollbacks > 0) event.Add("rollbacks", progress.rollbacks);
  if (!progress.alarm.empty()) event.Add("alarm", progress.alarm);
  if (!progress.waiting_for.empty()) event.Add("waiting_for", progress.waiting_for);
  return event.Finish();
}

std::string EpochEvent(Micros at, const EpochReport& epoch) {
  return EventLine(at, "info", "epoch")
      .Add("epoch", epoch.epoch)
      .Add("rows", epoch.rows)
      .Add("train_logloss", epoch.train_logloss)
      .Add("valid_logloss", epoch.valid_logloss)
      .Add("valid_auc", epoch.valid_auc)
      .Add("valid_accuracy", epoch.valid_accuracy)
      .Add("seconds", epoch.seconds)
      .Finish();
}

std::string LogsEvent(Micros at, const std::string& directory) {
  return EventLine(at, "info", "note")
      .Add("message", "logs of the processes: " + directory)
      .Finish();
}

std::string NoteEvent(Micros at, const std::string& note) {
  return EventLine(at, "warning", "note").Add("message", note).Finish();
}

std::string EndEvent(Micros at, const TrainReport& report) {
  EventLine event(at, "info", "end");
  event.Add("stop_reason", report.stop_reason).Add("rows", report.rows);
  event.Add("features", report.features).Add("train_seconds", report.train_seconds);
  event.Add("rows_per_second", report.rows_per_second);
  event.Add("peak_rss_bytes", report.peak_rss_bytes).Add("model_digest", report.model_digest);
  if (report.best_epoch > 0) event.Add("best_epoch", report.best_epoch);
  return event.Finish();
}

}  // namespace cairn
