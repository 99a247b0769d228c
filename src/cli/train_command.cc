#include "base/status.h"
#include "cairn/train.h"
#include "cli/commands.h"
#include "cli/output_file.h"
#include "cli/preview_view.h"
#include "cli/settings.h"
#include "cli/show_training.h"
#include "cluster/interrupt.h"

namespace cairn {

absl::Status TrainCommand(const OptionValues& values, const Console& console) {
  CAIRN_ASSIGN_OR_RETURN(const TrainOptions options, MakeTrainOptions(values));
  if (values.Switch("dry-run")) {
    // Opened, as a training would do, and taken back.
    if (values.IsGiven("report")) {
      CAIRN_RETURN_IF_ERROR(OutputFile::Open(values.Text("report")).status());
    }
    CAIRN_ASSIGN_OR_RETURN(const TrainPreview preview, PreviewTraining(options));
    *console.out << FormatPreview(preview);
    return absl::OkStatus();
  }
  const InterruptScope interrupt;
  return ShowTraining(values, options, console, interrupt,
                      [&](const ProgressCallback& progress) { return Train(options, progress); });
}

}  // namespace cairn
