// The values that a table's options have in the end, each with where it came from. Immutable, so
// thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/option_spec.h"

namespace cairn {

// Where a value was set; a later kind goes before the ones above it.
struct OptionOrigin {
  enum class Kind : uint8_t { kDefault, kFile, kEnvironment, kFlag };
  Kind kind = Kind::kDefault;
  std::string where;  // "job.toml:7:1", "CAIRN_TRAIN_BATCH", "--batch"; "" of a default.
};

// What one source says: of each option that it sets, the checked value, and where.
struct GivenOption {
  OptionOrigin origin;
  std::vector<std::string> texts;  // One, but for kTexts at least one. Of a switch "true", "false".
};
using GivenOptions = std::map<std::string, GivenOption, std::less<>>;

// Reading an option that is not in the table, or as another kind than the table says, is a broken
// invariant and ends the program.
class OptionValues {
 public:
  enum class Need : uint8_t { kComplete, kPartial };

  // Fallbacks for what is not given. kInvalidArgument: a required option is missing; with kPartial
  // that is no error, and the option reads as if it were not required.
  static absl::StatusOr<OptionValues> Make(std::span<const OptionSpec> specs, GivenOptions given,
                                           Need need = Need::kComplete);

  // Whether the table has such a row.
  bool Has(std::string_view name) const { return values_.contains(name); }
  // Whether anybody set it: the command line, the environment, a file.
  bool IsGiven(std::string_view name) const;
  const OptionOrigin& Origin(std::string_view name) const;
  // How a message calls the option, so that whoever set it finds it: "--batch",
  // "CAIRN_TRAIN_BATCH", "job.toml:7:1: batch".
  std::string Label(std::string_view name) const;

  bool Switch(std::string_view name) const;
  // kText, kChoice. The fallback if it is not given.
  std::string Text(std::string_view name) const;
  const std::vector<std::string>& Texts(std::string_view name) const;
  // kCount, kPowerOfTwo. `otherwise` if it is not given and has no fallback.
  uint64_t Count(std::string_view name, uint64_t otherwise = 0) const;
  double Real(std::string_view name, double otherwise = 0) const;
  // Whatever its kind, as it would be written; empty if it has no value.
  const std::vector<std::string>& AsWritten(std::string_view name) const;

 private:
  struct Value {
    OptionSpec::Kind kind = OptionSpec::Kind::kSwitch;
    OptionOrigin origin;
    std::vector<std::string> texts;
  };

  const Value& Find(std::string_view name) const;

  std::map<std::string, Value, std::less<>> values_;  // An entry for each row of the table.
};

}  // namespace cairn
