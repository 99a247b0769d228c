#include "train/column_parser.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>

#include "base/hash.h"
#include "base/status.h"

namespace cairn {
namespace {

using Strings = std::vector<std::string>;

ReadSpec Spec(const Strings& columns) {
  ReadSpec spec;
  spec.columns = columns;
  return spec;
}

struct Parsed {
  RowBatch rows;
  ParseResult result;
};

// Parses a copy that ends where its memory ends, so that the address sanitizer sees reads beyond.
Parsed ParseAny(const ReadSpec& spec, std::string_view text, LabelKind kind = LabelKind::kBinary,
                DataFormat format = DataFormat::kCsv) {
  const auto plan = MakeColumnPlan(format, spec, LabelNeed::kOptional);
  INFO(MessageOf(plan.status()));
  REQUIRE(plan.ok());
  const std::unique_ptr<char[]> exact(new char[text.size()]);
  std::memcpy(exact.get(), text.data(), text.size());
  ColumnParser parser(*plan, spec.label, kind, spec.hash_bits);
  Parsed parsed;
  parsed.result = parser.Parse({exact.get(), text.size()}, &parsed.rows);
  CHECK(parsed.rows.bad_rows == parsed.result.bad_rows);
  return parsed;
}

RowBatch Parse(const ReadSpec& spec, std::string_view text, LabelKind kind = LabelKind::kBinary) {
  const Parsed parsed = ParseAny(spec, text, kind);
  INFO(text);
  INFO((parsed.result.first_bad_row ? parsed.result.first_bad_row->what : ""));
  CHECK_FALSE(parsed.result.first_bad_row.has_value());
  return parsed.rows;
}

// The one bad row of a text, as "column: what".
std::string Complaint(const ReadSpec& spec, std::string_view text) {
  const Parsed parsed = ParseAny(spec, text);
  INFO(text);
  REQUIRE(parsed.result.first_bad_row.has_value());
  CHECK(parsed.result.bad_rows == 1);
  CHECK(parsed.rows.rows() == 0);
  CHECK(parsed.rows.features() == 0);
  return Concat(parsed.result.first_bad_row->column, ": ", parsed.result.first_bad_row->what);
}

Key Category(std::string_view column, std::string_view value) {
  return HashWords(HashString(column), HashString(value));
}

TEST_CASE("Every cell is a category of its column", "[column_parser]") {
  const RowBatch rows = Parse(Spec({"label", "a", "b"}), "1,x,y\n0,y,x\r\n\n-1,,z");
  CHECK(rows.labels == std::vector<float>{1, 0, 0});
  CHECK(rows.offsets == std::vector<uint32_t>{0, 2, 4, 5});
  CHECK(rows.keys == std::vector<Key>{Category("a", "x"), Category("b", "y"), Category("a", "y"),
                                      Category("b", "x"), Category("b", "z")});
  CHECK(rows.fields == std::vector<uint16_t>{0, 1, 0, 1, 1});
  CHECK(rows.values.empty());
  CHECK(rows.weights.empty());
}

// Saved models are full of these keys.
TEST_CASE("Keys are fixed for all time", "[column_parser]") {
  ReadSpec spec = Spec({"y", "time", "city", "price"});
  spec.numeric = {"price"};
  spec.derived = {{"hour", DeriveFunction::kHour, "time", 1}};
  spec.crosses = {{"city", "hour"}, {"city", "price", "hour"}};
  const std::string_view text = "1,2001-01-01T13:05,Oslo,2.5\n";
  CHECK(Parse(spec, text).keys == std::vector<Key>{0xED19C391209355A2, 0x728DFB0B3505720D,
                                                   0x51124A6EA92CDCF4, 0xDACA75A2E663B98A,
                                                   0xF1F557C1D5B721A8, 0xD7214F7AFAF4F3CE});
  spec.hash_bits = 20;
  CHECK(Parse(spec, text).keys ==
        std::vector<Key>{0xDB984, 0x10F93, 0xFE58C, 0x93B40, 0x93302, 0xFFFEB});
}

TEST_CASE("Numeric columns have one key and the cell as value", "[column_parser]") {
  ReadSpec spec = Spec({"label", "a", "n"});
  spec.numeric = {"n"};
  const RowBatch rows = Parse(spec, "1,x,2.5\n0,x,1\n0,x, -3e2 \n0,x,0\n");
  CHECK(rows.values == std::vector<float>{1, 2.5f, 1, 1, 1, -300, 1, 0});
  for (size_t i = 1; i < 8; i += 2) CHECK(rows.keys[i] == HashString("n"));
  CHECK(Parse(spec, "1,x,\n1,x,NA\n1,x,null\n1,x,\\N\n1,x,NaN\n").features() == 5);
  CHECK(Complaint(spec, "1,x,abc\n") == "5: numeric column \"n\" holds no finite number: \"abc\"");
  CHECK(Complaint(spec, "1,x,inf\n") == "5: numeric column \"n\" holds no finite number: \"inf\"");
  CHECK(Complaint(spec, "1,x,1e99\n") ==
        "5: numeric column \"n\" holds no finite number: \"1e99\"");
}

TEST_CASE("Words for nothing are categories where no number is asked for", "[column_parser]") {
  CHECK(Parse(Spec({"label", "a"}), "1,NA\n").keys == std::vector<Key>{Category("a", "NA")});
}

TEST_CASE("Cells of several values", "[column_parser]") {
  ReadSpec spec = Spec({"label", "tags"});
  spec.multi = {{"tags", '|'}};
  const RowBatch rows = Parse(spec, "1,a|b|a\n0,\n1,|c|\n");
  CHECK(rows.offsets == std::vector<uint32_t>{0, 3, 3, 4});
  CHECK(rows.keys == std::vector<Key>{Category("tags", "a"), Category("tags", "b"),
                                      Category("tags", "a"), Category("tags", "c")});
  CHECK(rows.fields == std::vector<uint16_t>{0, 0, 0, 0});
}

TEST_CASE("Quoted cells", "[column_parser]") {
  const ReadSpec spec = Spec({"label", "a", "b"});
  const RowBatch rows = Parse(spec, "1,\"x, y\",\"say \"\"hi\"\"\"\n\"0\",\"\",a\"b\r\n");
  CHECK(rows.keys == std::vector<Key>{Category("a", "x, y"), Category("b", "say \"hi\""),
                                      Category("b", "a\"b")});
  CHECK(rows.labels == std::vector<float>{1, 0});
  CHECK(Complaint(spec, "1,\"x,y\n") ==
        "3: a quoted cell must end on its line, here it does not: \"\"x,y\"");
  CHECK(Complaint(spec, "1,\"x\"y,z\n") ==
        "6: expected the end of the cell behind its closing quote, found \"y,z\"");
}

TEST_CASE("Other delimiters", "[column_parser]") {
  ReadSpec spec = Spec({"label", "a", "b"});
  spec.delimiter = '\t';
  CHECK(Parse(spec, "1\tx, y\tz\n").keys ==
        std::vector<Key>{Category("a", "x, y"), Category("b", "z")});
}

TEST_CASE("Ragged rows are bad, with what there is", "[column_parser]") {
  const ReadSpec spec = Spec({"label", "a", "b"});
  CHECK(Complaint(spec, "1,x\n") == "4: expected 3 cells in the row, found 2: \"1,x\"");
  CHECK(Complaint(spec, "1,x,y,z\n") == "7: expected 3 cells in the row, found 4: \"1,x,y,z\"");
  CHECK(Complaint(spec, "1,x,y,\n") == "7: expected 3 cells in the row, found 4: \"1,x,y,\"");
}

TEST_CASE("Labels and weights", "[column_parser]") {
  ReadSpec spec = Spec({"delay", "w", "a"});
  spec.label = {"delay", Comparison::kGreater, "15"};
  spec.weight = "w";
  const RowBatch rows = Parse(spec, "16,1,x\n15,0.5,x\n-3,0,x\n");
  CHECK(rows.labels == std::vector<float>{1, 0, 0});
  CHECK(rows.weights == std::vector<float>{1, 0.5f, 0});
  CHECK(Complaint(spec, "NA,1,x\n") == "1: label is not a finite number: \"NA\"");
  for (const std::string weight : {"", "-1", "nan", "inf", "NA"}) {
    CHECK(Complaint(spec, "1," + weight + ",x\n") ==
          "3: weight is not a finite number of 0 or more: \"" + weight + "\"");
  }
}

TEST_CASE("Without labels, nobody reads them or the weights", "[column_parser]") {
  ReadSpec spec = Spec({"label", "w", "a"});
  spec.weight = "w";
  CHECK(Parse(spec, "?,?,x\n", LabelKind::kIgnored).labels == std::vector<float>{0});
  spec.file_columns = {"a"};
  CHECK(Parse(spec, "x\n", LabelKind::kIgnored).keys == std::vector<Key>{Category("a", "x")});
}

TEST_CASE("Derived columns are categories of their digits", "[column_parser]") {
  ReadSpec spec = Spec({"label", "time", "n"});
  spec.ignore = {"time", "n"};
  spec.derived = {{"hour", DeriveFunction::kHour, "time", 1},
                  {"yearday", DeriveFunction::kYearday, "time", 1},
                  {"hour3", DeriveFunction::kDiv, "hour", 3},
                  {"bin", DeriveFunction::kLog, "n", 4},
                  {"half", DeriveFunction::kDiv, "n", 2}};
  CHECK(Parse(spec, "1,2001-02-01T13:05,7.5\n").keys ==
        std::vector<Key>{Category("hour", "13"), Category("yearday", "32"), Category("hour3", "4"),
                         Category("bin", "8"), Category("half", "3")});
  CHECK(Parse(spec, "1,,-7\n").keys ==
        std::vector<Key>{Category("bin", "-9"), Category("half", "-4")});
  CHECK(Parse(spec, "1,NA,NA\n").features() == 0);
  CHECK(Complaint(spec, "1,2001-02-30,1\n") ==
        "3: hour(time): not a time as 2001-01-31T23:59, nor seconds since 1970: \"2001-02-30\"");
  CHECK(Complaint(spec, "1,,x\n") == "4: log(n): not a finite number: \"x\"");
  CHECK(Complaint(spec, "1,,1e300\n") == "4: div(n): too large a number: \"1e300\"");
  spec.numeric = {"hour"};
  CHECK(Parse(spec, "1,2001-02-01T13:05,\n").values == std::vector<float>{13, 1, 1});
}

TEST_CASE("Times of derived columns", "[column_parser]") {
  ReadSpec spec = Spec({"label", "ms"});
  spec.ignore = {"ms"};
  spec.derived = {{"s", DeriveFunction::kDiv, "ms", 1000}, {"hour", DeriveFunction::kHour, "s", 1}};
  CHECK(Parse(spec, "1,978353999999\n").keys ==
        std::vector<Key>{Category("s", "978353999"), Category("hour", "12")});
  CHECK(Parse(spec, "1,\n").features() == 0);
  CHECK(Complaint(spec, "1,99999999999999999\n") ==
        "3: hour(s): not a time as 2001-01-31T23:59, nor seconds since 1970: "
        "\"99999999999999999\"");
}

TEST_CASE("Crosses join the keys of their parts and multiply their values", "[column_parser]") {
  ReadSpec spec = Spec({"label", "a", "tags", "n"});
  spec.multi = {{"tags", '|'}};
  spec.numeric = {"n"};
  spec.ignore = {"n"};
  spec.crosses = {{"a", "tags"}, {"tags", "n"}};
  const RowBatch rows = Parse(spec, "1,x,p|q,0.5\n0,,p,2\n");
  CHECK(rows.offsets == std::vector<uint32_t>{0, 7, 9});
  CHECK(rows.fields == std::vector<uint16_t>{0, 1, 1, 2, 2, 3, 3, 1, 3});
  CHECK(rows.values == std::vector<float>{1, 1, 1, 1, 1, 0.5f, 0.5f, 1, 2});
  CHECK(rows.keys[3] == HashWords(HashString("a*tags"), Category("a", "x"), Category("tags", "p")));
  CHECK(rows.keys[4] == HashWords(HashString("a*tags"), Category("a", "x"), Category("tags", "q")));
  CHECK(rows.keys[6] == HashWords(HashString("tags*n"), Category("tags", "q"), HashString("n")));
}

TEST_CASE("The value of a cross stays finite", "[column_parser]") {
  ReadSpec spec = Spec({"label", "n", "m"});
  spec.numeric = {"n", "m"};
  spec.crosses = {{"n", "m"}};
  const RowBatch rows = Parse(spec, "1,3e38,-3e38\n");
  CHECK(rows.values.back() == -std::numeric_limits<float>::max());
}

TEST_CASE("A row whose crosses explode is bad", "[column_parser]") {
  ReadSpec spec = Spec({"label", "a", "b"});
  spec.multi = {{"a", ' '}, {"b", ' '}};
  spec.crosses = {{"a", "b"}};
  std::string many = "x";
  for (int i = 0; i < 1100; ++i) many += " x";
  CHECK(Complaint(spec, "1," + many + "," + many + "\n") ==
        "1: more than 1000000 features and crosses in the row \"\"");
}

TEST_CASE("Keys can be reduced to bits", "[column_parser]") {
  ReadSpec spec = Spec({"label", "a", "b"});
  spec.crosses = {{"a", "b"}};
  const RowBatch whole = Parse(spec, "1,x,y\n");
  spec.hash_bits = 9;
  const RowBatch reduced = Parse(spec, "1,x,y\n");
  for (size_t i = 0; i < 3; ++i) {
    CHECK(reduced.keys[i] < 512);
    CHECK(reduced.keys[i] == ReduceKey(whole.keys[i], 9));
  }
}

TEST_CASE("A label that is none says what was probably meant", "[column_parser]") {
  ReadSpec spec = Spec({"spent", "a"});
  spec.label.column = "spent";
  CHECK(Complaint(spec, "127.86,x\n") ==
        "1: label of two classes must be 0 or 1, or -1 or +1, not \"127.86\"; compare it, as in "
        "--label 'spent>0'");
  CHECK(Complaint(spec, "yes,x\n") == "1: label is not a finite number: \"yes\"");
  CHECK(Complaint(spec, "spent,a\n") ==
        "1: label is not a finite number: \"spent\"; the line looks like a header: leave it "
        "out, or --columns");
  spec.header = true;  // The names are the file's.
  CHECK(Complaint(spec, "spent,a\n") == "1: label is not a finite number: \"spent\"");
}

TEST_CASE("A bad row leaves nothing behind, and says where it is", "[column_parser]") {
  const ReadSpec spec = Spec({"label", "a"});
  const Parsed parsed = ParseAny(spec, "1,x\n2,y\n0,z\n?,z\n");
  CHECK(parsed.result.bad_rows == 2);
  CHECK(parsed.result.first_bad_row->offset == 4);
  CHECK(parsed.result.first_bad_row->column == 1);
  CHECK(parsed.result.first_bad_row->what ==
        "label of two classes must be 0 or 1, or -1 or +1, not \"2\"; compare it, as in --label "
        "'label>0'");
  CHECK(parsed.rows.labels == std::vector<float>{1, 0});
  CHECK(parsed.rows.keys == std::vector<Key>{Category("a", "x"), Category("a", "z")});
}

TEST_CASE("Criteo's rows", "[column_parser]") {
  std::string text = "1";
  for (int i = 1; i <= 13; ++i) text += i == 2 ? "\t" : "\t" + std::to_string(i * i - 5);
  for (int i = 1; i <= 26; ++i) text += i == 3 ? "\t" : "\t\"" + std::to_string(i);
  Parsed parsed = ParseAny({}, text + "\n", LabelKind::kBinary, DataFormat::kCriteo);
  CHECK_FALSE(parsed.result.first_bad_row.has_value());
  const RowBatch& rows = parsed.rows;
  REQUIRE(rows.features() == 37);
  CHECK(rows.keys[0] == Category("i1", "-4"));
  CHECK(rows.keys[1] == Category("i3", "3"));  // 4 counts: 2 + floor(ln(4)^2)
  CHECK(rows.fields[1] == 2);
  CHECK(rows.keys[11] == Category("i13", "28"));  // 164 counts
  CHECK(rows.keys[12] == Category("c1", "\"1"));
  CHECK(rows.fields[12] == 13);
  text.replace(text.find("\t4\t"), 3, "\t4.5\t");
  parsed = ParseAny({}, text, LabelKind::kBinary, DataFormat::kCriteo);
  REQUIRE(parsed.result.first_bad_row.has_value());
  CHECK(parsed.result.first_bad_row->what == "count i3 is not a whole number: \"4.5\"");
}

TEST_CASE("Headers", "[column_parser]") {
  CHECK(ParseHeader("a, b ,\"c,d\"\r", ',').value() == Strings{"a", "b", "c,d"});
  CHECK(ParseHeader(",b,", ',').value() == Strings{"column1", "b", "column3"});
  CHECK(MessageOf(ParseHeader("a,\"b", ',').status()) ==
        "column 3: a quoted cell must end on its line, here it does not: \"\"b\"");
}

TEST_CASE("IsMissingNumber", "[column_parser]") {
  for (const char* text : {"", "NA", "na", "NULL", "Null", "nan", "NaN", "\\N"}) {
    CHECK(IsMissingNumber(text));
  }
  for (const char* text : {"0", "n", "N/A", "nil", "\\n", "nano", "none"}) {
    CHECK_FALSE(IsMissingNumber(text));
  }
}

}  // namespace
}  // namespace cairn
