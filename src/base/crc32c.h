// CRC-32C (Castagnoli polynomial 0x1EDC6F41, reflected, as in iSCSI, RFC 3720 appendix B.4): the
// checksum of frames and files. Finds every burst of up to 32 bits; no protection against malice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace cairn {

// The checksum of `data`. Extendable: Crc32c(b, Crc32c(a)) is the checksum of a followed by b.
// Thread-safe. Uses the SSE4.2 instruction where the machine has it.
uint32_t Crc32c(std::span<const std::byte> data, uint32_t seed = 0);

namespace internal {

// The two ways to compute it, for tests and benchmarks. Both give the same result.
uint32_t Crc32cByTable(std::span<const std::byte> data, uint32_t seed);
bool HasCrc32cInstruction();
uint32_t Crc32cByInstruction(std::span<const std::byte> data, uint32_t seed);  // If Has...().

}  // namespace internal
}  // namespace cairn
