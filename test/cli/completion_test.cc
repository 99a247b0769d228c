#include "cli/completion.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

// What the shells make of the scripts is tested by test/process/config_test.py.
std::vector<Page> Pages() {
  const std::vector<OptionSpec> options = {
      {.name = "train", .kind = Kind::kTexts, .metavar = "PATH", .help = "It's data"},
      {.name = "save", .kind = Kind::kText, .metavar = "DIR", .help = "Where to [or not]"},
      {.name = "order",
       .kind = Kind::kChoice,
       .metavar = "ORDER",
       .help = "Which",
       .choices = {"shuffled", "file"}},
      {.name = "n", .kind = Kind::kCount, .metavar = "N", .help = "How many"},
      {.name = "dry", .help = "Not at all"}};
  const std::vector<OptionSpec> shell = {{.name = "shell",
                                          .kind = Kind::kChoice,
                                          .metavar = "SHELL",
                                          .help = "Which",
                                          .positional = true,
                                          .choices = {"bash"}}};
  return {{"cairn train", "", "", "", options},
          {"cairn data gen", "", "", "", {}},
          {"cairn completion", "", "", "", shell},
          {"ps_server", "", "", "", options}};
}

void CheckHas(const std::string& script, const std::string& part) {
  INFO(script);
  CHECK(script.find(part) != script.npos);
}

TEST_CASE("bash knows words, options and what they take", "[completion]") {
  const std::string script = BashCompletion(Pages());
  CheckHas(script, "'cairn') echo 'completion data help train' ;;\n");
  CheckHas(script, "'cairn data') echo 'gen' ;;\n");
  CheckHas(script, "'cairn help data') echo 'gen' ;;\n");
  CheckHas(script, "'cairn train') echo '--train --save --order --n --dry --help' ;;\n");
  CheckHas(script, "'cairn train --train') echo 'many files' ;;\n");
  CheckHas(script, "'ps_server --save') echo 'one directories' ;;\n");
  CheckHas(script, "'cairn train --order') echo 'one words shuffled file' ;;\n");
  CheckHas(script, "'cairn train --n') echo 'one any' ;;\n");
  CheckHas(script, "'cairn completion') echo 'one words bash' ;;\n");
  CHECK(script.find("'cairn train --dry'") == script.npos);
  CHECK(script.find("--shell") == script.npos);
  CHECK(script.ends_with("complete -F _cairn cairn ps_server\n"));
}

TEST_CASE("zsh knows them too, with what they are for", "[completion]") {
  const std::string script = ZshCompletion(Pages());
  CHECK(script.starts_with("#compdef cairn ps_server\n"));
  CheckHas(script, "'*--train=[It'\\''s data]:PATH:_files'");
  CheckHas(script, "'--save=[Where to \\[or not\\]]:DIR:_files -/'");
  CheckHas(script, "'--order=[Which]:ORDER:(shuffled file)'");
  CheckHas(script, "'--dry[Not at all]'");
  CheckHas(script, "'1:SHELL:(bash)'");
  CheckHas(script, "'cairn data') compadd -- gen ;;\n");
}

TEST_CASE("fish as well", "[completion]") {
  const std::string script = FishCompletion(Pages());
  CheckHas(script, "complete -c cairn -n '__cairn_at train' -l train -r -F -d 'It\\'s data'\n");
  CheckHas(script, "complete -c ps_server -l order -x -a 'shuffled file' -d 'Which'\n");
  CheckHas(script, "complete -c cairn -n '__cairn_at train' -l dry -d 'Not at all'\n");
  CheckHas(script, "complete -c cairn -f -n '__cairn_is data' -a 'gen'\n");
  CheckHas(script, "complete -c cairn -n '__cairn_at completion' -x -a 'bash' -d 'Which'\n");
}

}  // namespace
}  // namespace cairn
