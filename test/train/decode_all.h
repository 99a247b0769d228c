// Runs a whole file through a decoder.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/status.h"
#include "train/text_decoder.h"

namespace cairn {

// In pieces of at most so many bytes; kOutOfRange if the file ends where it may not.
inline absl::StatusOr<std::string> DecodeAll(TextDecoder* decoder, std::string_view file,
                                             size_t piece = 1000) {
  std::string text;
  std::string out(piece, '\0');
  bool complete = true;
  while (true) {
    const std::string_view in = file.substr(0, piece);
    if (in.empty() && complete) return text;
    CAIRN_ASSIGN_OR_RETURN(const TextDecoder::Step step,
                           decoder->Decode(std::span(in.data(), in.size()), out));
    text.append(out, 0, step.produced);
    file.remove_prefix(step.consumed);
    complete = step.complete;
    if (in.empty() && step.produced == 0 && !complete) {
      return MakeError(absl::StatusCode::kOutOfRange, "cut off");
    }
  }
}

// Does not compress well, so a long one takes many steps.
inline std::string HashText(size_t bytes) {
  std::string text;
  for (uint64_t i = 0; text.size() < bytes; ++i) text += std::to_string(Mix64(i)) + "\n";
  text.resize(bytes);
  return text;
}

}  // namespace cairn
