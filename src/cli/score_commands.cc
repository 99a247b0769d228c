// eval and predict.
#include <cmath>
#include <memory>
#include <span>
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
#include "train/bad_row.h"
#include "train/program.h"

namespace cairn {
namespace {

// Each measure, and what the best constant would have.
void PrintEvaluation(const EvalReport& report, const Console& console) {
  const auto print = [&](std::string name, const std::string& text) {
    name.resize(13, ' ');
    PrintResult(console, name + text);
  };
  const auto beside = [&](const char* name, double value, double constant, const char* which) {
    print(name, Concat(FormatFloat9(value), "  (", which, ": ", FormatFloat9(constant), ")"));
  };
  print("rows", HumanCount(report.rows));
  if (report.loss == kSquaredLoss) {
    beside("rmse", std::sqrt(report.logloss), std::sqrt(report.baseline_loss), "the mean label");
    print("mse", FormatFloat9(report.logloss));
  } else {
    const bool is_two = report.loss == kLogisticLoss;
    beside("logloss", report.logloss, report.baseline_loss,
           is_two ? "the mean label" : "the shares of classes");
    if (is_two) {
      print("auc",
            std::isnan(report.auc) ? "- (all rows are of one class)" : FormatFloat9(report.auc));
    }
    beside("accuracy", report.accuracy, report.baseline_accuracy, "the commonest class");
    if (!std::isnan(report.calibration)) {
      print("calibration", FormatFloat9(report.calibration) + "  (labels 1, predicted / observed)");
    }
  }
  print("seconds", FormatFloat9(std::round(report.seconds * 1e3) / 1e3));
}

}  // namespace

absl::Status EvalCommand(const OptionValues& values, const Console& console) {
  std::unique_ptr<OutputFile> report_file;
  if (values.IsGiven("report")) {
    CAIRN_ASSIGN_OR_RETURN(report_file, OutputFile::Open(values.Text("report")));
  }
  CAIRN_ASSIGN_OR_RETURN(const EvalReport report, Evaluate(MakeScoreOptions(values)));
  if (report.bad_rows > 0) {
    *console.err << "note   " << CountOfBadRows(report.bad_rows, report.rows + report.bad_rows)
                 << " left out, the first: " << report.first_bad_row << '\n';
  }
  PrintEvaluation(report, console);
  if (report_file == nullptr) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(report_file->Write(EvalReportAsJson(report)));
  return report_file->Commit();
}

absl::Status PredictCommand(const OptionValues& values, const Console& console) {
  const std::string path = values.Text("output");
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<OutputFile> output, OutputFile::Open(path));
  const InterruptScope interrupt;
  const auto write = [&](std::span<const float> prediction) {
    if (interrupt.requested()) return MakeError(absl::StatusCode::kCancelled, "interrupted");
    std::string line;
    for (const float number : prediction) line += (line.empty() ? "" : " ") + FormatFloat9(number);
    return output->Write(line + "\n");
  };
  CAIRN_ASSIGN_OR_RETURN(const PredictReport report, Predict(MakeScoreOptions(values), write));
  CAIRN_RETURN_IF_ERROR(output->Commit());
  *console.err << HumanCount(report.rows) << " rows to " << OutputName(path);
  if (report.bad_rows > 0) {
    *console.err << "; " << HumanCount(report.bad_rows) << " of them could not be read and "
                 << (report.bad_rows == 1 ? "is" : "are")
                 << " nan, the first: " << report.first_bad_row;
  }
  *console.err << '\n';
  return absl::OkStatus();
}

}  // namespace cairn
