#include "cluster/line_reader.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/temp_directory.h"
#include "train/zstd_encoder.h"

namespace cairn {
namespace {

struct Fixture {
  absl::StatusOr<std::vector<std::string>> Lines(const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
    CAIRN_ASSIGN_OR_RETURN(const auto reader, LineReader::Open(path));
    std::vector<std::string> lines;
    std::string_view line;
    while (true) {
      CAIRN_ASSIGN_OR_RETURN(const bool more, reader->Next(&line));
      if (!more) return lines;
      lines.emplace_back(line);
      CHECK(reader->number() == lines.size());
    }
  }

  TempDirectory directory;
  std::string path = directory.PathOf("text");
};

std::string Compressed(const std::string& text) {
  ZstdEncoder encoder;
  std::string out;
  REQUIRE(encoder.Add(text, &out).ok());
  REQUIRE(encoder.Finish(&out).ok());
  return out;
}

TEST_CASE_METHOD(Fixture, "Lines come one by one, plain or compressed", "[line_reader]") {
  CHECK(Lines("").value().empty());
  CHECK(Lines("a\n\nbc\n").value() == std::vector<std::string>{"a", "", "bc"});
  // Longer than one piece, and lines across the pieces' ends.
  std::string text;
  std::vector<std::string> lines;
  for (int i = 0; i < 2000; ++i) {
    lines.push_back(std::string(static_cast<size_t>(i), 'x') + std::to_string(i));
    text += lines.back() + "\n";
  }
  CHECK(Lines(text).value() == lines);
  CHECK(Lines(Compressed(text)).value() == lines);
}

TEST_CASE_METHOD(Fixture, "A last line that does not end is cut short", "[line_reader]") {
  const std::string message = path + ":2: the line does not end: the text is cut short";
  CHECK(MessageOf(Lines("a\nb").status()) == message);
  CHECK(MessageOf(Lines(Compressed("a\nb")).status()) == message);
}

TEST_CASE_METHOD(Fixture, "Damage, endless lines and missing files are named", "[line_reader]") {
  std::string damaged = Compressed(std::string(100'000, 'x') + "\n");
  damaged.resize(damaged.size() - 5);
  const absl::Status status = Lines(damaged).status();
  CHECK(status.code() == absl::StatusCode::kDataLoss);
  CHECK(MessageOf(status).starts_with(path + ": "));
  const std::string endless = Compressed(std::string(LineReader::kLineBytesMax + 1'000'000, 'x'));
  CHECK(MessageOf(Lines(endless).status()) == path + ":1: a line of more than 16777216 bytes");
  CHECK(LineReader::Open(directory.PathOf("none")).status().code() == absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace cairn
