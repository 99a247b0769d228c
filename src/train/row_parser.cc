#include "train/row_parser.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "base/numbers.h"
#include "base/status.h"
#include "train/column_plan.h"
#include "train/field_groups.h"
#include "train/idx_rows.h"

namespace cairn {

absl::StatusOr<RowParser> RowParser::Create(DataFormat format, const ReadSpec& spec,
                                            LabelKind labels) {
  CAIRN_RETURN_IF_ERROR(CheckReadSpec(format, spec));
  RowParser parser(format, spec, labels);
  if (HasColumns(format)) {
    const LabelNeed need =
        labels == LabelKind::kIgnored ? LabelNeed::kOptional : LabelNeed::kRequired;
    CAIRN_ASSIGN_OR_RETURN(ColumnPlan plan, MakeColumnPlan(format, spec, need));
    parser.columns_ =
        std::make_unique<ColumnParser>(std::move(plan), spec.label, labels, spec.hash_bits);
    return parser;
  }
  for (const std::vector<std::string>& parts : spec.crosses) {
    FieldCross cross;
    for (const std::string& part : parts) {
      CAIRN_ASSIGN_OR_RETURN(const uint64_t field, ParseU64(part));
      cross.parts.push_back(static_cast<uint16_t>(field));
    }
    cross.field = static_cast<uint16_t>(spec.cross_field + parser.crosses_.size());
    cross.hash = HashString(FormatCross(parts));
    parser.crosses_.push_back(std::move(cross));
  }
  return parser;
}

RowParser::RowParser(DataFormat format, const ReadSpec& spec, LabelKind labels)
    : format_(format),
      labels_(labels),
      rule_(spec.label),
      hash_bits_(spec.hash_bits),
      field_max_(static_cast<uint16_t>(spec.fields - 1)),  // 0 fields: any.
      field_starts_(spec.field_starts),
      header_(spec.header) {}

ParseResult RowParser::Parse(const Lines& lines, RowBatch* batch) {
  if (columns_ != nullptr) return columns_->Parse(lines.text, batch);
  if (!crosses_.empty()) return ParseAndCross(lines.text, batch);
  const size_t before = batch->keys.size();
  ParseResult result = lines.row_bytes != 0 ? ParseIdxRows(LabelReader(rule_, labels_),
                                                           lines.row_bytes, lines.text, batch)
                                            : ParseLines(TextOptions(), lines.text, batch);
  if (!field_starts_.empty()) {
    for (size_t i = before; i < batch->keys.size(); ++i) {
      batch->fields.push_back(FieldOf(field_starts_, batch->keys[i]));
    }
  }
  if (hash_bits_ != 0) {
    for (size_t i = before; i < batch->keys.size(); ++i) {
      batch->keys[i] = ReduceKey(batch->keys[i], hash_bits_);
    }
  }
  return result;
}

LineFormat RowParser::TextOptions() const { return {format_, labels_, &rule_, field_max_}; }

ParseResult RowParser::ParseAndCross(std::string_view text, RowBatch* batch) {
  ParseResult all;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    line_.Clear();
    ParseResult result = ParseLines(TextOptions(), text.substr(begin, end - begin), &line_);
    if (!result.first_bad_row && line_.rows() == 1 && !CrossLine(batch)) {
      result.bad_rows = 1;
      result.first_bad_row =
          BadRow{0, 1,
                 Concat("more than ", ColumnParser::kRowFeaturesMax,
                        " features and crosses in the row, or 2^32 in the batch")};
    }
    all.bad_rows += result.bad_rows;
    if (result.first_bad_row && !all.first_bad_row) {
      all.first_bad_row = std::move(result.first_bad_row);
      all.first_bad_row->offset += begin;
    }
    begin = end;
  }
  batch->bad_rows += all.bad_rows;
  return all;
}

// Appends the row in line_ with its crosses; false, and nothing, if there are too many.
bool RowParser::CrossLine(RowBatch* batch) {
  const size_t before = batch->features();
  const auto value = [&](size_t i) { return line_.values.empty() ? 1 : line_.values[i]; };
  for (size_t i = 0; i < line_.features(); ++i) {
    batch->AddFeature(ReduceKey(line_.keys[i], hash_bits_), value(i));
    batch->fields.push_back(line_.fields[i]);
  }
  const size_t most = std::min<uint64_t>(before + ColumnParser::kRowFeaturesMax,
                                         std::numeric_limits<uint32_t>::max());
  const bool fits = batch->features() <= most &&
                    std::all_of(crosses_.begin(), crosses_.end(), [&](const FieldCross& cross) {
                      return AddCross(cross, 0, cross.hash, 1, batch) && batch->features() <= most;
                    });
  if (fits) {
    batch->AddRow(line_.labels[0], line_.weight(0));
    return true;
  }
  batch->keys.resize(before);
  batch->fields.resize(before);
  if (!batch->values.empty()) batch->values.resize(before);
  return false;
}

// Adds a feature for each combination of one feature of each part's field, from `part` on; false as
// soon as the row has more than enough.
bool RowParser::AddCross(const FieldCross& cross, size_t part, Key key, float value,
                         RowBatch* batch) {
  constexpr float kFloatMax = std::numeric_limits<float>::max();
  if (part == cross.parts.size()) {
    batch->AddFeature(ReduceKey(key, hash_bits_), value);
    batch->fields.push_back(cross.field);
    return batch->features() - batch->offsets.back() <= ColumnParser::kRowFeaturesMax;
  }
  for (size_t i = 0; i < line_.features(); ++i) {
    if (line_.fields[i] != cross.parts[part]) continue;
    const float factor = line_.values.empty() ? 1 : line_.values[i];
    // Stays finite, whatever the parts: a feature must be.
    const float product = std::clamp(value * factor, -kFloatMax, kFloatMax);
    if (!AddCross(cross, part + 1, HashWords(key, line_.keys[i]), product, batch)) return false;
  }
  return true;
}

void RowParser::SkipStart(Lines* lines) const {
  if (columns_ == nullptr) return;
  std::string_view rest = WithoutByteOrderMark(lines->text);
  if (header_) {
    const size_t newline = rest.find('\n');
    rest = rest.substr(newline == rest.npos ? rest.size() : newline + 1);
  }
  lines->offset += lines->text.size() - rest.size();
  lines->text = rest;
}

std::string_view WithoutByteOrderMark(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  return text.starts_with(kMark) ? text.substr(kMark.size()) : text;
}

}  // namespace cairn
