#include <memory>
#include <utility>
#include <vector>

#include "base/status.h"
#include "cairn/tune.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output_file.h"
#include "cli/settings.h"
#include "cli/tune_view.h"
#include "cluster/interrupt.h"

namespace cairn {
namespace {

// What was given of the settings of train, as if that had been started.
absl::StatusOr<OptionValues> TrainValuesOf(const OptionValues& values) {
  const std::vector<OptionSpec> specs = OptionsOf(CommandOf(CommandSpec::kTrain));
  GivenOptions given;
  for (const OptionSpec& spec : specs) {
    const bool is_own = spec.name == "max-seconds";  // Of the trials all together.
    if (is_own || !values.Has(spec.name) || !values.IsGiven(spec.name)) continue;
    given[std::string(spec.name)] = {values.Origin(spec.name), values.AsWritten(spec.name)};
  }
  return OptionValues::Make(specs, std::move(given));
}

}  // namespace

absl::Status TuneCommand(const OptionValues& values, const Console& console) {
  CAIRN_ASSIGN_OR_RETURN(const OptionValues train, TrainValuesOf(values));
  TuneOptions options;
  CAIRN_ASSIGN_OR_RETURN(options.train, MakeTrainOptions(train));
  options.seconds_max = values.Real("max-seconds");
  std::unique_ptr<OutputFile> output;  // Opened first: not to learn much later that it fails.
  if (values.IsGiven("output")) {
    CAIRN_ASSIGN_OR_RETURN(output, OutputFile::Open(values.Text("output")));
  }
  const InterruptScope interrupt;
  TuneView view(&console);
  const absl::StatusOr<TuneReport> report = Tune(options, [&](const TuneProgress& progress) {
    view.Update(progress);
    return !interrupt.requested();
  });
  if (!report.ok()) return report.status();
  view.End(*report);
  PrintResult(console, "use    " + TrainCommandLine(train, report->advice));
  if (output == nullptr) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(output->Write(TrainSettingsFile(train, report->advice)));
  return output->Commit();
}

}  // namespace cairn
