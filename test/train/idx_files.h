// idx files for tests.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cairn {

// The header of unsigned bytes with these sizes.
inline std::string IdxHeaderOf(const std::vector<uint32_t>& sizes) {
  std::string header = {'\0', '\0', '\x08', static_cast<char>(sizes.size())};
  for (const uint32_t size : sizes) {
    for (int shift = 24; shift >= 0; shift -= 8) header += static_cast<char>(size >> shift);
  }
  return header;
}

}  // namespace cairn
