// The commands of `cairn` and the one table of their options. A row exists only once it works.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/option_parser.h"

namespace cairn {

struct CommandSpec {
  // Bits of OptionSpec::commands.
  enum Bit : uint32_t {
    kTrain = 1,
    kEval = 2,
    kPredict = 4,
    kDataGen = 8,
    kInspect = 16,
    kDataStat = 32,
    kStatus = 64,
    kTune = 128,
    kCheckpointList = 256,
    kCheckpointVerify = 512,
    kCheckpointShow = 1024,
    kCheckpointPrune = 2048,
    kConfigCheck = 1u << 16,
    kConfigShow = 1u << 17,
    kCompletion = 1u << 18,
  };

  Bit bit;
  std::string_view name;         // One word, or two as in "data gen".
  std::string_view summary;      // One line, as OptionSpec::help.
  std::string_view description;  // Sentences for the command's own help.
};

std::span<const CommandSpec> Commands();

// The one of that bit, or of that name; the latter is null if there is none.
const CommandSpec& CommandOf(CommandSpec::Bit bit);
const CommandSpec* FindCommand(std::string_view name);

// The options of one command, in the table's order. Those of `config show` are its own and those of
// `train`, none of which it requires; those of `tune` its own and those of `train` that say what is
// learnt.
std::vector<OptionSpec> OptionsOf(const CommandSpec& command);

// "CAIRN_DATA_GEN_": what the environment variables of a command begin with. `config show` reads
// those of `train`. "": the command reads none, for it has no --config.
std::string EnvironmentPrefixOf(const CommandSpec& command);

}  // namespace cairn
