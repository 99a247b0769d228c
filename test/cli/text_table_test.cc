#include "cli/text_table.h"

#include <catch2/catch.hpp>

namespace cairn {
namespace {

TEST_CASE("columns are as wide as their widest cell, and the last one ends where it ends",
          "[text_table]") {
  CHECK(FormatTable({{"a", "rows", "state"}, {"123", "7", "complete"}, {"", "12,345", ""}}) ==
        "  a    rows    state\n"
        "  123  7       complete\n"
        "       12,345  \n");
  CHECK(FormatTable({{"alone"}}) == "  alone\n");
}

TEST_CASE("settings are a table of one line each", "[text_table]") {
  CHECK(FormatSettings({{"train", "a\nb"}, {"lr", "0.3"}}) == "  train  a b\n  lr     0.3\n");
  CHECK(FormatSettings({}).empty());
}

}  // namespace
}  // namespace cairn
