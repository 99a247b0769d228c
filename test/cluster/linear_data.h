// Rows that a linear model can learn, for tests of training.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>

#include "base/check.h"
#include "base/hash.h"
#include "base/temp_directory.h"

namespace cairn {

// `rows` rows of libffm with two features of 16 each; the label is 1 where the numbers of both add
// up to at least 16. Returns the path. The same arguments give the same file.
inline std::string WriteLinearData(const TempDirectory& directory, const std::string& name,
                                   uint64_t rows, uint64_t seed) {
  std::ofstream file(directory.PathOf(name), std::ios::binary);
  for (uint64_t row = 0; row < rows; ++row) {
    const uint64_t random = Mix64(row + seed * 1'000'003);
    const uint64_t a = random % 16, b = (random >> 8) % 16;
    file << (a + b >= 16 ? 1 : 0) << " 0:" << a << ":1 1:" << 100 + b << ":1\n";
  }
  file.close();
  CAIRN_CHECK(file.good(), "cannot write a file for the test");
  return directory.PathOf(name);
}

}  // namespace cairn
