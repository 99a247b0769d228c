#include "train/mlp_shape.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/numbers.h"
#include "base/status.h"
#include "base/units.h"
#include "train/bad_row.h"
#include "train/label_loss.h"
#include "wire/limits.h"

namespace cairn {
namespace {

constexpr size_t kLayersMax = 64;

absl::StatusOr<size_t> ParseWidth(std::string_view text) {
  const absl::StatusOr<uint64_t> width = ParseU64(TrimBlanks(text));
  if (!width.ok()) return InvalidArgument(QuoteText(text), " is no whole number");
  if (*width == 0) return InvalidArgument("a layer of 0 units; a layer has at least 1");
  if (*width <= limits::kRowFloatsMax) return static_cast<size_t>(*width);
  return InvalidArgument("a layer of ", HumanCount(*width), " units; at most ",
                         HumanCount(limits::kRowFloatsMax));
}

}  // namespace

bool HasLayers(std::string_view model) {
  return model == "mlp" || model == "wide_deep" || model == "deepfm";
}

absl::StatusOr<std::vector<size_t>> ParseHidden(std::string_view text) {
  std::vector<size_t> widths;
  for (std::string_view rest = text;;) {
    const size_t comma = rest.find(',');
    CAIRN_ASSIGN_OR_RETURN(const size_t width, ParseWidth(rest.substr(0, comma)));
    widths.push_back(width);
    if (comma == rest.npos) break;
    rest = rest.substr(comma + 1);
  }
  if (widths.size() > kLayersMax) {
    return InvalidArgument(widths.size(), " layers; at most ", kLayersMax);
  }
  return widths;
}

size_t FieldsOf(const ModelSettings& settings) { return std::max(1u, settings.fields); }

size_t InputsOf(const ModelSettings& settings) {
  return settings.model == "mlp" ? settings.inputs : FieldsOf(settings) * settings.dim;
}

size_t ResultsOf(const ModelSettings& settings) {
  return settings.loss == kSoftmaxLoss ? settings.classes : 1;
}

absl::Status CheckLayers(const ModelSettings& settings) {
  const absl::StatusOr<std::vector<size_t>> hidden = ParseHidden(settings.hidden);
  if (!hidden.ok()) return Annotate(hidden.status(), "--hidden ", settings.hidden);
  CAIRN_RETURN_IF_ERROR(LabelLoss::Check(settings));
  const bool has_classes = settings.classes >= 2 && settings.classes <= limits::kClassesMax;
  if (settings.loss == kSoftmaxLoss && !has_classes) {
    return InvalidArgument(settings.classes, " classes: 2 .. ", limits::kClassesMax);
  }
  if (settings.loss == kSoftmaxLoss && settings.model != "mlp") {
    return InvalidArgument("the model ", settings.model, " has one result: no --loss ",
                           settings.loss);
  }
  if (settings.update != kGradientUpdate) {
    return InvalidArgument("the model ", settings.model, " has no --update ", settings.update);
  }
  std::vector<size_t> widths = *hidden;
  if (const size_t inputs = InputsOf(settings); inputs > 0) widths.insert(widths.begin(), inputs);
  widths.push_back(ResultsOf(settings));
  uint64_t floats = 0;  // Far from 2^64: 66 layers of 2^42.
  for (size_t i = 0; i + 1 < widths.size(); ++i) floats += (widths[i] + 1) * widths[i + 1];
  if (floats <= limits::kNetworkFloatsMax) return {};
  return InvalidArgument("--hidden ", settings.hidden, ": ", HumanCount(floats),
                         " weights in its layers, and at most ",
                         HumanCount(limits::kNetworkFloatsMax), " are possible: take fewer units");
}

absl::StatusOr<const GemmKernel*> GemmKernelOf(const ModelSettings& settings) {
  if (settings.gemm == kAnyGemm) return GemmKernel::Available().front();
  const std::optional<GemmMath> math = ParseGemmMath(settings.gemm);
  if (const GemmKernel* kernel = math ? GemmKernel::Find(*math) : nullptr) return kernel;
  return MakeError(absl::StatusCode::kUnimplemented, "this job's matrix products are pinned to ",
                   settings.gemm, " arithmetic, which this machine does not have");
}

absl::Status CheckInputs(const ModelSettings& settings, const DataSource& source) {
  if (settings.inputs == 0) return {};
  for (size_t file = 0; file < source.files().size(); ++file) {
    const uint64_t bytes = source.row_bytes(file);
    if (bytes == uint64_t{settings.inputs} + 1) continue;
    const std::string has = bytes == 0 ? "has none" : Concat("has ", HumanCount(bytes - 1));
    return InvalidArgument(source.name(file), ": the model takes images of ",
                           HumanCount(settings.inputs), " pixels, and this file ", has);
  }
  return {};
}

}  // namespace cairn
