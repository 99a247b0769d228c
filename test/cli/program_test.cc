#include "cli/program.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "cli/help.h"
#include "cli/markdown.h"
#include "cli/run_cairn.h"
#include "cli/version.h"

namespace cairn {
namespace {

TEST_CASE("Help and version are results", "[program]") {
  CHECK(Run({"--version"}).out == "cairn " + std::string(Version()) + "\n");
  for (const char* word : {"--help", "-h", "help"}) {
    const Ran ran = Run({word});
    CHECK(ran.code == 0);
    CHECK(ran.out == GeneralHelp());
    CHECK(ran.err.empty());
  }
  CHECK(Run({"help", "--markdown"}).out == CliAsMarkdown(AllPages()));
  CHECK(Run({"help", "--markdown", "config"}).out == ConfigAsMarkdown(AllPages()));
  CHECK(Run({"help", "--man"}).code == 2);
}

TEST_CASE("Every command has help by three ways", "[program]") {
  for (const CommandSpec& command : Commands()) {
    std::vector<std::string> words;
    std::istringstream name{std::string(command.name)};
    for (std::string word; name >> word;) words.push_back(word);
    for (const char* flag : {"--help", "-h"}) {
      std::vector<std::string> arguments = words;
      arguments.insert(arguments.end(), {"--nonsense", flag});
      CHECK(Run(arguments).code == 0);
      CHECK(Run(arguments).out == CommandHelp(command));
    }
    words.insert(words.begin(), "help");
    CHECK(Run(words).out == CommandHelp(command));
  }
}

TEST_CASE("Without a command the help is an error", "[program]") {
  const Ran ran = Run({});
  CHECK(ran.code == 2);
  CHECK(ran.out.empty());
  CHECK(ran.err == GeneralHelp());
}

TEST_CASE("An unknown command is answered with the one that was meant", "[program]") {
  const auto error = [](const std::vector<std::string>& arguments) {
    const Ran ran = Run(arguments);
    CHECK(ran.code == 2);
    CHECK(ran.out.empty());
    return ran.err;
  };
  CHECK(error({"trian", "--epochs", "2"}) ==
        "cairn: unknown command \"trian\"; did you mean \"train\"?\n");
  CHECK(error({"frobnicate"}) == "cairn: unknown command \"frobnicate\"; cairn help lists all\n");
  CHECK(error({"data", "gne"}) ==
        "cairn: unknown command \"data gne\"; did you mean \"data gen\"?\n");
  CHECK(error({"data"}) == "cairn: which one? cairn data gen or cairn data stat\n");
  CHECK(error({"config"}) == "cairn: which one? cairn config check or cairn config show\n");
  CHECK(error({"help", "evla"}) ==
        "cairn help: unknown command \"evla\"; did you mean \"eval\"?\n");
  CHECK(error({"--frobnicate"}) == "cairn: unknown option --frobnicate; cairn help lists all\n");
}

TEST_CASE("A mistake in the options ends a command before it begins", "[program]") {
  const Ran ran = Run({"train", "--train", "a", "--epohcs", "3"});
  CHECK(ran.code == 2);
  CHECK(ran.out.empty());
  CHECK(ran.err == "cairn train: unknown option --epohcs; did you mean --epochs?\n");
  CHECK(Run({"eval", "--data", "a"}).err == "cairn eval: --model-dir DIR is missing\n");
}

TEST_CASE("Only commands with a positional option take an argument without a name", "[program]") {
  CHECK(Run({"inspect", "/no/model"}).err.starts_with("cairn inspect: no saved model in /no/mod"));
  CHECK(Run({"eval", "/no/model"}).err.starts_with("cairn eval: unexpected argument"));
  CHECK(Run({"inspect", "a", "--model-dir", "b"}).err ==
        "cairn inspect: --model-dir is given twice\n");
}

TEST_CASE("The environment sets options, and its mistakes are the command's", "[program]") {
  CHECK(Run({"train"}, {"CAIRN_TRAIN_EPOCHS=0"}).err ==
        "cairn train: CAIRN_TRAIN_EPOCHS \"0\": must be a whole number, 1 to 1,000,000\n");
  CHECK(Run({"data", "gen"}, {"CAIRN_DATA_GEN_ROW=1"}).err ==
        "cairn data gen: unknown environment variable CAIRN_DATA_GEN_ROW; did you mean "
        "CAIRN_DATA_GEN_ROWS?\n");
  CHECK(Run({"config", "show"}, {"CAIRN_TRAIN_BATCH=77"}).out.find("\nbatch = 77\n") !=
        std::string::npos);
  // A command that has no settings reads nobody's.
  CHECK(Run({"completion", "bash"}, {"CAIRN_TRAIN_EPOCHS=0", "CAIRN_=1"}).code == 0);
}

TEST_CASE("A file sets options, and its mistakes have a place", "[program]") {
  const std::string missing = Run({"train", "--config", "/nowhere/job.toml"}).err;
  CHECK(missing.find("/nowhere/job.toml") != std::string::npos);
  CHECK(Run({"train", "--config", "/nowhere/job.toml"}).code == 2);
}

TEST_CASE("Results that cannot be printed are an error", "[program]") {
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  std::ostringstream err;
  CHECK(RunCairn({{"help"}, {}}, {&out, &err}) == 1);
  CHECK(err.str() == "cairn help: cannot write to standard output\n");
}

}  // namespace
}  // namespace cairn
