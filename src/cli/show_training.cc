#include "cli/show_training.h"

#include <memory>

#include "base/status.h"
#include "base/time_source.h"
#include "cli/output_file.h"
#include "cli/report.h"
#include "cli/train_view.h"

namespace cairn {

absl::Status ShowTraining(const OptionValues& values, const TrainOptions& options,
                          const Console& console, const InterruptScope& interrupt,
                          const Training& train) {
  std::unique_ptr<OutputFile> report_file;  // Opened first: not to learn hours later that it fails.
  if (values.IsGiven("report")) {
    CAIRN_ASSIGN_OR_RETURN(report_file, OutputFile::Open(values.Text("report")));
  }
  const RealTimeSource time;
  TrainView view(&console, &time);
  view.Begin(options);
  const absl::StatusOr<TrainReport> report = train([&](const TrainProgress& progress) {
    view.Update(progress);
    return !interrupt.requested();
  });
  view.ClearProgress();
  if (!report.ok()) return report.status();
  view.End(options, *report);
  if (report_file == nullptr) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(report_file->Write(TrainReportAsJson(options, *report)));
  return report_file->Commit();
}

}  // namespace cairn
