#include "train/parsers.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <charconv>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/status.h"
#include "train/digits.h"

namespace cairn {
namespace {

using Catch::Matchers::Contains;

constexpr LineFormat kLibsvm{DataFormat::kLibsvm, LabelKind::kAny};
constexpr LineFormat kLibffm{DataFormat::kLibffm, LabelKind::kAny};

// Parses a copy that ends where its memory ends, so that the address sanitizer sees reads beyond.
ParseResult ParseExactly(const LineFormat& options, std::string_view text, RowBatch* rows) {
  const std::unique_ptr<char[]> exact(new char[text.size()]);
  std::memcpy(exact.get(), text.data(), text.size());
  return ParseLines(options, {exact.get(), text.size()}, rows);
}

RowBatch Parse(const LineFormat& options, std::string_view text) {
  RowBatch rows;
  const ParseResult result = ParseExactly(options, text, &rows);
  INFO(text);
  CHECK_FALSE(result.first_bad_row.has_value());
  return rows;
}

// The one bad row of a text, as "column: what".
std::string Complaint(const LineFormat& options, std::string_view text) {
  RowBatch rows;
  const ParseResult result = ParseExactly(options, text, &rows);
  INFO(text);
  REQUIRE(result.first_bad_row.has_value());
  CHECK(result.bad_rows == 1);
  CHECK(rows.bad_rows == 1);
  return Concat(result.first_bad_row->column, ": ", result.first_bad_row->what);
}

TEST_CASE("ReadEightDigits counts and converts what begins with digits") {
  for (const std::string_view text :
       {"00000000", "12345678", "99999999", "1:234567", "1234567:", "42 17\n90", ":1234567",
        "/1234567", "7/000000", "9999:\xFF\xFF\xFF", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
        "5\xB0zzzzzz"}) {
    CAPTURE(text);
    uint32_t count = 0;
    uint32_t value = 0;
    while (count < 8 && text[count] >= '0' && text[count] <= '9') {
      value = 10 * value + static_cast<uint32_t>(text[count++] - '0');
    }
    const EightDigits digits = ReadEightDigits(text.data());
    CHECK(digits.count == count);
    CHECK(digits.value == value);
  }
}

TEST_CASE("ReadEightDigits tells every byte that is no digit") {
  for (int byte = 0; byte < 256; ++byte) {
    for (uint32_t place = 0; place < 8; ++place) {
      std::string text = "98765432";
      text[place] = static_cast<char>(byte);
      const bool digit = byte >= '0' && byte <= '9';
      CHECK(ReadEightDigits(text.data()).count == (digit ? 8 : place));
    }
  }
}

TEST_CASE("libffm rows") {
  const RowBatch rows = Parse(kLibffm, "1 0:7:1 3:18446744073709551615:1\n0 65535:0:1\n");
  CHECK(rows.labels == std::vector<float>{1, 0});
  CHECK(rows.offsets == std::vector<uint32_t>{0, 2, 3});
  CHECK(rows.keys == std::vector<Key>{7, ~Key{0}, 0});
  CHECK(rows.fields == std::vector<uint16_t>{0, 3, 65535});
  CHECK(rows.values.empty());
}

TEST_CASE("libsvm rows") {
  const RowBatch rows =
      Parse(kLibsvm, "-1 3:0.5 1:1 # a comment 9:9\n+1\n2.5e-1 18446744073709551615:-2e1");
  CHECK(rows.labels == std::vector<float>{-1, 1, 0.25f});
  CHECK(rows.offsets == std::vector<uint32_t>{0, 2, 2, 3});
  CHECK(rows.keys == std::vector<Key>{3, 1, ~Key{0}});
  CHECK(rows.values == std::vector<float>{0.5f, 1, -20});
  CHECK(rows.fields.empty());
}

TEST_CASE("Blanks, line ends and empty lines do not matter") {
  const RowBatch plain = Parse(kLibsvm, "1 2:1 3:4\n0 5:1\n");
  CHECK(Parse(kLibsvm, "1 2:1 3:4\n0 5:1") == plain);
  CHECK(Parse(kLibsvm, "1 2:1 3:4\r\n0 5:1\r\n") == plain);
  CHECK(Parse(kLibsvm, "1 2:1 3:4\r\n0 5:1\r") == plain);
  CHECK(Parse(kLibsvm, "\n\n 1\t2:1  3:4 \t \n \n\r\n# nothing\n0 5:1 #\n\n") == plain);
}

TEST_CASE("Text without rows adds none") {
  for (const std::string_view text : {"", "\n", "\r\n\r\n", "   ", "# only\n#comments"}) {
    CHECK(Parse(kLibsvm, text) == RowBatch{});
  }
}

TEST_CASE("ParseLines appends") {
  RowBatch rows = Parse(kLibffm, "1 0:1:1\n");
  CHECK_FALSE(ParseLines(kLibffm, "0 1:2:0.5 2:3:1\n", &rows).first_bad_row.has_value());
  CHECK_FALSE(ParseLines(kLibffm, "1 3:4:1\n", &rows).first_bad_row.has_value());
  CHECK(rows == Parse(kLibffm, "1 0:1:1\n0 1:2:0.5 2:3:1\n1 3:4:1\n"));
  CHECK(rows.values == std::vector<float>{1, 0.5f, 1, 1});
  rows.Clear();
  CHECK(rows == RowBatch{});
}

TEST_CASE("Values that are written otherwise but are 1 stay unstored") {
  CHECK(Parse(kLibsvm, "1 2:1.0 3:1e0 4:01\n").values.empty());
}

// What the C++ library makes of a decimal number.
float Reference(const std::string& text) {
  float value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

TEST_CASE("Values are the floats nearest to what is written") {
  SeededRandom random(5);
  std::string text = "0";
  std::vector<float> expected;
  for (int i = 0; i < 20'000; ++i) {
    std::string number = random.Chance(0.3) ? "-" : "";
    const uint64_t digits = 1 + random.Below(12);
    for (uint64_t d = 0; d < digits; ++d) number += static_cast<char>('0' + random.Below(10));
    if (random.Chance(0.8)) number.insert(number.size() - random.Below(digits + 1), ".");
    if (number.back() == '.') number += "0";
    if (random.Chance(0.1)) number += "e-" + std::to_string(random.Below(30));
    text += " 1:" + number;
    expected.push_back(Reference(number));
  }
  CHECK(Parse(kLibsvm, text).values == expected);
}

TEST_CASE("Values too small for a float become the nearest one") {
  CHECK(Parse(kLibsvm, "0 1:1e-60 1:-1e-46 1:1e-45").values ==
        std::vector<float>{0, -0.0f, std::numeric_limits<float>::denorm_min()});
}

TEST_CASE("Binary labels become 0 and 1") {
  constexpr LineFormat kBinary{DataFormat::kLibsvm, LabelKind::kBinary};
  CHECK(Parse(kBinary, "-1\n+1\n1\n0\n1.0\n-1.0\n").labels == std::vector<float>{0, 1, 1, 0, 1, 0});
  CHECK(Complaint(kBinary, "2 1:1\n") ==
        "1: label of two classes must be 0 or 1, or -1 or +1, not \"2\"");
  CHECK(Parse(kLibsvm, "2 1:1\n").labels == std::vector<float>{2});
}

TEST_CASE("Complaints about libsvm rows name the column and quote what is there") {
  struct Case {
    std::string_view row;
    std::string_view complaint;
  };
  for (const Case& c : {
           Case{"2:1:1 3:1", "1: expected a label, found \"2:1:1\""},
           Case{"yes 2:1", "1: label is not a finite number: \"yes\""},
           Case{"nan 2:1", "1: label is not a finite number: \"nan\""},
           Case{"-inf 2:1", "1: label is not a finite number: \"-inf\""},
           Case{"1e39 2:1", "1: label is not a finite number: \"1e39\""},
           Case{"1 2:1 3", "7: expected index:value, found \"3\""},
           Case{"1 2:1 3:4:5", "7: expected index:value, found \"3:4:5\""},
           Case{"1  qid:7 2:1", "4: ranking data is not supported: \"qid:7\""},
           Case{"1 :1", "3: index is not a whole number: \"\""},
           Case{"1 x:1", "3: index is not a whole number: \"x\""},
           Case{"1 -5:1", "3: index is not a whole number: \"-5\""},
           Case{"1 1.5:1", "3: index is not a whole number: \"1.5\""},
           Case{"1 18446744073709551616:1",
                "3: index is above 18446744073709551615: \"18446744073709551616\""},
           Case{"1 2:", "5: value is not a finite number: \"\""},
           Case{"1 2:nan", "5: value is not a finite number: \"nan\""},
           Case{"1 2:inf", "5: value is not a finite number: \"inf\""},
           Case{"1 2:1e99", "5: value is not a finite number: \"1e99\""},
           Case{"1 2:1x", "5: value is not a finite number: \"1x\""},
           Case{"1 2:1.2.3", "5: value is not a finite number: \"1.2.3\""},
           Case{"1 2:1#x", "5: value is not a finite number: \"1#x\""},
       }) {
    // The same at the end of the text, where no 8 bytes can be loaded, and amid other rows.
    CHECK(Complaint(kLibsvm, c.row) == c.complaint);
    CHECK(Complaint(kLibsvm, Concat("1 1:1\n", c.row, "\n1 12345678:0.25 3:1 4:1\n")) ==
          c.complaint);
  }
}

TEST_CASE("Complaints about libffm rows") {
  struct Case {
    std::string_view row;
    std::string_view complaint;
  };
  for (const Case& c : {
           Case{"1 2:1", "3: expected field:index:value, found \"2:1\""},
           Case{"1 1:2:3:4", "3: expected field:index:value, found \"1:2:3:4\""},
           Case{"1 1:2:1 # no comments", "9: expected field:index:value, found \"#\""},
           Case{"1 65536:2:1", "3: field is above 65535: \"65536\""},
           Case{"1 99999999999999999999:2:1", "3: field is above 65535: \"99999999999999999999\""},
           Case{"1 a:2:1", "3: field is not a whole number: \"a\""},
           Case{"1 1::1", "5: index is not a whole number: \"\""},
           Case{"1 1:2:", "7: value is not a finite number: \"\""},
       }) {
    CHECK(Complaint(kLibffm, c.row) == c.complaint);
    CHECK(Complaint(kLibffm, Concat("1 1:1:1\n", c.row, "\n1 1:12345678:0.25 3:3:1 4:4:1\n")) ==
          c.complaint);
  }
}

TEST_CASE("A bound of fields holds for all ways of writing a feature") {
  for (const std::string_view row : {"1 3:2:1", "1 3:123456789:1", "1 003:2:1.000000000"}) {
    for (const std::string_view rest : {"", "\n1 1:12345678:0.25 2:3:1 0:4:1\n"}) {
      RowBatch rows;
      const ParseResult result =
          ParseLines({.format = DataFormat::kLibffm, .field_max = 2}, Concat(row, rest), &rows);
      CHECK(result.bad_rows == 1);
      CHECK(rows.rows() == (rest.empty() ? 0u : 1u));
      CHECK(result.first_bad_row->column == 3);
      CHECK_THAT(result.first_bad_row->what, Contains("field is above 2"));
    }
  }
}

TEST_CASE("Complaints quote at most 40 bytes, and nothing that disturbs a terminal") {
  CHECK(Complaint(kLibsvm, "1 " + std::string(100, 'x')) ==
        "3: expected index:value, found \"" + std::string(40, 'x') + "...\"");
  CHECK_THAT(Complaint(kLibsvm, std::string("1 \x1B[31m\xC3\xA4\0z", 11)),
             Contains("\"?[31m???z\""));
}

TEST_CASE("A bad row is left out as a whole and counted") {
  RowBatch rows;
  const ParseResult result =
      ParseExactly(kLibsvm, "1 1:1\n0 2:1 3:0.5 x\n1 4:1\n? 5:1\n0 6:1", &rows);
  CHECK(result.bad_rows == 2);
  REQUIRE(result.first_bad_row.has_value());
  CHECK(result.first_bad_row->offset == 18);
  CHECK(result.first_bad_row->column == 13);
  CHECK(rows.labels == std::vector<float>{1, 1, 0});
  CHECK(rows.keys == std::vector<Key>{1, 4, 6});
  CHECK(rows.offsets == std::vector<uint32_t>{0, 1, 2, 3});
  CHECK(rows.bad_rows == 2);
}

std::string RandomRows(DataFormat format, SeededRandom* random) {
  static constexpr std::string_view kValues[] = {"1",  "1",    "1",   "1", "0.5",
                                                 "-3", "1e-3", "nan", ""};
  static constexpr std::string_view kLabels[] = {"0", "1", "-1", "+1", "3.25", "x"};
  std::string text;
  for (uint64_t row = random->Below(8); row > 0; --row) {
    text += kLabels[random->Below(random->Chance(0.1) ? 6 : 5)];
    for (uint64_t feature = random->Below(9); feature > 0; --feature) {
      text += ' ';
      const uint64_t key = random->Next() >> random->Below(64);
      if (format == DataFormat::kLibffm) text += std::to_string(random->Below(40)) + ":";
      text += std::to_string(key) + ":";
      text += kValues[random->Below(random->Chance(0.1) ? 9 : 7)];
    }
    text += random->Chance(0.1) ? "\r\n" : "\n";
  }
  // A few bytes that do not belong there.
  for (uint64_t i = random->Below(4); i > 0 && !text.empty(); --i) {
    if (random->Chance(0.5)) continue;
    static constexpr std::string_view kOdd = " :\n\r\t#.-e9\xFF";
    text[random->Below(text.size())] = kOdd[random->Below(kOdd.size())];
  }
  return text;
}

TEST_CASE("A text gives the same rows as its lines one by one") {
  // A line by itself ends at the end of the text, where the short way for features is closed.
  SeededRandom random(23);
  uint64_t bad_rows = 0;
  uint64_t good_rows = 0;
  for (int round = 0; round < 4000; ++round) {
    const DataFormat format = round % 2 == 0 ? DataFormat::kLibsvm : DataFormat::kLibffm;
    const std::string text = RandomRows(format, &random);
    INFO(text);
    RowBatch together;
    const ParseResult result = ParseExactly({format}, text, &together);
    RowBatch one_by_one;
    std::string first_complaint;
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
      const auto line = ParseExactly({format}, text.substr(begin, end - begin), &one_by_one);
      if (line.first_bad_row && first_complaint.empty()) first_complaint = line.first_bad_row->what;
      begin = end;
    }
    // Values may have been stored because of a row that turned out bad.
    for (RowBatch* rows : {&together, &one_by_one}) {
      if (rows->values.empty()) rows->values.assign(rows->features(), 1);
    }
    CHECK(together == one_by_one);
    CHECK((result.first_bad_row ? result.first_bad_row->what : "") == first_complaint);
    bad_rows += together.bad_rows;
    good_rows += together.rows();
  }
  CHECK(bad_rows > 500);
  CHECK(good_rows > 5000);
}

TEST_CASE("Labels may carry the weights of their rows") {
  const RowBatch rows = Parse(kLibsvm, "1:0.5 2:1\n0 3:1\n-1:0 1:1\n1:1");
  CHECK(rows.labels == std::vector<float>{1, 0, -1, 1});
  CHECK(rows.weights == std::vector<float>{0.5f, 1, 0, 1});
  CHECK(Parse(kLibffm, "1:2 0:3:1\n").weights == std::vector<float>{2});
  CHECK(Parse(kLibsvm, "1:1 2:1\n0:1.0 2:1\n").weights.empty());
  RowBatch later = Parse(kLibffm, "1 0:3:1\n0 0:3:1\n");
  ParseLines(kLibffm, "0:3 0:3:1\n1 0:3:1\n", &later);
  CHECK(later.weights == std::vector<float>{1, 1, 3, 1});
  constexpr LineFormat kBinary{DataFormat::kLibsvm, LabelKind::kBinary};
  CHECK(Parse(kBinary, "-1:2 1:1\n").labels == std::vector<float>{0});
}

TEST_CASE("Weights below 0 and no numbers are bad rows") {
  for (const std::string weight : {"-1", "nan", "inf", "", "x", "-1e-9"}) {
    CHECK(Complaint(kLibsvm, "1:" + weight + " 2:1\n") ==
          "3: weight is not a finite number of 0 or more: \"" + weight + "\"");
  }
  RowBatch rows;
  ParseExactly(kLibsvm, "1:3 2:1\n1:2 x\n0:4 2:1\n", &rows);
  CHECK(rows.weights == std::vector<float>{3, 4});
}

TEST_CASE("A rule makes two classes of any labels") {
  const LabelRule above = ParseLabelRule("label>4").value();
  for (const DataFormat format : {DataFormat::kLibsvm, DataFormat::kLibffm}) {
    const LineFormat options{format, LabelKind::kBinary, &above};
    CHECK(Parse(options, "5\n4\n1\n0\n9:2\n").labels == std::vector<float>{1, 0, 0, 0, 1});
    CHECK(Complaint(options, "x\n") == "1: label is not a finite number: \"x\"");
  }
  const LabelRule yes = ParseLabelRule("==yes").value();
  CHECK(Parse({DataFormat::kLibsvm, LabelKind::kBinary, &yes}, "yes 1:1\nno 1:1\n1 1:1\n").labels ==
        std::vector<float>{1, 0, 0});
}

}  // namespace
}  // namespace cairn
