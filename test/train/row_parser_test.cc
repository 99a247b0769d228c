#include "train/row_parser.h"

#include <catch2/catch.hpp>

#include "base/hash.h"
#include "base/status.h"
#include "train/column_plan.h"
#include "train/parsers.h"

namespace cairn {
namespace {

struct Parsed {
  RowBatch rows;
  ParseResult result;
};

Parsed Parse(DataFormat format, const ReadSpec& spec, std::string_view text) {
  auto parser = RowParser::Create(format, spec, LabelKind::kBinary);
  INFO(MessageOf(parser.status()));
  REQUIRE(parser.ok());
  Parsed parsed;
  parsed.result = parser->Parse({text, 0}, &parsed.rows);
  CHECK(parsed.rows.bad_rows == parsed.result.bad_rows);
  return parsed;
}

TEST_CASE("Without a spec, lines are parsed as they are", "[row_parser]") {
  const std::string_view text = "1 0:7:0.5 3:9:1\nx\n0 1:2:1\n";
  RowBatch expected;
  ParseLines({DataFormat::kLibffm, LabelKind::kBinary}, text, &expected);
  const Parsed parsed = Parse(DataFormat::kLibffm, {}, text);
  CHECK(parsed.rows == expected);
  CHECK(parsed.result.first_bad_row->offset == 16);
}

TEST_CASE("Labels of lines follow the rule", "[row_parser]") {
  ReadSpec spec;
  spec.label = ParseLabelRule(">4").value();
  CHECK(Parse(DataFormat::kLibsvm, spec, "5 1:1\n4 1:1\n").rows.labels == std::vector<float>{1, 0});
}

TEST_CASE("Keys of lines can be reduced to bits", "[row_parser]") {
  ReadSpec spec;
  spec.hash_bits = 10;
  auto parser = RowParser::Create(DataFormat::kLibsvm, spec, LabelKind::kBinary).value();
  RowBatch rows;
  parser.Parse({"1 1:1 99:1\n", 0}, &rows);
  parser.Parse({"1 1:1\n", 0}, &rows);  // What is there already is not reduced again.
  CHECK(rows.keys == std::vector<Key>{ReduceKey(1, 10), ReduceKey(99, 10), ReduceKey(1, 10)});
}

TEST_CASE("Indices have the fields that they were found to have", "[row_parser]") {
  ReadSpec spec;
  spec.fields = 3;
  spec.field_starts = {0, 4, 6};
  const std::string_view text = "1 3:1 4:0.5 7:1\nx\n0\n0 6:1\n";
  const RowBatch rows = Parse(DataFormat::kLibsvm, spec, text).rows;
  CHECK(rows.keys == std::vector<Key>{3, 4, 7, 6});
  CHECK(rows.fields == std::vector<uint16_t>{0, 1, 2, 2});
  spec.hash_bits = 10;  // Keys are reduced, fields are those of the text.
  const RowBatch reduced = Parse(DataFormat::kLibsvm, spec, text).rows;
  CHECK(reduced.keys[0] == ReduceKey(3, 10));
  CHECK(reduced.fields == rows.fields);
}

TEST_CASE("A row of a field that is not known is bad", "[row_parser]") {
  ReadSpec spec;
  spec.fields = 3;
  const std::string_view text = "1 0:1:1 2:2:1\n0 3:9:1\n";
  const Parsed parsed = Parse(DataFormat::kLibffm, spec, text);
  CHECK(parsed.rows.fields == std::vector<uint16_t>{0, 2});
  CHECK(parsed.result.first_bad_row->what ==
        "field is above 2, the highest that the model knows (cairn train --fields N): \"3\"");
  spec.crosses = {{"0", "2"}};
  spec.cross_field = 2;
  CHECK(Parse(DataFormat::kLibffm, spec, text).result.bad_rows == 1);
}

TEST_CASE("Fields of libffm are crossed by number", "[row_parser]") {
  ReadSpec spec;
  spec.crosses = {{"2", "5"}, {"5", "2", "1"}};
  spec.cross_field = 6;
  const RowBatch rows =
      Parse(DataFormat::kLibffm, spec, "1:3 2:20:0.5 5:50:1 5:51:4\n0 1:10:1 2:20:1 5:50:1").rows;
  CHECK(rows.offsets == std::vector<uint32_t>{0, 5, 10});
  CHECK(rows.fields == std::vector<uint16_t>{2, 5, 5, 6, 6, 1, 2, 5, 6, 7});
  CHECK(rows.values == std::vector<float>{0.5f, 1, 4, 0.5f, 2, 1, 1, 1, 1, 1});
  CHECK(rows.weights == std::vector<float>{3, 1});
  CHECK(rows.keys[3] == HashWords(HashString("2*5"), 20, 50));
  CHECK(rows.keys[4] == HashWords(HashString("2*5"), 20, 51));
  CHECK(rows.keys[9] == HashWords(HashString("5*2*1"), 50, 20, 10));
}

TEST_CASE("Bad rows between crossed ones are found at their place", "[row_parser]") {
  ReadSpec spec;
  spec.crosses = {{"1", "2"}};
  spec.cross_field = 3;
  const Parsed parsed = Parse(DataFormat::kLibffm, spec, "1 1:1:1 2:1:1\n\n1 1:x:1\n0 1:1:1 2:1:1");
  CHECK(parsed.rows.offsets == std::vector<uint32_t>{0, 3, 6});
  CHECK(parsed.result.bad_rows == 1);
  CHECK(parsed.result.first_bad_row->offset == 19);
  CHECK(parsed.result.first_bad_row->column == 5);
}

TEST_CASE("A line whose crosses explode is bad and leaves nothing behind", "[row_parser]") {
  ReadSpec spec;
  spec.crosses = {{"1", "2"}};
  spec.cross_field = 3;
  std::string line = "1";
  for (int i = 0; i < 1001; ++i) line += " 1:1:1 2:1:2";
  const Parsed parsed = Parse(DataFormat::kLibffm, spec, "1 1:1:1 2:1:1\n" + line + "\n1 1:1:1");
  CHECK(parsed.rows.offsets == std::vector<uint32_t>{0, 3, 4});
  CHECK(parsed.rows.features() == 4);
  CHECK(parsed.rows.fields.size() == 4);
  CHECK(parsed.result.first_bad_row->what ==
        "more than 1000000 features and crosses in the row, or 2^32 in the batch");
  CHECK(parsed.result.first_bad_row->offset == 14);
}

TEST_CASE("Columns are parsed by their plan", "[row_parser]") {
  ReadSpec spec;
  spec.columns = {"y", "a"};
  const RowBatch rows = Parse(DataFormat::kCsv, spec, "1,x\n").rows;
  CHECK(rows.keys == std::vector<Key>{HashWords(HashString("a"), HashString("x"))});
  spec.file_columns = {"a"};
  CHECK_FALSE(RowParser::Create(DataFormat::kCsv, spec, LabelKind::kBinary).ok());
  CHECK(RowParser::Create(DataFormat::kCsv, spec, LabelKind::kIgnored).ok());
}

TEST_CASE("What is before the first row is skipped", "[row_parser]") {
  ReadSpec spec;
  spec.columns = {"y", "a"};
  spec.header = true;
  const auto skipped = [&](std::string_view text, DataFormat format) {
    const ReadSpec none;
    const auto parser =
        RowParser::Create(format, format == DataFormat::kCsv ? spec : none, LabelKind::kBinary);
    Lines lines{text, 0, 0};
    parser->SkipStart(&lines);
    CHECK(lines.offset + lines.text.size() == text.size());
    return std::string(lines.text);
  };
  CHECK(skipped("y,a\n1,2\n", DataFormat::kCsv) == "1,2\n");
  CHECK(skipped("\xEF\xBB\xBFy,a\r\n1,2\n", DataFormat::kCsv) == "1,2\n");
  CHECK(skipped("y,a", DataFormat::kCsv).empty());
  CHECK(skipped("", DataFormat::kCsv).empty());
  spec.header = false;
  CHECK(skipped("\xEF\xBB\xBF"
                "1,2\n",
                DataFormat::kCsv) == "1,2\n");
  CHECK(skipped("1 2:3\n", DataFormat::kLibsvm) == "1 2:3\n");
}

}  // namespace
}  // namespace cairn
