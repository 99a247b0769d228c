#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "base/numbers.h"
#include "base/status.h"
#include "base/units.h"
#include "cairn/inspect.h"
#include "cli/commands.h"
#include "cli/inspect_view.h"
#include "cli/output_file.h"
#include "cluster/interrupt.h"
#include "train/zstd_encoder.h"

namespace cairn {
namespace {

// What the command is to do: at most one of these is given, and some options say nothing there.
absl::Status CheckOptions(const OptionValues& values) {
  struct Conflict {
    std::string_view task;
    std::string_view other;
  };
  if (values.IsGiven("load") && values.IsGiven("model-dir")) {
    return InvalidArgument("--load makes a new model: leave out DIR");
  }
  constexpr std::array<Conflict, 10> kConflicts = {{{"load", "dump"},
                                                    {"load", "key"},
                                                    {"load", "table"},
                                                    {"load", "top"},
                                                    {"load", "json"},
                                                    {"dump", "key"},
                                                    {"dump", "table"},
                                                    {"dump", "top"},
                                                    {"dump", "json"},
                                                    {"key", "top"}}};
  for (const auto& [task, other] : kConflicts) {
    if (values.IsGiven(task) && values.IsGiven(other)) {
      return InvalidArgument("--", task, " does not go with --", other);
    }
  }
  for (const std::string_view option : {"save", "partitions"}) {
    if (values.IsGiven(option) && !values.IsGiven("load")) {
      return InvalidArgument("--", option, " needs --load FILE");
    }
  }
  if (values.IsGiven("load") && !values.IsGiven("save")) {
    return InvalidArgument("--load needs --save DIR");
  }
  if (!values.IsGiven("load") && !values.IsGiven("model-dir")) {
    return InvalidArgument("which model? cairn inspect DIR");
  }
  if (values.Text("load") == "-") {
    return InvalidArgument("--load reads the text more than once: it needs the name of a file");
  }
  return {};
}

absl::Status Load(const OptionValues& values, const Console& console) {
  LoadModelOptions options;
  options.text_path = values.Text("load");
  options.save_dir = values.Text("save");
  options.partitions = static_cast<uint32_t>(values.Count("partitions"));
  CAIRN_ASSIGN_OR_RETURN(const LoadModelReport report, LoadModel(options));
  PrintResult(console, Concat("saved  ", options.save_dir));
  PrintResult(console, Concat("done   ", HumanCount(report.rows), " rows in ", report.partitions,
                              " partitions; model digest ", report.digest));
  return {};
}

absl::Status Dump(const std::string& model_dir, const std::string& path) {
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<OutputFile> output, OutputFile::Open(path));
  const InterruptScope interrupt;
  const bool compress = path.ends_with(".zst");
  ZstdEncoder encoder;
  std::string compressed;
  CAIRN_RETURN_IF_ERROR(DumpModel(model_dir, [&](std::string_view text) {
    if (interrupt.requested()) return MakeError(absl::StatusCode::kCancelled, "interrupted");
    if (!compress) return output->Write(text);
    compressed.clear();
    CAIRN_RETURN_IF_ERROR(encoder.Add(text, &compressed));
    return output->Write(compressed);
  }));
  if (compress) {
    compressed.clear();
    CAIRN_RETURN_IF_ERROR(encoder.Finish(&compressed));
    CAIRN_RETURN_IF_ERROR(output->Write(compressed));
  }
  return output->Commit();
}

}  // namespace

absl::Status InspectCommand(const OptionValues& values, const Console& console) {
  CAIRN_RETURN_IF_ERROR(CheckOptions(values));
  if (values.IsGiven("load")) return Load(values, console);
  if (values.IsGiven("dump")) return Dump(values.Text("model-dir"), values.Text("dump"));
  InspectOptions options;
  options.model_dir = values.Text("model-dir");
  options.table = values.Text("table");
  options.top = static_cast<uint32_t>(values.Count("top"));
  const bool json = values.Switch("json");
  if (values.IsGiven("key")) {
    const std::string name = values.Text("key");
    const absl::StatusOr<uint64_t> number = ParseU64(name);
    const absl::StatusOr<Key> named = number.ok() ? number : KeyOfFeature(options.model_dir, name);
    CAIRN_RETURN_IF_ERROR(Annotate(named.status(), "--key"));
    const Key key = *named;
    CAIRN_ASSIGN_OR_RETURN(const std::vector<KeyReport> reports, FindKey(options, key));
    *console.out << (json ? KeyReportsAsJson(key, reports) : KeyReportsAsText(key, reports));
    return {};
  }
  CAIRN_ASSIGN_OR_RETURN(const ModelReport report, Inspect(options));
  *console.out << (json ? ModelReportAsJson(report) : ModelReportAsText(report));
  return {};
}

}  // namespace cairn
