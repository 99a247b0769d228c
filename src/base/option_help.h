// Help texts from tables of options: what a terminal of 80 columns shows, and markdown. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/option_spec.h"

namespace cairn {

inline constexpr size_t kHelpColumns = 80;

// Breaks text at blanks into lines of at most kHelpColumns, each one indented; a line break in the
// text stays. Ends with a newline, unless the text is empty.
std::string WrapText(std::string_view text, size_t indent);

// "--train PATH... --output FILE [options]": what has to be given. No newline.
std::string FormatUsage(std::span<const OptionSpec> specs);

// All options, grouped by section in the order of the table, a blank line before each section. The
// switch --help stands at the end.
std::string FormatOptions(std::span<const OptionSpec> specs);

// " (1 to 64; default 1)", with what applies; "" if nothing does.
std::string OptionLimits(const OptionSpec& spec);

// Where else than on the command line they are set: a paragraph for the end of a help.
std::string FormatSources(std::string_view environment_prefix);

// The options as a markdown table for each section.
std::string FormatOptionsAsMarkdown(std::span<const OptionSpec> specs);

}  // namespace cairn
