#include "base/option_file.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>
#include <vector>

#include "base/numbers.h"
#include "base/status.h"
#include "base/suggest.h"

// The parser asserts what a text may break ("[[[" does), and where NDEBUG is defined lets the
// optimizer assume it. Behind those assertions it handles the case as an error: that must stay.
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(expr) static_assert(true)
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

std::string_view TypeName(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a text";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

std::string ExpectedOf(const OptionSpec& spec) {
  switch (spec.kind) {
    case Kind::kText:
      return spec.is_comma_list ? "a text in quotes with commas in it, or a list of texts"
                                : "a text in quotes";
    case Kind::kTexts:
      return "a text in quotes, or a list of them in brackets";
    case Kind::kChoice:
      return Concat("a text in quotes, ", LegalValues(spec));
    default:
      return DescribeLegalValues(spec);
  }
}

// One pass over a parsed file. Errors are gathered and the first one in the file is reported: a
// table's keys come in the order of their names.
class FileReader {
 public:
  FileReader(std::span<const OptionSpec> specs, const std::string& path)
      : specs_(specs), path_(path) {
    for (const OptionSpec& spec : specs) {
      const std::string section = FileSection(spec.section);
      const bool is_new = std::find(sections_.begin(), sections_.end(), section) == sections_.end();
      if (Settable(spec) && is_new) sections_.push_back(section);
    }
  }

  absl::StatusOr<GivenOptions> Read(const toml::table& file) {
    for (const auto& [key, node] : file) ReadTopLevel(key, node);
    if (error_.ok()) return std::move(given_);
    return error_;
  }

 private:
  static bool Settable(const OptionSpec& spec) { return spec.from == OptionSpec::From::kAnywhere; }

  std::string Where(const toml::source_position& at) const {
    return Concat(path_, ":", at.line, ":", at.column);
  }

  template <typename... Parts>
  void Fail(const toml::source_position& at, const Parts&... parts) {
    KeepFirst(at, InvalidArgument(Where(at), ": ", parts...));
  }

  void KeepFirst(const toml::source_position& at, absl::Status error) {
    if (error.ok() || (!error_.ok() && !(at < error_at_))) return;
    error_ = std::move(error);
    error_at_ = at;
  }

  const OptionSpec* Find(std::string_view name) const {
    const auto spec = std::find_if(specs_.begin(), specs_.end(), [&](const OptionSpec& candidate) {
      return Settable(candidate) && candidate.name == name;
    });
    return spec == specs_.end() ? nullptr : &*spec;
  }

  void ReadTopLevel(const toml::key& key, const toml::node& node) {
    const std::string_view name = key.str();
    const auto at = key.source().begin;
    const bool is_section = std::find(sections_.begin(), sections_.end(), name) != sections_.end();
    if (is_section && node.is_table()) {
      for (const auto& [inner, value] : *node.as_table()) ReadKey(name, inner, value);
    } else if (is_section) {
      Fail(at, Quoted(name), " is a section: write [", name, "] and its keys below");
    } else if (const OptionSpec* spec = Find(name); spec != nullptr) {
      Fail(at, "key ", Quoted(name), " stands in no section; it belongs in [",
           FileSection(spec->section), "]");
    } else {
      const std::string guess = ClosestWord(name, sections_);
      Fail(at, "unknown section [", name, "]; ",
           guess.empty() ? "there are " + AllSections() : Concat("did you mean [", guess, "]?"));
    }
  }

  void ReadKey(std::string_view section, const toml::key& key, const toml::node& node) {
    const auto at = key.source().begin;
    const OptionSpec* spec = Find(key.str());
    if (spec == nullptr) return UnknownKey(section, key);
    if (FileSection(spec->section) != section) {
      return Fail(at, "key ", Quoted(key.str()), " belongs in [", FileSection(spec->section),
                  "], not in [", section, "]");
    }
    GivenOption option;
    option.origin = {OptionOrigin::Kind::kFile, Where(at)};
    if (spec->kind == Kind::kTexts && node.is_array()) {
      for (const toml::node& item : *node.as_array()) ReadValue(*spec, item, &option);
      if (node.as_array()->empty()) Fail(node.source().begin, spec->name, ": the list is empty");
    } else if (spec->is_comma_list && node.is_array()) {
      ReadCommaList(*spec, *node.as_array(), &option);
    } else {
      ReadValue(*spec, node, &option);
    }
    given_[std::string(spec->name)] = std::move(option);
  }

  // As the command line would have it: with commas between its texts.
  void ReadCommaList(const OptionSpec& spec, const toml::array& list, GivenOption* option) {
    std::string joined;
    for (const toml::node& item : list) {
      const auto* text = item.as_string();
      if (text == nullptr || text->get().find(',') != std::string::npos) {
        return Fail(item.source().begin, spec.name, ": must be a text in quotes without a comma",
                    text == nullptr ? Concat("; this is ", TypeName(item)) : "");
      }
      joined += Concat(&item == &list[0] ? "" : ",", text->get());
    }
    const auto at = list.source().begin;
    KeepFirst(at, CheckOptionValue(spec, Concat(Where(at), ": ", spec.name), joined));
    option->texts.push_back(std::move(joined));
  }

  void UnknownKey(std::string_view section, const toml::key& key) {
    std::vector<OptionSpec> here, anywhere;
    for (const OptionSpec& spec : specs_) {
      if (!Settable(spec)) continue;
      anywhere.push_back(spec);
      if (FileSection(spec.section) == section) here.push_back(spec);
    }
    const OptionSpec* guess = ClosestOption(key.str(), here);
    std::string place;  // Named where it is another section's.
    if (guess == nullptr) {
      guess = ClosestOption(key.str(), anywhere);
      if (guess != nullptr) place = Concat(" in [", FileSection(guess->section), "]");
    }
    Fail(key.source().begin, "unknown key ", Quoted(key.str()), " in [", section, "]",
         guess == nullptr ? "" : Concat("; did you mean ", Quoted(guess->name), place, "?"));
  }

  void ReadValue(const OptionSpec& spec, const toml::node& node, GivenOption* option) {
    const auto at = node.source().begin;
    std::string text;
    if (!TextOf(spec, node, &text)) {
      return Fail(at, spec.name, ": must be ", ExpectedOf(spec), "; this is ", TypeName(node));
    }
    KeepFirst(at, CheckOptionValue(spec, Concat(Where(at), ": ", spec.name), text));
    option->texts.push_back(std::move(text));
  }

  // The value as the command line would have it; false if it is of another type than the option.
  static bool TextOf(const OptionSpec& spec, const toml::node& node, std::string* text) {
    switch (spec.kind) {
      case Kind::kSwitch:
        if (const auto* value = node.as_boolean()) *text = value->get() ? "true" : "false";
        return node.is_boolean();
      case Kind::kText:
      case Kind::kTexts:
      case Kind::kChoice:
        if (const auto* value = node.as_string()) *text = value->get();
        return node.is_string();
      case Kind::kCount:
      case Kind::kPowerOfTwo:
        if (const auto* value = node.as_integer()) *text = std::to_string(value->get());
        return node.is_integer();
      case Kind::kReal:
        break;
    }
    char buffer[32];  // The longest is "-1.2345678901234567e-308".
    char* end = buffer;
    if (const auto* whole = node.as_integer()) {
      end = std::to_chars(buffer, buffer + sizeof(buffer), whole->get()).ptr;
    } else if (const auto* real = node.as_floating_point()) {
      end = std::to_chars(buffer, buffer + sizeof(buffer), real->get()).ptr;
    }
    text->assign(buffer, end);
    return end != buffer;
  }

  std::string AllSections() const {
    std::string all;
    for (const std::string& section : sections_) {
      all += Concat(all.empty() ? "[" : ", [", section, "]");
    }
    return all;
  }

  const std::span<const OptionSpec> specs_;
  const std::string& path_;
  std::vector<std::string> sections_;
  GivenOptions given_;
  absl::Status error_;
  toml::source_position error_at_;  // Meaningful once there is an error.
};

// The parser's test for blanks is undefined for most characters beyond ASCII (toml++ 3.3), so those
// are let through to it only where it does not test: in comments and in texts of one line. TOML
// allows them in texts of several lines too; there they have to be escaped.
class CharacterCheck {
 public:
  CharacterCheck(const std::string& path, std::string_view text) : path_(path), text_(text) {}

  absl::Status Run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (c == '"' || c == '\'') {
        CAIRN_RETURN_IF_ERROR(SkipText(c));
      } else {
        CAIRN_RETURN_IF_ERROR(CheckAscii());
        ++at_;
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status SkipText(char quote) {
    const std::string three(3, quote);
    const bool is_long = text_.substr(at_).starts_with(three);
    const std::string_view end = std::string_view(three).substr(0, is_long ? 3 : 1);
    at_ += end.size();
    while (at_ < text_.size() && !text_.substr(at_).starts_with(end)) {
      if (!is_long && text_[at_] == '\n') return absl::OkStatus();  // The parser says it.
      if (is_long) CAIRN_RETURN_IF_ERROR(CheckAscii());
      const bool is_escape = quote == '"' && text_[at_] == '\\';
      at_ += is_escape && text_.substr(at_ + 1, 1) != "\n" ? 2 : 1;
    }
    at_ = std::min(at_ + end.size(), text_.size());
    // A text may end in quotes of its own, up to two.
    for (int more = 0; is_long && more < 2 && text_.substr(at_, 1) == end.substr(0, 1); ++more) {
      ++at_;
    }
    return absl::OkStatus();
  }

  absl::Status CheckAscii() const {
    if (static_cast<unsigned char>(text_[at_]) < 0x80) return absl::OkStatus();
    const std::string_view before = text_.substr(0, at_);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::string_view in_line = before.substr(before.rfind('\n') + 1);  // npos + 1 is 0.
    const auto column = 1 + std::count_if(in_line.begin(), in_line.end(),
                                          [](char c) { return (c & 0xC0) != 0x80; });
    return InvalidArgument(path_, ":", line, ":", column,
                           ": a character that is not ASCII may stand in comments and in texts of "
                           "one line; in longer texts write it as \\uXXXX");
  }

  const std::string& path_;
  const std::string_view text_;
  size_t at_ = 0;
};

// The same text, in the same columns, with a "?" for each character beyond ASCII.
std::string Masked(std::string_view text) {
  std::string masked;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) masked += c;
    if (byte >= 0xC0) masked += '?';
  }
  return masked;
}

std::string QuotedForFile(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (byte < 0x20 || byte == 0x7F) {
      quoted += {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

}  // namespace

std::string FileSection(std::string_view section) {
  std::string name;
  for (const char c : section) {
    name += c == ' ' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return name;
}

std::string FormatFileValue(const OptionSpec& spec, std::span<const std::string> texts) {
  if (spec.kind == Kind::kTexts) {
    std::string list;
    for (const std::string& text : texts) {
      list += Concat(list.empty() ? "" : ", ", QuotedForFile(text));
    }
    return Concat("[", list, "]");
  }
  if (texts.empty()) return "";
  const bool is_text = spec.kind == Kind::kText || spec.kind == Kind::kChoice;
  return is_text ? QuotedForFile(texts[0]) : texts[0];
}

absl::StatusOr<GivenOptions> ParseOptionFile(std::span<const OptionSpec> specs,
                                             const std::string& path, std::string_view text) {
  if (text.size() > kOptionFileBytesMax) {
    return InvalidArgument(path, ": longer than the ", kOptionFileBytesMax,
                           " bytes that settings may take");
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // A byte order mark.
  CAIRN_RETURN_IF_ERROR(CharacterCheck(path, text).Run());
  // What a quote is can be relied on in a well-formed text only, which this tells without a risk.
  toml::parse_result result = toml::parse(Masked(text));
  if (result.succeeded()) result = toml::parse(text);
  if (result.failed()) {
    const toml::source_position at = result.error().source().begin;
    return InvalidArgument(path, ":", at.line, ":", at.column, ": ", result.error().description());
  }
  return FileReader(specs, path).Read(result.table());
}

}  // namespace cairn
