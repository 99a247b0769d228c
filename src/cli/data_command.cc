#include <memory>
#include <string>

#include "base/status.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/data_stat_view.h"
#include "cli/output_file.h"
#include "cli/settings.h"
#include "cluster/interrupt.h"
#include "cluster/train_plan.h"
#include "train/data_source.h"
#include "train/data_stat.h"
#include "train/zipf_generator.h"

namespace cairn {
namespace {

// A spec's rows to `path`, and their true probabilities to PATH.z if the oracle is asked for.
absl::Status Generate(const ZipfSpec& spec, const std::string& path, bool with_oracle,
                      const InterruptScope& interrupt) {
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<OutputFile> rows, OutputFile::Open(path));
  std::unique_ptr<OutputFile> oracle;
  if (with_oracle) {
    CAIRN_ASSIGN_OR_RETURN(oracle, OutputFile::Open(path + ".z"));
  }
  const TextSink to_rows = [&](std::string_view text) {
    if (interrupt.requested()) return MakeError(absl::StatusCode::kCancelled, "interrupted");
    return rows->Write(text);
  };
  TextSink to_oracle;
  if (with_oracle) to_oracle = [&](std::string_view text) { return oracle->Write(text); };
  CAIRN_RETURN_IF_ERROR(GenerateZipf(spec, to_rows, to_oracle));
  CAIRN_RETURN_IF_ERROR(rows->Commit());
  return with_oracle ? oracle->Commit() : absl::OkStatus();
}

absl::Status CheckOutputs(const OptionValues& values) {
  if (values.IsGiven("test-rows") != values.IsGiven("test-output")) {
    return InvalidArgument("--test-rows and --test-output go together");
  }
  if (values.IsGiven("test-output") && values.Text("output") == values.Text("test-output")) {
    return InvalidArgument("--output and --test-output are the same file");
  }
  const bool to_pipe = values.Text("output") == "-" || values.Text("test-output") == "-";
  if (values.Switch("oracle") && to_pipe) {
    return InvalidArgument("--oracle needs the name of a file: its own is that with .z behind it");
  }
  return absl::OkStatus();
}

// One line of progress on a terminal, taken back at the end.
class Percentage {
 public:
  explicit Percentage(const Console* console) : console_(*console) {}
  ~Percentage() {
    if (shown_) *console_.err << "\r\x1b[K" << std::flush;
  }
  void Show(double share) {
    if (!console_.err_is_terminal) return;
    shown_ = true;
    *console_.err << "\rreading " << static_cast<int>(100 * share) << " %" << std::flush;
  }

 private:
  const Console& console_;
  bool shown_ = false;
};

absl::StatusOr<DataStat> Count(const OptionValues& values, const Console& console) {
  const InterruptScope interrupt;
  Percentage percentage(&console);
  DataStatOptions options;
  options.paths = values.Texts("data");
  CAIRN_ASSIGN_OR_RETURN(options.format, ParseFormat(values.Text("format")));
  CAIRN_ASSIGN_OR_RETURN(options.read, ParseRowOptions(MakeRowOptions(values)));
  options.progress = [&](double share) {
    percentage.Show(share);
    return !interrupt.requested();
  };
  absl::StatusOr<DataStat> stat = StatData(options);
  if (!stat.ok()) return DataError(stat.status());
  return stat;
}

}  // namespace

absl::Status DataGenCommand(const OptionValues& values, const Console& console) {
  CAIRN_RETURN_IF_ERROR(CheckOutputs(values));
  const InterruptScope interrupt;
  ZipfSpec spec;
  spec.rows = values.Count("rows");
  spec.features = values.Count("features");
  spec.seed = values.Count("seed");
  const bool with_oracle = values.Switch("oracle");
  CAIRN_RETURN_IF_ERROR(Generate(spec, values.Text("output"), with_oracle, interrupt));
  *console.err << HumanCount(spec.rows) << " rows to " << OutputName(values.Text("output")) << '\n';
  if (!values.IsGiven("test-rows")) return absl::OkStatus();
  spec.rows = values.Count("test-rows");
  spec.part = ZipfSpec::Part::kTest;
  CAIRN_RETURN_IF_ERROR(Generate(spec, values.Text("test-output"), with_oracle, interrupt));
  *console.err << HumanCount(spec.rows) << " rows to " << OutputName(values.Text("test-output"))
               << '\n';
  return absl::OkStatus();
}

absl::Status DataStatCommand(const OptionValues& values, const Console& console) {
  CAIRN_ASSIGN_OR_RETURN(const DataStat stat, Count(values, console));
  *console.out << (values.Switch("json") ? DataStatAsJson(stat) : DataStatAsText(stat));
  return absl::OkStatus();
}

}  // namespace cairn
