#include "train/zipf_generator.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "base/crc32c.h"
#include "base/status.h"
#include "train/parsers.h"

namespace cairn {
namespace {

struct Output {
  std::string rows;
  std::string oracle;
};

TextSink AppendTo(std::string* text) {
  return [text](std::string_view piece) {
    text->append(piece);
    return absl::OkStatus();
  };
}

Output Generate(const ZipfSpec& spec) {
  Output output;
  REQUIRE(GenerateZipf(spec, AppendTo(&output.rows), AppendTo(&output.oracle)).ok());
  return output;
}

uint32_t Crc(std::string_view text) { return Crc32c(std::as_bytes(std::span(text))); }

TEST_CASE("GenerateZipf writes the same bytes for all time") {
  ZipfSpec spec{.rows = 1000, .features = 100'000, .seed = 7};
  const Output train = Generate(spec);
  CHECK(Crc(train.rows) == 0x37611B21);
  CHECK(Crc(train.oracle) == 0x5C512D73);
  spec.part = ZipfSpec::Part::kTest;
  spec.rows = 100;
  const Output test = Generate(spec);
  CHECK(Crc(test.rows) == 0x71B7F66D);
  CHECK(Crc(test.oracle) == 0xE19F3631);
}

TEST_CASE("GenerateZipf: rows have all fields, labels follow the probabilities") {
  const uint64_t features = 50'000;
  const Output output = Generate({.rows = 3000, .features = features, .seed = 3});
  RowBatch rows;
  const ParseResult result =
      ParseLines({DataFormat::kLibffm, LabelKind::kBinary}, output.rows, &rows);
  CHECK(result.bad_rows == 0);
  REQUIRE(rows.rows() == 3000);
  REQUIRE(rows.features() == 3000 * 39);
  CHECK(rows.values.empty());
  for (size_t i = 0; i < rows.features(); ++i) {
    REQUIRE(rows.fields[i] == i % 39);
    REQUIRE(rows.keys[i] < features);
    if (rows.fields[i] < 13) REQUIRE(rows.keys[i] / 50 == rows.fields[i]);
  }
  double expected = 0;
  double positive = 0;
  const char* line = output.oracle.c_str();
  for (const float label : rows.labels) {
    char* line_end = nullptr;
    const double probability = std::strtod(line, &line_end);
    REQUIRE((probability >= 0 && probability <= 1 && line_end == line + 7));
    line = line_end + 1;
    expected += probability;
    positive += label;
  }
  CHECK(line == output.oracle.c_str() + output.oracle.size());
  CHECK(positive == Approx(expected).epsilon(0.05));
}

TEST_CASE("GenerateZipf: a seed is a truth, a part is other rows of it") {
  const ZipfSpec spec{.rows = 50, .features = 1000, .seed = 1};
  ZipfSpec other_seed = spec;
  other_seed.seed = 2;
  ZipfSpec other_part = spec;
  other_part.part = ZipfSpec::Part::kTest;
  const std::string rows = Generate(spec).rows;
  CHECK(Generate(spec).rows == rows);
  CHECK(Generate(other_seed).rows != rows);
  CHECK(Generate(other_part).rows != rows);
  // More rows begin with the same ones.
  ZipfSpec longer = spec;
  longer.rows = 500;
  CHECK(Generate(longer).rows.substr(0, rows.size()) == rows);
}

TEST_CASE("GenerateZipf does without an oracle, and with no rows") {
  const ZipfSpec spec{.rows = 200, .features = 2000, .seed = 5};
  std::string rows;
  CHECK(GenerateZipf(spec, AppendTo(&rows), nullptr).ok());
  CHECK(rows == Generate(spec).rows);
  CHECK(Generate({.rows = 0, .features = 2000, .seed = 5}).rows.empty());
}

TEST_CASE("GenerateZipf passes errors on and refuses sizes that make no sense") {
  std::string rows;
  const TextSink full = [](std::string_view) { return Unavailable("disk full"); };
  const ZipfSpec spec{.rows = 10, .features = 1000, .seed = 1};
  CHECK(MessageOf(GenerateZipf(spec, full, nullptr)) == "disk full");
  CHECK(MessageOf(GenerateZipf(spec, AppendTo(&rows), full)) == "disk full");
  for (const uint64_t features : {uint64_t{0}, uint64_t{999}, ~uint64_t{0}}) {
    CHECK(GenerateZipf({.rows = 1, .features = features}, AppendTo(&rows), nullptr).code() ==
          absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace cairn
