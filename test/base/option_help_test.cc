#include "base/option_help.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

std::vector<OptionSpec> Table() {
  return {
      {.name = "train",
       .kind = Kind::kTexts,
       .metavar = "PATH",
       .section = "Data",
       .help = "Files to learn from",
       .required = true},
      {.name = "lr",
       .kind = Kind::kReal,
       .metavar = "X",
       .section = "Learning",
       .help = "Learning rate",
       .reals = {.min_is_legal = false}},
      {.name = "format-with-a-long-name",
       .kind = Kind::kChoice,
       .metavar = "FORMAT",
       .section = "Data",
       .help = "What the files hold, in words that take more than the one line that there is",
       .fallback = "auto",
       .choices = {"auto", "libsvm", "libffm"}},
      {.name = "oracle", .section = "Data", .help = "The truth too"},
      {.name = "partitions",
       .kind = Kind::kPowerOfTwo,
       .metavar = "N",
       .section = "Learning",
       .help = "Pieces",
       .counts = {.min = 1, .max = 65'536}},
  };
}

TEST_CASE("Options are shown by section in two columns of at most 80 characters", "[help]") {
  CHECK(FormatOptions(Table()) == R"(
Data:
  --train PATH...           Files to learn from (required)
  --format-with-a-long-name FORMAT
                            What the files hold, in words that take more than
                            the one line that there is (auto, libsvm or libffm;
                            default auto)
  --oracle                  The truth too

Learning:
  --lr X                    Learning rate (above 0)
  --partitions N            Pieces (a power of two, 1 to 65,536)

  -h, --help                Show this and exit
)");
}

TEST_CASE("The usage names what has to be given", "[help]") {
  CHECK(FormatUsage(Table()) == "--train PATH... [options]");
}

TEST_CASE("A positional value stands without its name", "[help]") {
  const std::vector<OptionSpec> table = {{.name = "file",
                                          .kind = Kind::kText,
                                          .metavar = "FILE",
                                          .section = "Data",
                                          .help = "What to read",
                                          .required = true,
                                          .positional = true},
                                         {.name = "all", .section = "Data", .help = "Everything"}};
  CHECK(FormatUsage(table) == "FILE [options]");
  CHECK(FormatUsage(std::vector<OptionSpec>{{.name = "files",
                                             .kind = Kind::kTexts,
                                             .metavar = "FILE",
                                             .section = "Data",
                                             .help = "What to read",
                                             .required = true,
                                             .positional = true}}) == "FILE... [options]");
  CHECK(FormatOptions(table).starts_with("\nData:\n  FILE                      What to read"));
}

TEST_CASE("A help says where else options are set", "[help]") {
  CHECK(FormatSources("CAIRN_X_").find("(CAIRN_X_...)") != std::string::npos);
}

TEST_CASE("Markdown has a table for each section", "[help]") {
  const std::string text = FormatOptionsAsMarkdown(Table());
  CHECK(
      text.starts_with("\n| Data | |\n|---|---|\n| `--train PATH...` | Files to learn from "
                       "(required) |\n| `--format"));
  CHECK(text.find("\n\n| Learning | |\n|---|---|\n| `--lr X` | Learning rate (above 0) |\n") !=
        text.npos);
}

TEST_CASE("A bar does not end a cell of markdown", "[help]") {
  const std::vector<OptionSpec> table = {
      {.name = "multi", .kind = Kind::kText, .metavar = "A|B", .help = "As in tags:|"}};
  CHECK(FormatOptionsAsMarkdown(table).ends_with("| `--multi A\\|B` | As in tags:\\| |\n"));
}

TEST_CASE("Text is wrapped at blanks and keeps its line breaks", "[help]") {
  CHECK(WrapText("", 2).empty());
  CHECK(WrapText("one two\n\nthree", 2) == "  one two\n\n  three\n");
  const std::string full(78, 'x');
  CHECK(WrapText(full + " y", 2) == "  " + full + "\n  y\n");
  const std::string fits(76, 'x');
  CHECK(WrapText(fits + " y", 2) == "  " + fits + " y\n");
  const std::string wide(200, 'x');  // Nowhere to break it.
  CHECK(WrapText("a " + wide + " b", 1) == " a\n " + wide + "\n b\n");
}

}  // namespace
}  // namespace cairn
