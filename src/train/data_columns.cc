#include "train/data_columns.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "train/bad_row.h"
#include "train/chunks.h"
#include "train/column_parser.h"
#include "train/parsers.h"
#include "train/row_parser.h"

namespace cairn {
namespace {

constexpr uint64_t kFirstBytes = uint64_t{64} << 10;  // For the fields of libffm.

absl::StatusOr<std::vector<std::string>> FirstLine(const DataSource& source, uint32_t file,
                                                   char delimiter) {
  std::string buffer;
  CAIRN_ASSIGN_OR_RETURN(const Lines lines, ReadLines(source, {file, 0, 1}, &buffer));
  const std::string_view text = WithoutByteOrderMark(lines.text);
  absl::StatusOr<std::vector<std::string>> names =
      ParseHeader(text.substr(0, text.find('\n')), delimiter);
  if (!names.ok()) return Annotate(names.status(), source.name(file), ":1");
  return names;
}

absl::StatusOr<std::vector<std::string>> CommonHeader(const DataSource& source, char delimiter) {
  CAIRN_ASSIGN_OR_RETURN(std::vector<std::string> first, FirstLine(source, 0, delimiter));
  for (uint32_t file = 1; file < source.files().size(); ++file) {
    CAIRN_ASSIGN_OR_RETURN(const std::vector<std::string> other,
                           FirstLine(source, file, delimiter));
    if (other == first) continue;
    const size_t at = static_cast<size_t>(
        std::mismatch(first.begin(), first.end(), other.begin(), other.end()).first -
        first.begin());
    const auto name = [at](const std::vector<std::string>& names) {
      return at < names.size() ? QuoteText(names[at]) : std::string("not there");
    };
    return InvalidArgument(source.name(file), ":1: the header is not the one of ", source.name(0),
                           ": column ", at + 1, " is ", name(other), ", there ", name(first));
  }
  return first;
}

// The columns of files without a header: all, or all but the label's.
absl::Status CountColumns(const DataSource& source, char delimiter,
                          const std::vector<std::string>& columns, const std::string& label,
                          ReadSpec* spec) {
  CAIRN_ASSIGN_OR_RETURN(const std::vector<std::string> cells, FirstLine(source, 0, delimiter));
  if (cells.size() + 1 != columns.size()) return absl::OkStatus();  // Or its rows are bad.
  spec->file_columns = columns;
  std::erase(spec->file_columns, label);
  return absl::OkStatus();
}

absl::Status ResolveCsv(const DataSource& source, LabelNeed need, ReadSpec* spec) {
  if (spec->columns.empty() || spec->header) {
    CAIRN_ASSIGN_OR_RETURN(std::vector<std::string> names, CommonHeader(source, spec->delimiter));
    spec->header = true;
    const auto known = [&](const std::string& name) {
      return std::find(spec->columns.begin(), spec->columns.end(), name) != spec->columns.end();
    };
    if (spec->columns.size() > 1 && names.size() > 1 &&
        std::none_of(names.begin(), names.end(), known)) {
      return InvalidArgument(source.name(0), ":1: this is no header that names the columns of the ",
                             "training data", ColumnsHint("", spec->columns));
    }
    if (spec->columns.empty()) {
      spec->columns = std::move(names);
    } else if (names != spec->columns) {
      spec->file_columns = std::move(names);
    }
  }
  if (spec->label.column.empty()) {
    absl::StatusOr<std::string> label = DefaultLabel(spec->columns);
    if (!label.ok() && need == LabelNeed::kRequired) {
      return Annotate(label.status(), source.name(0));
    }
    if (label.ok()) spec->label.column = *std::move(label);
  }
  if (spec->header || need == LabelNeed::kRequired) return absl::OkStatus();
  return CountColumns(source, spec->delimiter, spec->columns, spec->label.column, spec);
}

absl::Status ResolveCriteo(const DataSource& source, LabelNeed need, ReadSpec* spec) {
  if (need == LabelNeed::kRequired) return absl::OkStatus();
  return CountColumns(source, '\t', CriteoColumns(), std::string(kCriteoLabel), spec);
}

absl::Status FindCrossField(const DataSource& source, ReadSpec* spec) {
  if (spec->crosses.empty() || spec->cross_field != 0) return absl::OkStatus();
  std::string buffer;
  CAIRN_ASSIGN_OR_RETURN(const std::string_view text, source.Read(0, 0, kFirstBytes, &buffer));
  const bool all = text.size() == source.files()[0].bytes;
  RowBatch rows;
  ParseLines({DataFormat::kLibffm}, all ? text : text.substr(0, text.rfind('\n') + 1), &rows);
  if (rows.fields.empty()) return absl::OkStatus();
  spec->cross_field = 1u + *std::max_element(rows.fields.begin(), rows.fields.end());
  return absl::OkStatus();
}

}  // namespace

absl::Status ResolveColumns(const DataSource& source, DataFormat format, LabelNeed need,
                            ReadSpec* spec) {
  spec->file_columns.clear();
  if (format == DataFormat::kCsv) CAIRN_RETURN_IF_ERROR(ResolveCsv(source, need, spec));
  if (format == DataFormat::kCriteo) CAIRN_RETURN_IF_ERROR(ResolveCriteo(source, need, spec));
  if (format == DataFormat::kLibffm) CAIRN_RETURN_IF_ERROR(FindCrossField(source, spec));
  if (!HasColumns(format)) return CheckReadSpec(format, *spec);
  return Annotate(MakeColumnPlan(format, *spec, need).status(), source.name(0));
}

}  // namespace cairn
