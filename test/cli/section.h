// Tries single options of one section of the option table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "cli/options_sections.h"

namespace cairn {

// What the section says about "--name value"; "" if it takes it. What the section requires besides
// is not asked for.
inline std::string Complaint(std::vector<OptionSpec> section, const std::string& name,
                             const std::string& value) {
  for (OptionSpec& spec : section) spec.required = false;
  const std::vector<std::string> arguments = {"--" + name, value};
  return std::string(MessageOf(ParseOptions(section, arguments).status()));
}

// The commands that have the option, as bits; 0: it is in none.
inline uint32_t CommandsWith(const std::vector<OptionSpec>& section, std::string_view name) {
  uint32_t commands = 0;
  for (const OptionSpec& spec : section) commands |= spec.name == name ? spec.commands : 0;
  return commands;
}

}  // namespace cairn
