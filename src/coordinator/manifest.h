// The MANIFEST of a saved model: which files it consists of, and how to know that they are whole.
// Text, so that people can read it; written last, so that a model without one does not exist.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace cairn {

inline constexpr char kManifestName[] = "MANIFEST";

struct Manifest {
  std::string job;
  std::string program;  // JobSpec::program of the job that wrote the model.
  struct File {
    uint32_t partition = 0;
    // Within the directory; or, of one that belongs to a checkpoint beside this one already:
    // "../checkpoint-7/NAME".
    std::string name;
    uint64_t bytes = 0;
    uint32_t crc = 0;  // CRC32C of the whole file.
    uint64_t rows = 0;
  };
  // Of a checkpoint: the file that says of which job, and how far it was.
  struct Extra {
    std::string name;  // Empty: there is none.
    uint64_t bytes = 0;
    uint32_t crc = 0;  // CRC32C of the whole file.
  } state;
  // By partition: of each the file of all its rows, then the increments on it, as they were
  // written.
  std::vector<File> files;
  // 0 if there are increments: then nobody knows it who has not read all of them.
  uint64_t digest_high = 0, digest_low = 0;

  uint32_t partitions() const { return files.empty() ? 0 : files.back().partition + 1; }
  bool has_increments() const { return files.size() > partitions(); }
};

// Where the file of a manifest in `directory` is.
std::string PathOf(const std::string& directory, const Manifest::File& file);

std::string FormatManifest(const Manifest& manifest);
// kDataLoss names the line and what is wrong with it; a missing or damaged byte is found by the
// checksum in the last line.
absl::StatusOr<Manifest> ParseManifest(std::string_view text);

// "00112233445566778899aabbccddeeff".
std::string FormatDigest(uint64_t high, uint64_t low);

}  // namespace cairn
