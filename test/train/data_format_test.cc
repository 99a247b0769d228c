#include "train/data_format.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/status.h"

namespace cairn {
namespace {

using Catch::Matchers::Contains;

std::string CriteoRow(const std::string& label) {
  std::string row = label;
  for (int i = 0; i < 13; ++i) row += i % 3 == 0 ? "\t" : "\t" + std::to_string(i - 1);
  for (int i = 0; i < 26; ++i) row += i % 5 == 0 ? "\t" : "\t68fd1e64";
  return row + "\n";
}

TEST_CASE("Formats have names", "[data_format]") {
  for (const char* name : {"libsvm", "libffm", "idx", "csv", "criteo"}) {
    const auto format = ParseFormat(name).value();
    REQUIRE(format.has_value());
    CHECK(FormatName(*format) == name);
  }
  CHECK_FALSE(ParseFormat("auto").value().has_value());
  CHECK(MessageOf(ParseFormat("xml").status()) ==
        "--format \"xml\": auto, libsvm, libffm, csv, criteo or idx");
}

TEST_CASE("The first rows tell the format", "[data_format]") {
  for (const auto& [text, format] : {
           std::pair<std::string, DataFormat>{"1 2:3\n", DataFormat::kLibsvm},
           {"1 2:3:4\n", DataFormat::kLibffm},
           {"\n# a:b:c\n0\n+1\t2:3:4", DataFormat::kLibffm},
           {"0 1:1 # 1:2:3\r\n", DataFormat::kLibsvm},
           {"1 2:3:4\r\n", DataFormat::kLibffm},
           {"1:0.5 2:3\n", DataFormat::kLibsvm},
           {"0:2\n1:0.5 2:3:4\n", DataFormat::kLibffm},
           {"1 qid:3 2:1\n", DataFormat::kLibsvm},
           {"2:3 4:5\n", DataFormat::kLibsvm},
           {"time,delay\n2001-01-01 00:01,3\n", DataFormat::kCsv},
           {"2001-01-01 00:01,33,LAS\n", DataFormat::kCsv},
           {"a,b,c\n1,2,3\n", DataFormat::kCsv},
           {"\n\n1,2\n", DataFormat::kCsv},
           {CriteoRow("1"), DataFormat::kCriteo},
           {CriteoRow("0"), DataFormat::kCriteo},
       }) {
    INFO(text);
    REQUIRE(DetectFormat(text).ok());
    CHECK(*DetectFormat(text) == format);
  }
  CHECK(DetectFormat("a;b\n1;2\n", ';').value() == DataFormat::kCsv);
}

TEST_CASE("What is no known format is quoted", "[data_format]") {
  for (const std::string text : {"1 a:b:c:d\n", "{\"a\": 1}", "a;b\n1;2\n", "word\n"}) {
    const auto format = DetectFormat(text);
    REQUIRE_FALSE(format.ok());
    CHECK(format.status().code() == absl::StatusCode::kInvalidArgument);
    CHECK_THAT(std::string(MessageOf(format.status())),
               Contains("in no format that is known: \"" + std::string(1, text[0])));
  }
  for (const std::string text : {"", "\n\n", "1\n0\n", "0:0.5\n"}) {
    CHECK(MessageOf(DetectFormat(text).status()) ==
          "cannot tell the data format: no row with features at its beginning");
  }
}

TEST_CASE("Tabs alone do not make Criteo's format", "[data_format]") {
  CHECK_FALSE(DetectFormat("x" + CriteoRow("1")).ok());
  std::string words = CriteoRow("1");
  words.replace(words.find("\t0\t"), 3, "\tx\t");
  CHECK_FALSE(DetectFormat(words).ok());
  CHECK(DetectFormat(words, '\t').value() == DataFormat::kCsv);
}

}  // namespace
}  // namespace cairn
