#include "cli/man_page.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "base/option_help.h"
#include "base/status.h"
#include "cli/version.h"

namespace cairn {
namespace {

// A hyphen would be set as a dash, a dot or a quote at a line's start be read as a request.
std::string Roff(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const bool starts_line = escaped.empty() || escaped.back() == '\n';
    if (starts_line && (c == '.' || c == '\'')) escaped += "\\&";
    if (c == '\\') {
      escaped += "\\(rs";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string Bold(std::string_view text) { return Concat("\\fB", Roff(text), "\\fR"); }
std::string Italic(std::string_view text) { return Concat("\\fI", Roff(text), "\\fR"); }

// "cairn data gen" -> "cairn-data-gen".
std::string PageName(std::string name) {
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string Title(const std::string& name, std::string_view summary) {
  std::string capitals = PageName(name);
  std::transform(capitals.begin(), capitals.end(), capitals.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  // Without a date: the same sources make the same bytes.
  return Concat(".TH ", capitals, " 1 \"\" \"Cairn ", Version(), "\" \"User Commands\"\n",
                ".SH NAME\n", Roff(PageName(name)), " \\- ", Roff(summary), "\n");
}

std::string OptionHead(const OptionSpec& spec) {
  const char* const more = spec.kind == OptionSpec::Kind::kTexts ? "..." : "";
  if (spec.positional) return Italic(spec.metavar) + more;
  std::string head = Bold(Concat("--", spec.name));
  if (spec.kind != OptionSpec::Kind::kSwitch) head += " " + Italic(spec.metavar);
  return head + more;
}

std::string Synopsis(const Page& page) {
  std::string text = Concat(".SH SYNOPSIS\n", Bold(page.name));
  for (const OptionSpec& spec : page.options) {
    if (spec.required) text += " " + OptionHead(spec);
  }
  return text + " [\\fIoptions\\fR]\n";
}

std::string Options(const Page& page) {
  std::string text = ".SH OPTIONS\n";
  std::vector<std::string_view> sections;
  for (const OptionSpec& spec : page.options) {
    if (std::find(sections.begin(), sections.end(), spec.section) == sections.end()) {
      sections.push_back(spec.section);
    }
  }
  for (const std::string_view section : sections) {
    text += Concat(".SS ", Roff(section), "\n");
    for (const OptionSpec& spec : page.options) {
      if (spec.section != section) continue;
      text +=
          Concat(".TP\n", OptionHead(spec), "\n", Roff(spec.help), Roff(OptionLimits(spec)), ".\n");
    }
  }
  return text + ".SS Other\n.TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nShow the options and exit.\n";
}

std::string ExitStatus() {
  std::string text = ".SH EXIT STATUS\n";
  for (const ExitCodeMeaning& row : ExitCodes()) {
    text += Concat(".TP\n", row.code, "\n", Roff(row.meaning), "\n");
  }
  return text;
}

std::string PageText(const Page& page) {
  std::string text = Concat(Title(page.name, page.summary), Synopsis(page), ".SH DESCRIPTION\n",
                            Roff(page.description), "\n", Options(page));
  if (HasOwnSettings(page)) {
    text += Concat(".SH ENVIRONMENT AND FILES\n",
                   "What the command line does not say is taken from environment variables named ",
                   Roff(page.environment_prefix),
                   " and the option in capitals, then from the TOML file that \\fB\\-\\-config\\fR "
                   "names, in tables named as the headings above.\n");
  }
  return Concat(text, ExitStatus(), ".SH SEE ALSO\n.BR cairn (1)\n");
}

std::string CairnText(std::span<const Page> pages) {
  std::string text = Concat(Title("cairn", "train models with a parameter server"),
                            ".SH SYNOPSIS\n\\fBcairn\\fR \\fICOMMAND\\fR [\\fIoptions\\fR]\n",
                            ".SH DESCRIPTION\nResults go to standard output, progress and errors ",
                            "to standard error.\n.SH COMMANDS AND PROGRAMS\n");
  for (const Page& page : pages) {
    text += Concat(".TP\n", Bold(page.name), "\n", Roff(page.summary), ".\n");
  }
  text += ExitStatus() + ".SH SEE ALSO\n";
  for (const Page& page : pages) {
    text +=
        Concat(".BR ", Roff(PageName(page.name)), " (1)", &page == &pages.back() ? "" : ",", "\n");
  }
  return text;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> ManPages(std::span<const Page> pages) {
  std::vector<std::pair<std::string, std::string>> files = {{"cairn.1", CairnText(pages)}};
  for (const Page& page : pages) files.emplace_back(PageName(page.name) + ".1", PageText(page));
  return files;
}

}  // namespace cairn
