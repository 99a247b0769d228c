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
    std::string name;  // Within the directory.
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
  std::vector<File> files;  // In partition order; as many as there were partitions.
  uint64_t digest_high = 0, digest_low = 0;
};

std::string FormatManifest(const Manifest& manifest);
// kDataLoss names the line and what is wrong with it; a missing or damaged byte is found by the
// checksum in the last line.
absl::StatusOr<Manifest> ParseManifest(std::string_view text);

// "00112233445566778899aabbccddeeff".
std::string FormatDigest(uint64_t high, uint64_t low);

}  // namespace cairn
