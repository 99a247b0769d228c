#include "base/escape.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/status.h"

namespace cairn {
namespace {

TEST_CASE("Escape leaves printable text alone and names every other byte") {
  CHECK(Escape("a b~!") == "a b~!");
  CHECK(Escape("a\\b\n") == "a\\x5cb\\x0a");
  CHECK(Escape(std::string_view("\0\x7f\xff", 3)) == "\\x00\\x7f\\xff");
  CHECK(EscapeWord("a b") == "a\\x20b");
}

TEST_CASE("ShellWord quotes what a shell would not leave as it is") {
  CHECK(ShellWord("a/b-1.csv") == "a/b-1.csv");
  CHECK(ShellWord("delay>15") == "'delay>15'");
  CHECK(ShellWord("") == "''");
  CHECK(ShellWord("it's") == "'it'\\''s'");
}

TEST_CASE("Unescape undoes both for every byte") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  CHECK(Unescape(Escape(all)).value() == all);
  CHECK(Unescape(EscapeWord(all)).value() == all);
  CHECK(EscapeWord(all).find(' ') == std::string::npos);
}

TEST_CASE("Unescape refuses what Escape does not write") {
  for (const char* broken : {"\\", "a\\", "\\x", "\\x4", "\\x4G", "\\xA0", "\\n00", "\\\\00"}) {
    INFO(broken);
    CHECK(Unescape(broken).status().code() == absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace cairn
