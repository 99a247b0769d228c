// Command lines by table: one row describes one option, and parsing, error messages and help
// (base/option_help.h) are made from it. Other sources of settings, as configuration files and
// environment names, belong on the same table.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn {

struct OptionSpec {
  enum class Kind : uint8_t {
    kSwitch,      // Without a value.
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

  std::string_view name = "";  // "max-steps"; written "--max-steps".
  Kind kind = Kind::kSwitch;
  std::string_view metavar = "";  // What the value stands as in the help: "N", "PATH".
  std::string_view section = "";  // The help's heading that it is listed under.
  std::string_view help = "";     // Starts with a capital letter, ends without a period.
  // What holds without the option, as it would be written; "": nothing.
  std::string_view fallback = "";
  bool required = false;
  uint32_t commands = 0;  // Bits: which of a program's commands have it. Not used by the parser.
  Counts counts = {};
  Reals reals = {};
  std::vector<std::string> choices = {};
  absl::Status (*check)(std::string_view value) = nullptr;
};

// The legal values, as in "1 to 64", "above 0" or "asp, bsp or ssp:K"; "" if there is no limit that
// somebody could meet.
std::string LegalValues(const OptionSpec& spec);

// What a command line said. Reading an option that is not in the table, or as another kind than the
// table says, is a broken invariant and ends the program.
class OptionValues {
 public:
  // Whether it stood on the command line.
  bool IsGiven(std::string_view name) const;
  bool Switch(std::string_view name) const { return IsGiven(name); }
  // kText, kChoice. The fallback if it is not given.
  std::string Text(std::string_view name) const;
  const std::vector<std::string>& Texts(std::string_view name) const;
  // kCount, kPowerOfTwo. `otherwise` if it is not given and has no fallback.
  uint64_t Count(std::string_view name, uint64_t otherwise = 0) const;
  double Real(std::string_view name, double otherwise = 0) const;

 private:
  friend class OptionParser;
  struct Value {
    OptionSpec::Kind kind = OptionSpec::Kind::kSwitch;
    bool given = false;
    std::vector<std::string> texts;  // Checked. At most one, but for kTexts.
  };

  const Value& Find(std::string_view name) const;

  std::map<std::string, Value, std::less<>> values_;  // An entry for each row of the table.
};

// Reads "--name value", "--name=value", "--switch" and "--list A B C"; a value must not begin with
// "--" unless it is behind "=". kInvalidArgument: a sentence that names the option, the value and
// what is legal, or the option that was probably meant.
absl::StatusOr<OptionValues> ParseOptions(std::span<const OptionSpec> specs,
                                          std::span<const std::string> arguments);

// Whether "--help" or "-h" is among the arguments: it goes before anything else they say.
bool WantsHelp(std::span<const std::string> arguments);

}  // namespace cairn
