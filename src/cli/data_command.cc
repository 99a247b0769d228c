#include <memory>
#include <string>

#include "base/status.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/output_file.h"
#include "cluster/interrupt.h"
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

}  // namespace cairn
