#include "cli/markdown.h"

#include <catch2/catch.hpp>
#include <string>

#include "cli/run_cairn.h"

namespace cairn {
namespace {

TEST_CASE("doc/cli.md is what the tables say: cairn help --markdown > doc/cli.md", "[markdown]") {
  CHECK(ReadFile(CAIRN_SOURCE_DIR "/doc/cli.md") == CliAsMarkdown(AllPages()));
}

TEST_CASE("doc/config.md too: cairn help --markdown config > doc/config.md", "[markdown]") {
  CHECK(ReadFile(CAIRN_SOURCE_DIR "/doc/config.md") == ConfigAsMarkdown(AllPages()));
}

TEST_CASE("Only what can be set in a file or in the environment has a name there", "[markdown]") {
  const std::string text = ConfigAsMarkdown(AllPages());
  CHECK(text.find("| `--batch` | `[learning] batch` | whole number | `CAIRN_TRAIN_BATCH` |\n") !=
        text.npos);
  CHECK(text.find("| `--config` | - | text | `CAIRN_SERVER_CONFIG` |\n") != text.npos);
  CHECK(text.find("_ORIGIN") == text.npos);
  CHECK(text.find("## cairn config show") == text.npos);
}

}  // namespace
}  // namespace cairn
