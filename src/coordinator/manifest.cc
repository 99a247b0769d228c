#include "coordinator/manifest.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <span>

#include "base/crc32c.h"
#include "base/escape.h"
#include "base/file_system.h"
#include "base/numbers.h"
#include "base/status.h"

namespace cairn {
namespace {

constexpr std::string_view kTitle = "cairn model 1";
constexpr std::string_view kBeside = "../";

bool UnhexWord(std::string_view hex, size_t digits, uint64_t* word) {
  if (hex.size() != digits) return false;
  *word = 0;
  for (const char c : hex) {
    const int digit = HexDigit(c);
    if (digit < 0) return false;
    *word = *word * 16 + static_cast<uint64_t>(digit);
  }
  return true;
}

uint32_t CrcOf(std::string_view text) {
  return Crc32c(std::as_bytes(std::span(text.data(), text.size())));
}

std::string HexWord(uint64_t word, int digits) {
  char buffer[17];
  std::snprintf(buffer, sizeof buffer, "%0*llx", digits, static_cast<unsigned long long>(word));
  return buffer;
}

// Cuts the text up to `separator` off the front of `rest`.
std::string_view Cut(std::string_view* rest, char separator) {
  const size_t at = rest->find(separator);
  const std::string_view head = rest->substr(0, at);
  *rest = at == std::string_view::npos ? std::string_view() : rest->substr(at + 1);
  return head;
}

absl::Status CheckPlainName(const std::string& name) {
  const bool plain = !name.empty() && name.find('/') == std::string::npos && name[0] != '.';
  return plain ? absl::OkStatus() : DataLoss("not a plain file name: ", name);
}

// A plain name, perhaps in a directory beside this one.
absl::Status CheckFileName(const std::string& name) {
  if (!name.starts_with(kBeside)) return CheckPlainName(name);
  const size_t end = name.find('/', kBeside.size());
  if (end == std::string::npos) return CheckPlainName(name);
  CAIRN_RETURN_IF_ERROR(CheckPlainName(name.substr(kBeside.size(), end - kBeside.size())));
  return CheckPlainName(name.substr(end + 1));
}

absl::Status ParseState(std::string_view line, Manifest* manifest) {
  CAIRN_ASSIGN_OR_RETURN(manifest->state.bytes, ParseU64(Cut(&line, ' ')));
  uint64_t crc = 0;
  if (!UnhexWord(Cut(&line, ' '), 8, &crc)) return DataLoss("a checksum is not 8 hex digits");
  manifest->state.crc = static_cast<uint32_t>(crc);
  manifest->state.name = std::string(line);
  return CheckPlainName(manifest->state.name);
}

absl::Status ParseFile(std::string_view line, Manifest* manifest) {
  Manifest::File file;
  CAIRN_ASSIGN_OR_RETURN(const uint64_t partition, ParseU64(Cut(&line, ' ')));
  CAIRN_ASSIGN_OR_RETURN(file.bytes, ParseU64(Cut(&line, ' ')));
  uint64_t crc = 0;
  if (!UnhexWord(Cut(&line, ' '), 8, &crc)) return DataLoss("a checksum is not 8 hex digits");
  CAIRN_ASSIGN_OR_RETURN(file.rows, ParseU64(Cut(&line, ' ')));
  file.partition = static_cast<uint32_t>(partition);
  file.crc = static_cast<uint32_t>(crc);
  file.name = std::string(line);
  const uint32_t next = manifest->partitions();
  const bool is_increment = next > 0 && partition == next - 1;
  if (partition != next && !is_increment) return DataLoss("partitions are not in order");
  CAIRN_RETURN_IF_ERROR(CheckFileName(file.name));
  manifest->files.push_back(std::move(file));
  return {};
}

absl::Status ParseLine(std::string_view key, std::string_view value, Manifest* manifest) {
  if (key == "job") {
    CAIRN_ASSIGN_OR_RETURN(manifest->job, Unescape(value));
  } else if (key == "program") {
    CAIRN_ASSIGN_OR_RETURN(const std::string line, Unescape(value));
    manifest->program += line;
  } else if (key == "digest") {
    if (value.size() != 32 || !UnhexWord(value.substr(0, 16), 16, &manifest->digest_high) ||
        !UnhexWord(value.substr(16), 16, &manifest->digest_low)) {
      return DataLoss("a digest is not 32 hex digits");
    }
  } else if (key == "state") {
    return ParseState(value, manifest);
  } else if (key == "file") {
    return ParseFile(value, manifest);
  } else {
    return DataLoss("unknown entry \"", key, "\"");
  }
  return {};
}

}  // namespace

std::string FormatDigest(uint64_t high, uint64_t low) {
  return HexWord(high, 16) + HexWord(low, 16);
}

std::string PathOf(const std::string& directory, const Manifest::File& file) {
  if (!file.name.starts_with(kBeside)) return JoinPath(directory, file.name);
  return JoinPath(ParentDirectory(directory), file.name.substr(kBeside.size()));
}

std::string FormatManifest(const Manifest& manifest) {
  std::string text = Concat(kTitle, "\njob ", Escape(manifest.job), "\n");
  if (!manifest.has_increments()) {
    text += Concat("digest ", FormatDigest(manifest.digest_high, manifest.digest_low), "\n");
  }
  // One entry for each line of the program, its line break included.
  for (std::string_view rest = manifest.program; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
    text += Concat("program ", Escape(rest.substr(0, end)), "\n");
    rest = rest.substr(end);
  }
  if (!manifest.state.name.empty()) {
    text += Concat("state ", manifest.state.bytes, " ", HexWord(manifest.state.crc, 8), " ",
                   manifest.state.name, "\n");
  }
  for (const Manifest::File& file : manifest.files) {
    text += Concat("file ", file.partition, " ", file.bytes, " ", HexWord(file.crc, 8), " ",
                   file.rows, " ", file.name, "\n");
  }
  return Concat(text, "end ", HexWord(CrcOf(text), 8), "\n");
}

absl::StatusOr<Manifest> ParseManifest(std::string_view text) {
  const std::string_view whole = text;
  Manifest manifest;
  if (Cut(&text, '\n') != kTitle) return DataLoss("line 1: not a manifest of version 1");
  for (int line_number = 2; !text.empty(); ++line_number) {
    const std::string_view before = whole.substr(0, whole.size() - text.size());
    std::string_view line = Cut(&text, '\n');
    const std::string_view key = Cut(&line, ' ');
    if (key == "end") {
      const bool at_end = text.empty() && whole.ends_with('\n');
      if (line != HexWord(CrcOf(before), 8) || !at_end) {
        return DataLoss("line ", line_number, ": the checksum does not match");
      }
      if (!std::has_single_bit(manifest.partitions())) {
        return DataLoss("the number of partitions, ", manifest.partitions(),
                        ", is no power of two");
      }
      return manifest;
    }
    const absl::Status status = ParseLine(key, line, &manifest);
    if (!status.ok()) return DataLoss("line ", line_number, ": ", MessageOf(status));
  }
  return DataLoss("the last line is missing: the file is cut short");
}

}  // namespace cairn
