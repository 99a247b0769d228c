// csv and Criteo's rows under any bytes, and specs of how data is read.
#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include "base/check.h"
#include "fuzz/fuzz_target.h"
#include "train/column_plan.h"
#include "train/data_format.h"
#include "train/read_spec.h"
#include "train/row_parser.h"

namespace cairn {
namespace {

ReadSpec SpecOf(uint8_t choice) {
  ReadSpec spec;
  spec.columns = {"y", "time", "n", "tags", "c"};
  spec.derived = {{"hour", DeriveFunction::kHour, "time", 1},
                  {"day", DeriveFunction::kYearday, "time", 1},
                  {"third", DeriveFunction::kDiv, "hour", 3},
                  {"bin", DeriveFunction::kLog, "n", 4},
                  {"half", DeriveFunction::kDiv, "n", 2}};
  spec.multi = {{"tags", '|'}};
  spec.crosses = {{"tags", "c"}, {"hour", "c", "n"}};
  if ((choice & 1) != 0) spec.numeric = {"n", "day"};
  if ((choice & 2) != 0) spec.label = {"y", Comparison::kGreater, "15"};
  if ((choice & 4) != 0) spec.hash_bits = 17;
  if ((choice & 8) != 0) spec.delimiter = '\t';
  if ((choice & 16) != 0) spec.ignore = {"time", "n"};
  return spec;
}

bool AllFinite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

void CheckRows(const RowBatch& rows) {
  CAIRN_CHECK(rows.offsets.size() == rows.rows() + 1);
  CAIRN_CHECK(rows.offsets.back() == rows.features());
  CAIRN_CHECK(std::is_sorted(rows.offsets.begin(), rows.offsets.end()));
  CAIRN_CHECK(rows.fields.size() == rows.features());
  CAIRN_CHECK(rows.values.empty() || rows.values.size() == rows.features());
  CAIRN_CHECK(AllFinite(rows.labels) && AllFinite(rows.values) && AllFinite(rows.weights));
}

// The same rows whole and line by line.
void ParseBothWays(DataFormat format, const ReadSpec& spec, std::string_view text) {
  auto parser = RowParser::Create(format, spec, LabelKind::kBinary);
  CAIRN_CHECK(parser.ok());
  RowBatch together;
  const ParseResult result = parser->Parse({text, 0, 0}, &together);
  CheckRows(together);
  CAIRN_CHECK(result.bad_rows == together.bad_rows);
  CAIRN_CHECK((result.bad_rows > 0) == result.first_bad_row.has_value());
  CAIRN_CHECK(!result.first_bad_row || result.first_bad_row->offset <= text.size());
  RowBatch one_by_one;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    // A copy of its own, so that the address sanitizer sees where the line ends.
    const std::string line(text.substr(begin, end - begin));
    parser->Parse({line, 0, 0}, &one_by_one);
    begin = end;
  }
  CAIRN_CHECK(together == one_by_one);
}

int ColumnsFuzz(const uint8_t* data, size_t bytes) {
  if (bytes == 0) return -1;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, bytes - 1);
  if (data[0] < 0xE0) {
    ParseBothWays(DataFormat::kCsv, SpecOf(data[0]), text);
  } else {
    ParseBothWays(DataFormat::kCriteo, {}, text);
  }
  static_cast<void>(ParseHeader(text, ','));
  static_cast<void>(DetectFormat(text));
  return 0;
}

// Entries, a line each, as a program holds them: what is taken comes back as it was, and checking
// a spec of them ends with an answer.
int ReadSpecFuzz(const uint8_t* data, size_t bytes) {
  std::string_view text(reinterpret_cast<const char*>(data), bytes);
  ReadSpec spec;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const size_t blank = std::min(line.find(' '), line.size());
    const std::string_view value = line.substr(std::min(blank + 1, line.size()));
    static_cast<void>(SetEntry(line.substr(0, blank), value, &spec));
  }
  ReadSpec back;
  for (const auto& [entry, value] : EntriesOf(spec)) {
    CAIRN_CHECK(SetEntry(entry, value, &back).ok());
  }
  CAIRN_CHECK(back == spec);
  for (uint8_t f = 0; f <= static_cast<uint8_t>(kLastDataFormat); ++f) {
    static_cast<void>(RowParser::Create(static_cast<DataFormat>(f), spec, LabelKind::kIgnored));
  }
  return 0;
}

std::vector<FuzzTarget::Bytes> Texts(std::initializer_list<std::string_view> texts) {
  std::vector<FuzzTarget::Bytes> seeds;
  for (const std::string_view text : texts) seeds.emplace_back(text.begin(), text.end());
  return seeds;
}

std::vector<FuzzTarget::Bytes> SampleColumns() {
  std::string criteo = "\xFF";
  criteo += "1";
  for (int i = 0; i < 13; ++i) criteo += "\t" + std::to_string(i * 7 - 3);
  for (int i = 0; i < 26; ++i) criteo += "\t68fd1e64";
  return Texts({std::string_view("\x07"
                                 "16,2001-01-31T23:59,2.5,a|b|c,\"x, \"\"y\"\"\"\r\n-3,,NA,,z\n"),
                std::string_view("\x18"
                                 "1\t978307200\t-7\tq\tw\n0\t2001-02-28 00:00:59.5Z\t\t|\t\n"),
                criteo});
}

std::vector<FuzzTarget::Bytes> SampleEntries() {
  return Texts(
      {"column y\ncolumn time\ncolumn a b\nlabel y>=15\nweight a b\nignore time\n"
       "derive hour=hour(time)\nderive b=log(hour,4)\ncross hour*b\nhash-bits 20\n",
       "cross 1*2\ncross-field 7\nlabel label==yes\n", "multi tags:|\ndelimiter tab\n"});
}

}  // namespace

FuzzTarget ColumnsTarget() {
  return {.name = "columns",
          .run = ColumnsFuzz,
          .seeds = SampleColumns,
          .allocated_fixed_max = 256u << 10,
          .allocated_per_byte_max = 16'384};
}

FuzzTarget ReadSpecTarget() {
  return {.name = "read_spec",
          .run = ReadSpecFuzz,
          .seeds = SampleEntries,
          .allocated_fixed_max = 256u << 10,
          .allocated_per_byte_max = 16'384};
}

}  // namespace cairn
