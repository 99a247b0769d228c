#include "train/bad_row.h"

#include <catch2/catch.hpp>

#include "base/status.h"

namespace cairn {
namespace {

TEST_CASE("CheckBadRowShare allows the share and no more") {
  CHECK(CheckBadRowShare({.rows = 0, .bad_rows = 0, .share_max = 0}).ok());
  CHECK(CheckBadRowShare({.rows = 99, .bad_rows = 1, .share_max = 0.01}).ok());
  const absl::Status status = CheckBadRowShare({.rows = 9998, .bad_rows = 102, .share_max = 0.01});
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK(MessageOf(status) ==
        "102 of 10,100 rows cannot be parsed: more than the share of 0.01 that is allowed");
}

TEST_CASE("CountOfBadRows") {
  CHECK(CountOfBadRows(1, 2000) == "1 of 2,000 rows");
  CHECK(CountOfBadRows(1, 1) == "1 of 1 row");
}

TEST_CASE("QuoteText shows 40 bytes, and nothing that disturbs a terminal") {
  CHECK(QuoteText("a b") == "\"a b\"");
  CHECK(QuoteText("\x1B[31m\xC3\xA4") == "\"?[31m??\"");
  CHECK(QuoteText(std::string(40, 'x')) == "\"" + std::string(40, 'x') + "\"");
  CHECK(QuoteText(std::string(41, 'x')) == "\"" + std::string(40, 'x') + "...\"");
}

TEST_CASE("TrimBlanks") {
  CHECK(TrimBlanks(" \t a b\r") == "a b");
  CHECK(TrimBlanks(" \r").empty());
  CHECK(TrimBlanks("").empty());
}

}  // namespace
}  // namespace cairn
