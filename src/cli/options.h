// The commands of `cairn` and the one table of their options. A row exists only once it works.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/option_parser.h"

namespace cairn {

struct CommandSpec {
  // Bits of OptionSpec::commands.
  enum Bit : uint32_t { kTrain = 1, kEval = 2, kPredict = 4, kDataGen = 8, kInspect = 16 };

  Bit bit;
  std::string_view name;         // One word, or two as in "data gen".
  std::string_view summary;      // One line, as OptionSpec::help.
  std::string_view description;  // Sentences for the command's own help.
  // The option that a first argument without a name is the value of; "": there is none.
  std::string_view operand = "";
};

std::span<const CommandSpec> Commands();

// The options of one command, in the table's order.
std::vector<OptionSpec> OptionsOf(const CommandSpec& command);

}  // namespace cairn
