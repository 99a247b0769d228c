// eval and predict.
#include <cmath>
#include <memory>
#include <string>

#include "base/numbers.h"
#include "base/status.h"
#include "base/units.h"
#include "cairn/train.h"
#include "cli/commands.h"
#include "cli/output_file.h"
#include "cli/report.h"
#include "cli/settings.h"
#include "cluster/interrupt.h"

namespace cairn {

absl::Status EvalCommand(const OptionValues& values, const Console& console) {
  std::unique_ptr<OutputFile> report_file;
  if (values.IsGiven("report")) {
    CAIRN_ASSIGN_OR_RETURN(report_file, OutputFile::Open(values.Text("report")));
  }
  CAIRN_ASSIGN_OR_RETURN(const EvalReport report, Evaluate(MakeScoreOptions(values)));
  PrintResult(console, "rows      " + HumanCount(report.rows));
  PrintResult(console, "logloss   " + FormatFloat9(report.logloss));
  PrintResult(console, "auc       " + (std::isnan(report.auc) ? "- (all rows are of one class)"
                                                              : FormatFloat9(report.auc)));
  PrintResult(console, "seconds   " + FormatFloat9(std::round(report.seconds * 1e3) / 1e3));
  if (report_file == nullptr) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(report_file->Write(EvalReportAsJson(report)));
  return report_file->Commit();
}

absl::Status PredictCommand(const OptionValues& values, const Console& console) {
  const std::string path = values.Text("output");
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<OutputFile> output, OutputFile::Open(path));
  const InterruptScope interrupt;
  uint64_t rows = 0;
  CAIRN_RETURN_IF_ERROR(Predict(MakeScoreOptions(values), [&](float probability) {
    if (interrupt.requested()) return MakeError(absl::StatusCode::kCancelled, "interrupted");
    ++rows;
    return output->Write(FormatFloat9(probability) + "\n");
  }));
  CAIRN_RETURN_IF_ERROR(output->Commit());
  *console.err << HumanCount(rows) << " rows to " << OutputName(path) << '\n';
  return absl::OkStatus();
}

}  // namespace cairn
