#include "cli/preview_view.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/numbers.h"
#include "base/status.h"
#include "base/units.h"
#include "cli/text_table.h"
#include "train/program.h"

namespace cairn {
namespace {

std::string About(double count) {
  return HumanCount(static_cast<uint64_t>(std::llround(std::max(count, 0.0))));
}

std::string OneDecimal(double value) { return FormatFloat9(std::round(value * 10) / 10); }

std::string SettingOf(const TrainPreview& preview, std::string_view name) {
  for (const auto& [each, value] : preview.settings) {
    if (each == name) return value;
  }
  return "";
}

std::string Labels(const TrainPreview& preview) {
  const std::string loss = SettingOf(preview, "loss");
  if (loss == kSoftmaxLoss) return Concat("of ", SettingOf(preview, "classes"), " classes");
  if (loss == kSquaredLoss) return "numbers, on average " + FormatFloat9(preview.mean_label);
  return Concat("about ", OneDecimal(100 * preview.positive_share), " % are 1");
}

}  // namespace

std::string FormatPreview(const TrainPreview& preview) {
  std::string text = Concat("data     ", preview.data, "\n");
  if (!preview.valid_data.empty()) text += Concat("valid    ", preview.valid_data, "\n");
  text += Concat("rows     about ", About(preview.rows_estimate), ", of ",
                 OneDecimal(preview.features_per_row), " features each, about ",
                 About(preview.features_estimate), " different ones\n");
  text += Concat("labels   ", Labels(preview), "\n");
  text += Concat("epoch    ", HumanCount(preview.batches_per_epoch), " batches\n");
  for (const TrainPreview::Table& table : preview.tables) {
    text +=
        Concat("table    ", table.name, ": ", table.kind, ", about ", About(table.rows_estimate),
               " rows of ", table.width, table.width == 1 ? " weight" : " weights", ", ",
               table.row_bytes, " bytes each with optimizer state\n");
  }
  text += Concat("memory   about ", HumanBytes(static_cast<uint64_t>(preview.model_bytes_estimate)),
                 " of model on all servers together\n");
  for (const std::string& note : preview.notes) text += Concat("note     ", note, "\n");
  return text + "\nsettings\n" + FormatSettings(preview.settings);
}

}  // namespace cairn
