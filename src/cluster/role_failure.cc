#include "cluster/role_failure.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

#include "base/json.h"
#include "base/posix_file_system.h"
#include "base/status.h"

namespace cairn {
namespace {

constexpr uint64_t kTailBytesMax = uint64_t{64} << 10;

// Logs end up on terminals: control characters do not.
std::string Printable(std::string_view line) {
  std::string text(line);
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < ' ' && c != '\t') || byte == 0x7F) c = '?';
  }
  return text;
}

}  // namespace

std::string Headline(const RoleFailure& failure) {
  const bool killed = failure.end.signal != 0;
  const std::string_view article = failure.role == "coordinator" ? "the " : "";
  return Concat(article, failure.role, killed ? " was killed by " : " ended with ",
                Describe(failure.end));
}

std::string Details(const RoleFailure& failure) {
  std::string text = Concat("  process  pid ", failure.pid, " on ", failure.host, "\n");
  if (failure.lines.empty()) {
    text += Concat("  log      ", failure.log, " (empty)\n");
  } else {
    text += Concat("  log      ", failure.log, ", which ends with\n");
    for (const std::string& line : failure.lines) text += Concat("           | ", line, "\n");
  }
  if (!failure.advice.empty()) text += Concat("  what to do  ", failure.advice, "\n");
  text.pop_back();
  return text;
}

std::string FailureAsJson(const RoleFailure& failure, const std::string& message, int exit_code) {
  JsonWriter json;
  const auto text = [&](std::string_view key, std::string_view value) {
    json.Key(key);
    json.String(value);
  };
  const auto number = [&](std::string_view key, uint64_t value) {
    json.Key(key);
    json.Integer(value);
  };
  json.BeginObject();
  text("message", message);
  number("exit_code", static_cast<uint64_t>(exit_code));
  text("role", failure.role);
  text("host", failure.host);
  number("pid", static_cast<uint64_t>(failure.pid));
  text("end", Describe(failure.end));
  text("log", failure.log);
  json.Key("log_lines");
  json.BeginArray();
  for (const std::string& line : failure.lines) json.String(line);
  json.EndArray();
  text("advice", failure.advice);
  json.EndObject();
  return json.Finish();
}

std::vector<std::string> LastLines(const std::string& path) {
  PosixFileSystem files;
  const absl::StatusOr<uint64_t> size = files.Size(path);
  if (!size.ok()) return {};
  std::vector<char> bytes(static_cast<size_t>(std::min(*size, kTailBytesMax)));
  const absl::StatusOr<size_t> got =
      files.ReadAt(path, *size - bytes.size(), std::as_writable_bytes(std::span<char>(bytes)));
  if (!got.ok()) return {};
  std::string_view text(bytes.data(), *got);
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.push_back(Printable(text.substr(0, end)));
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
  }
  const bool cut = *size > bytes.size() && !lines.empty();
  const size_t first = lines.size() > kFailureLines ? lines.size() - kFailureLines : (cut ? 1 : 0);
  lines.erase(lines.begin(), lines.begin() + static_cast<ptrdiff_t>(first));
  return lines;
}

}  // namespace cairn
