#include "base/option_help.h"

#include <algorithm>
#include <vector>

#include "base/status.h"

namespace cairn {
namespace {

constexpr size_t kTextColumn = 28;  // Where the right column of FormatOptions begins.

// "--train PATH...", or "PATH..." where that is enough.
std::string Heading(const OptionSpec& spec) {
  const char* const more = spec.kind == OptionSpec::Kind::kTexts ? "..." : "";
  if (spec.positional) return Concat(spec.metavar, more);
  const bool has_value = spec.kind != OptionSpec::Kind::kSwitch;
  return Concat("--", spec.name, has_value ? " " : "", has_value ? spec.metavar : "", more);
}

std::vector<std::string_view> Sections(std::span<const OptionSpec> specs) {
  std::vector<std::string_view> sections;
  for (const OptionSpec& spec : specs) {
    const bool is_new = std::find(sections.begin(), sections.end(), spec.section) == sections.end();
    if (is_new) sections.push_back(spec.section);
  }
  return sections;
}

// A bar would end the cell of a table.
std::string Cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c;
  }
  return cell;
}

std::string TwoColumns(const std::string& left, const std::string& right) {
  std::string line = "  " + left;
  std::string text = WrapText(right, kTextColumn);
  // The left column takes the place of the first line's indent if it leaves two blanks free.
  if (line.size() + 2 > kTextColumn) return line + "\n" + text;
  line.resize(kTextColumn, ' ');
  return line + text.substr(kTextColumn);
}

}  // namespace

std::string OptionLimits(const OptionSpec& spec) {
  std::string limits = LegalValues(spec);
  if (spec.kind == OptionSpec::Kind::kPowerOfTwo) limits = Concat("a power of two, ", limits);
  const auto add = [&](const std::string& what) { limits += limits.empty() ? what : "; " + what; };
  if (!spec.fallback.empty()) add(Concat("default ", spec.fallback));
  if (spec.required) add("required");
  return limits.empty() ? "" : Concat(" (", limits, ")");
}

std::string WrapText(std::string_view text, size_t indent) {
  std::string wrapped;
  while (!text.empty()) {
    const std::string_view paragraph = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), paragraph.size() + 1));
    std::string line;
    std::string_view rest = paragraph;
    while (!rest.empty()) {
      const std::string_view word = rest.substr(0, rest.find(' '));
      rest.remove_prefix(std::min(rest.size(), word.size() + 1));
      if (!line.empty() && indent + line.size() + 1 + word.size() > kHelpColumns) {
        wrapped += std::string(indent, ' ') + line + "\n";
        line.clear();
      }
      if (!line.empty()) line += ' ';
      line += word;
    }
    wrapped += line.empty() ? "\n" : std::string(indent, ' ') + line + "\n";
  }
  return wrapped;
}

std::string FormatUsage(std::span<const OptionSpec> specs) {
  std::string usage;
  for (const OptionSpec& spec : specs) {
    if (spec.positional) {
      usage += spec.required ? Heading(spec) + " " : Concat("[", Heading(spec), "] ");
    } else if (spec.required) {
      usage += Heading(spec) + " ";
    }
  }
  return usage + "[options]";
}

std::string FormatOptions(std::span<const OptionSpec> specs) {
  std::string help;
  for (const std::string_view section : Sections(specs)) {
    help += Concat("\n", section, ":\n");
    for (const OptionSpec& spec : specs) {
      if (spec.section != section) continue;
      help += TwoColumns(Heading(spec), Concat(spec.help, OptionLimits(spec)));
    }
  }
  return help + "\n" + TwoColumns("-h, --help", "Show this and exit");
}

std::string FormatSources(std::string_view environment_prefix) {
  return Concat("Options can be set in the environment too (", environment_prefix,
                "...) and in a file (--config): doc/config.md.");
}

std::string FormatOptionsAsMarkdown(std::span<const OptionSpec> specs) {
  std::string text;
  for (const std::string_view section : Sections(specs)) {
    text += Concat("\n| ", section, " | |\n|---|---|\n");
    for (const OptionSpec& spec : specs) {
      if (spec.section != section) continue;
      text += Concat("| `", Cell(Heading(spec)), "` | ",
                     Cell(Concat(spec.help, OptionLimits(spec))), " |\n");
    }
  }
  return text;
}

}  // namespace cairn
