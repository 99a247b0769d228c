#include "cluster/model_text.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "support/sample_snapshots.h"

namespace cairn {
namespace {

using Line = ModelTextParser::Line;

ModelTextHeader SampleHeader() {
  const JobSpec job = test::SampleJob(8);
  ModelTextHeader header;
  header.job = "a \\ job\n";
  header.program = "one\n two\nthree";
  header.seed = 11;
  header.checkpoint = 3;
  header.partitions = 8;
  header.digest = ModelDigest{1, 2};
  header.tables = job.tables;
  for (uint32_t table = 0; table < job.tables.size(); ++table) {
    header.state_floats.push_back(TableSchema::Make(job, table, {}).value()->StateFloatsByPart());
  }
  return header;
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    lines.push_back(text.substr(at, text.find('\n', at) - at));
  }
  return lines;
}

// The error of the first line that is wrong, behind its number; "" if there is none.
std::string ErrorOf(const std::vector<std::string>& lines) {
  ModelTextParser parser;
  ModelTextParser::Row row;
  for (size_t i = 0; i < lines.size(); ++i) {
    const absl::StatusOr<Line> line = parser.Parse(lines[i], &row);
    absl::Status status = line.status();
    if (line.ok() && *line == Line::kRow) status = parser.ParseValues(lines[i], &row);
    if (!status.ok()) return Concat(i + 1, ":", MessageOf(status));
  }
  return "";
}

// A whole text with these lines as rows.
std::string RowError(const std::vector<std::string>& rows) {
  std::vector<std::string> lines = LinesOf(FormatModelTextHeader(SampleHeader()));
  const size_t before = lines.size();
  lines.insert(lines.end(), rows.begin(), rows.end());
  const std::string error = ErrorOf(lines);
  if (error.empty()) return error;
  const size_t colon = error.find(':');
  return Concat(std::stoul(error.substr(0, colon)) - before, error.substr(colon));
}

// The header with its first line that begins with `begin` replaced by `line`.
std::string HeaderError(const std::string& begin, const std::string& line) {
  std::vector<std::string> lines = LinesOf(FormatModelTextHeader(SampleHeader()));
  for (std::string& old : lines) {
    if (!old.starts_with(begin)) continue;
    old = line;
    return ErrorOf(lines);
  }
  FAIL("no line begins with " << begin);
  return "";
}

TEST_CASE("Every float reads back as the same bits", "[model_text]") {
  const auto check = [](uint32_t bits) {
    std::string text;
    AppendFloatBits(std::bit_cast<float>(bits), &text);
    INFO(text);
    CHECK(std::bit_cast<uint32_t>(ParseFloatBits(text).value()) == bits);
    CHECK(text.size() <= 15);
  };
  for (uint64_t i = 0; i < 100'000; ++i) check(static_cast<uint32_t>(Mix64(i)));
  for (const uint32_t bits :
       {0u, 0x80000000u, 1u, 0x80000001u, 0x007FFFFFu, 0x00800000u, 0x7F7FFFFFu, 0xFF7FFFFFu,
        0x7F800000u, 0xFF800000u, 0x7F800001u, 0x7FC00000u, 0xFFFFFFFFu, 0x3F800000u}) {
    check(bits);
  }
}

TEST_CASE("Floats are as short as can be, and what is no float is refused", "[model_text]") {
  const auto text = [](float value) {
    std::string out;
    AppendFloatBits(value, &out);
    return out;
  };
  CHECK(text(0.1f) == "0.1");
  CHECK(text(-0.0f) == "-0");
  CHECK(text(1e-8f) == "1e-08");
  CHECK(text(std::nanf("")) == "0x7fc00000");
  CHECK(text(-std::numeric_limits<float>::infinity()) == "0xff800000");
  for (const char* wrong :
       {"", "x", "0x", "0x1", "0x123456789", "0x7fc0000g", "1.5f", "nan", "inf", "1e99", "1,5"}) {
    INFO(wrong);
    CHECK(ParseFloatBits(wrong).status().code() == absl::StatusCode::kInvalidArgument);
  }
}

TEST_CASE("A header reads back", "[model_text]") {
  const ModelTextHeader header = SampleHeader();
  ModelTextParser parser;
  ModelTextParser::Row row;
  Line last = Line::kRow;
  for (const std::string& line : LinesOf(FormatModelTextHeader(header))) {
    last = parser.Parse(line, &row).value();
  }
  CHECK(last == Line::kHeaderEnd);
  const ModelTextHeader& read = parser.header();
  CHECK(read.job == header.job);
  CHECK(read.program == header.program);
  CHECK(read.seed == header.seed);
  CHECK(read.checkpoint == header.checkpoint);
  CHECK(read.partitions == header.partitions);
  CHECK(read.digest == header.digest);
  CHECK(read.tables == header.tables);
  CHECK(read.state_floats == header.state_floats);
  CHECK_FALSE(parser.at_end());
}

TEST_CASE("A row reads back, counts and all", "[model_text]") {
  const ModelTextHeader header = SampleHeader();
  std::vector<float> words(header.RowWords(0));
  for (size_t i = 0; i < words.size(); ++i) {
    words[i] = std::bit_cast<float>(static_cast<uint32_t>(Mix64(i)));
  }
  std::string text;
  AppendModelTextRow("fm", ~uint64_t{0}, words, &text);
  ModelTextParser parser;
  ModelTextParser::Row row;
  for (const std::string& line : LinesOf(FormatModelTextHeader(header))) {
    REQUIRE(parser.Parse(line, &row).ok());
  }
  text.pop_back();
  CHECK(parser.Parse(text, &row).value() == Line::kRow);
  REQUIRE(parser.ParseValues(text, &row).ok());
  CHECK(row.table == 0);
  CHECK(row.key == ~uint64_t{0});
  REQUIRE(row.words.size() == words.size());
  for (size_t i = 0; i < words.size(); ++i) {
    CHECK(std::bit_cast<uint32_t>(row.words[i]) == std::bit_cast<uint32_t>(words[i]));
  }
  CHECK(parser.Parse("END 1", &row).value() == Line::kEnd);
  CHECK(parser.at_end());
}

TEST_CASE("What is wrong with a row is said with line and column", "[model_text]") {
  CHECK(RowError({"counts 7 2 0.5", "END 1"}).empty());
  CHECK(RowError({"counts 7 2"}) == "1:12: weight is missing");
  CHECK(RowError({"counts 7 2 0.5 1"}) == "1:16: there is too much on this line");
  CHECK(RowError({"counts 7 2 0.5 "}) == "1:16: there is too much on this line");
  CHECK(RowError({"counts 7  1 0.5"}) == "1:10: count is missing: one blank between two words");
  CHECK(RowError({"counts 7 2 zero"}) == "1:12: weight: \"zero\" is not a finite number");
  CHECK(RowError({"counts -7 2 0"}) == "1:8: key: \"-7\" is not a whole number of 0 or more");
  CHECK(RowError({"counts 7 4294967296 0", "END 1"}).empty());  // The largest there is.
  CHECK(RowError({"counts 7 4+ 0", "END 1"}).empty());
  CHECK(RowError({"counts 7 +4 0"}) == "1:10: count: \"+4\" is not a whole number of 0 or more");
  CHECK(RowError({"other 7 2 0.5"}) == "1:1: no table is called \"other\"");
  CHECK(RowError({"dense 8 2 0 0 0 0 0 0 0 0"}) == "1:7: block is 8, at most 7");
  CHECK(RowError({""}) == "1:1: the table's name is missing: one blank between two words");
  CHECK(RowError({"counts 7 2 0.5", "END 2"}) == "2:5: the end of 2 rows, but there are 1");
  CHECK(RowError({"END 0", "counts 7 2 0.5"}) == "2:1: the text goes on after its end");
  CHECK(RowError({"fm 7 2 0 0 0 0 1 1 x"}) ==
        "1:20: optimizer state: \"x\" is not a finite number");
}

TEST_CASE("What decides about a table's rows is a line, where there is anything to say") {
  ModelTextHeader header = SampleHeader();
  header.tables[2].retention = {.admit_count = 3,
                                .admit_probability = 1,
                                .sketch_bytes = 1u << 20,
                                .expire_steps = 99,
                                .expire_below = 0.25f,
                                .bytes_max = uint64_t{1} << 33};
  const std::string line =
      "retention admit_count 3 admit_probability 1 sketch_bytes 1048576 expire_steps 99 "
      "expire_below 0.25 bytes_max 8589934592";
  const std::vector<std::string> lines = LinesOf(FormatModelTextHeader(header));
  CHECK(std::count(lines.begin(), lines.end(), line) == 1);
  ModelTextParser parser;
  ModelTextParser::Row row;
  for (const std::string& each : lines) REQUIRE(parser.Parse(each, &row).ok());
  CHECK(parser.header().tables == header.tables);
  const auto error_of = [&](const std::string& wrong) {
    std::vector<std::string> changed = lines;
    *std::find(changed.begin(), changed.end(), line) = wrong;
    return ErrorOf(changed);
  };
  CHECK(error_of(line).empty());
  CHECK_THAT(error_of("retention admit_count 300"), Catch::Contains("admit_count"));
  CHECK_THAT(error_of(line + " 1"), Catch::Contains("too much on this line"));
  CHECK_FALSE(error_of("retention admit_counts 3").empty());
  std::vector<std::string> early = lines;
  early.insert(early.begin() + 1, line);
  CHECK_THAT(ErrorOf(early), Catch::Contains("right after it"));
}

TEST_CASE("What is wrong with a header is said with line and column", "[model_text]") {
  CHECK(ErrorOf({"cairn model text 1"}) == "1:1: this is not \"cairn model text 2\"");
  CHECK(HeaderError("job", "jop x") == "2:1: unknown entry \"jop\"");
  CHECK(HeaderError("job", "job a\\n") == "2:5: a broken escape");
  CHECK(HeaderError("job", "job " + std::string(4'097, 'x')) ==
        "2:5: job: more than 4096 bytes in all");
  CHECK(HeaderError("program", "program " + std::string(49'152, 'x')) ==
        "8:9: program: more than 49152 bytes in all");
  CHECK(HeaderError("seed", "seed x") == "3:6: seed: \"x\" is not a whole number of 0 or more");
  CHECK(HeaderError("partitions", "partitions 48") == "5:12: 48 is no power of two");
  CHECK(HeaderError("partitions", "partitions 131072") ==
        "5:12: partitions is 131072, at most 65536");
  CHECK(HeaderError("digest", "digest 12") == "6:8: a digest is 32 hexadecimal digits");
  CHECK(HeaderError("table", "table fm tree sum 0") ==
        "10:10: no kind of table is called \"tree\"");
  CHECK(HeaderError("table", "part 1") == "10:1: a part before any table");
  CHECK(HeaderError("part 1 ", "part 1 optimiser ftrl") == "11:8: here comes \"optimizer\"");
  CHECK(HeaderError("table dense", "table fm sparse sum 0") == "17:1: table \"fm\" comes twice");
  CHECK(HeaderError("table dense", "table Dense dense mean 30") ==
        "17:1: table \"Dense\": name has an illegal character at position 0, legal: a-z, 0-9, _");
  CHECK(HeaderError("table fm", "rows") == "10:1: no table comes before the rows");
}

}  // namespace
}  // namespace cairn
