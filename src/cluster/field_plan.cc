#include "cluster/field_plan.h"

#include <algorithm>
#include <cstdint>

#include "base/status.h"
#include "base/units.h"
#include "train/column_plan.h"
#include "train/field_groups.h"

namespace cairn {
namespace {

constexpr uint32_t kFieldsMax = 65'536;  // They are 16-bit numbers.
constexpr size_t kStartsShownMax = 20;

std::string FoundNote(const std::vector<Key>& starts) {
  if (starts.size() == 1) return "1 field was found: no two features come in a row together";
  std::string note =
      Concat(HumanCount(starts.size()), " fields were found: they begin at indices ");
  for (size_t i = 0; i < std::min(starts.size(), kStartsShownMax); ++i) {
    note += Concat(i == 0 ? "" : ", ", starts[i]);
  }
  return note + (starts.size() > kStartsShownMax ? ", ..." : "");
}

// Of libsvm: from the indices as they stand in the text.
absl::StatusOr<std::vector<Key>> StartsOf(const TrainOptions& options, const DataSource& source,
                                          DataDefinition definition) {
  definition.read.hash_bits = 0;
  CAIRN_ASSIGN_OR_RETURN(const RowBatch rows, SampleRows(source, definition));
  absl::StatusOr<std::vector<Key>> starts = FindFields(rows);
  if (starts.ok()) return starts;
  return FailedPrecondition(source.name(0), ": --model ", options.model,
                            " needs fields, and libsvm names none. Of the rows in a sample, ",
                            MessageOf(starts.status()),
                            "; write libffm (field:index:value) or csv instead");
}

// Of libffm.
absl::StatusOr<uint32_t> CountFields(const TrainOptions& options, uint32_t before,
                                     const DataSource& source, const DataSample& sample,
                                     const ReadSpec& read) {
  const uint32_t crossed = read.cross_field + static_cast<uint32_t>(read.crosses.size());
  const uint32_t found = std::max(sample.fields, read.crosses.empty() ? 0 : crossed);
  const uint32_t given = options.fields != 0 ? options.fields : before;
  if (found == 0) return FailedPrecondition(source.name(0), ": no row of a sample has features");
  if (given == 0 || found <= given) return std::max(found, given);
  if (options.fields != 0) {
    return InvalidArgument("--fields is ", given, ", but ", source.name(0), " has a field ",
                           found - 1, ": at least ", found);
  }
  return FailedPrecondition("the model in ", options.init_dir, " has ", given, " fields, but ",
                            source.name(0), " has a field ", found - 1, ": start without --init");
}

// Networks take features without fields for those of one.
bool NeedsFields(std::string_view model) { return model == "ffm"; }

}  // namespace

bool HasFields(std::string_view model) {
  return model == "ffm" || model == "wide_deep" || model == "deepfm";
}

absl::Status CheckFieldOptions(const TrainOptions& options) {
  if (options.fields == 0) return {};
  if (!HasFields(options.model)) {
    return InvalidArgument("--fields is for --model ffm, wide_deep or deepfm: ", options.model,
                           " has no use for them");
  }
  if (options.fields <= kFieldsMax) return {};
  return InvalidArgument("--fields is ", options.fields, ": 1 to ", kFieldsMax);
}

absl::Status PlanFields(const TrainOptions& options, const DataDefinition& before,
                        const DataSource& source, const DataSample& sample,
                        DataDefinition* definition, std::vector<std::string>* notes) {
  const DataFormat format = definition->format;
  ReadSpec& read = definition->read;
  read.fields = 0;
  read.field_starts.clear();
  if (!HasFields(options.model)) return {};
  const bool goes_on = before.read.fields != 0 && before.format == format;
  if (format == DataFormat::kLibffm) {
    const uint32_t fields_before = goes_on ? before.read.fields : 0;
    CAIRN_ASSIGN_OR_RETURN(read.fields, CountFields(options, fields_before, source, sample, read));
    return {};
  }
  if (format == DataFormat::kIdx && NeedsFields(options.model)) {
    return FailedPrecondition(source.name(0), ": --model ", options.model,
                              " needs fields, and images have none");
  }
  if (HasColumns(format)) {
    CAIRN_ASSIGN_OR_RETURN(const ColumnPlan plan,
                           MakeColumnPlan(format, read, LabelNeed::kRequired));
    read.fields = static_cast<uint32_t>(plan.FieldCount());
  } else if (goes_on) {
    read.field_starts = before.read.field_starts;
    read.fields = before.read.fields;
  } else if (format == DataFormat::kLibsvm) {
    absl::StatusOr<std::vector<Key>> starts = StartsOf(options, source, *definition);
    const bool none = absl::IsFailedPrecondition(starts.status());
    if (!none || NeedsFields(options.model)) CAIRN_RETURN_IF_ERROR(starts.status());
    if (starts.ok()) read.field_starts = *std::move(starts);
    read.fields = static_cast<uint32_t>(read.field_starts.size());
    notes->push_back(none ? "no fields were found in the indices: all features are of one"
                          : FoundNote(read.field_starts));
  }
  if (options.fields == 0 || options.fields == read.fields) return {};
  return InvalidArgument("--fields is ", options.fields, ", but ", source.name(0), " has ",
                         read.fields, ": leave it out, it is for libffm");
}

}  // namespace cairn
