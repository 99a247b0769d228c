// Quantities for people to read. Thread-safe, whatever the locale.
#pragma once

#include <cstdint>
#include <string>

namespace cairn {

// Binary units: 999 -> "999 B", 1536 -> "1.5 KiB", 5 << 30 -> "5.0 GiB".
std::string HumanBytes(uint64_t bytes);
// 2700296 -> "2,700,296".
std::string HumanCount(uint64_t count);
// 0.0123 -> "12.3 ms", 7.5 -> "7.5 s", 125 -> "2 min 5 s", 7260 -> "2 h 1 min". Total:
// negative durations get a minus sign, what is not finite is "unknown".
std::string HumanSeconds(double seconds);

}  // namespace cairn
