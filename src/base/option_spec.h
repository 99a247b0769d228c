// One row of a table of options, and what its values may be. Everything else about options is made
// from such rows: parsing of command lines, environment and files, messages, help, completion.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace cairn {

struct OptionSpec {
  enum class Kind : uint8_t {
    kSwitch,      // True or false; on the command line its name alone is true.
    kText,        // Any text but "", if `check` has nothing against it.
    kTexts,       // One or more of them: "--train A B". Given again, it adds to the list.
    kChoice,      // One of `choices`.
    kCount,       // A whole number in `counts`.
    kPowerOfTwo,  // A kCount that is a power of two.
    kReal,        // A finite number in `reals`.
  };
  struct Counts {
    uint64_t min = 0;
    uint64_t max = std::numeric_limits<uint64_t>::max();
  };
  struct Reals {
    double min = 0;
    double max = std::numeric_limits<double>::infinity();
    bool min_is_legal = true;
  };
  // Where it may be set. What asks for one action, as a switch for a dry run, is of the command
  // line alone: a file that is shared must not change what a command does.
  enum class From : uint8_t { kAnywhere, kNotFile, kFlagOnly };

  std::string_view name = "";  // "max-steps"; written "--max-steps".
  Kind kind = Kind::kSwitch;
  std::string_view metavar = "";  // What the value stands as in the help: "N", "PATH".
  // The help's heading that it is listed under; in small letters, the table of a file that it is a
  // key of.
  std::string_view section = "";
  std::string_view help = "";  // Starts with a capital letter, ends without a period.
  // What holds without the option, as it would be written; "": nothing.
  std::string_view fallback = "";
  bool required = false;
  // Its value may stand on the command line without the name. At most one row of a table.
  bool positional = false;
  From from = From::kAnywhere;
  uint32_t commands = 0;  // Bits: which of a program's commands have it. Not used by the parsers.
  Counts counts = {};
  Reals reals = {};
  std::vector<std::string> choices = {};
  // A kText that is words with commas between them: "A,B". A file may have them as a list.
  bool is_comma_list = false;
  // What other programs call it: from there, messages lead to this one.
  std::vector<std::string> other_names = {};
  absl::Status (*check)(std::string_view value) = nullptr;
};

// The option that somebody probably meant with a name that none has: one that is called so
// elsewhere ("_" is as good as "-"), or else one whose name is close; null if there is none.
// `specs` outlives what is returned.
const OptionSpec* ClosestOption(std::string_view name, std::span<const OptionSpec> specs);

// The legal values, as in "1 to 64", "above 0" or "asp, bsp or ssp:K"; "" if there is no limit that
// somebody could meet.
std::string LegalValues(const OptionSpec& spec);

// The same with what they are: "a whole number, 1 to 64", "a number above 0, at most 1". "" for
// texts.
std::string DescribeLegalValues(const OptionSpec& spec);

// The one check of a value, wherever it comes from. kInvalidArgument: a sentence that begins with
// `label` (what the source calls the option: "--lr", "job.toml:7:6: lr"), quotes the value and says
// what is legal, or what was probably meant.
absl::Status CheckOptionValue(const OptionSpec& spec, std::string_view label,
                              std::string_view value);

}  // namespace cairn
