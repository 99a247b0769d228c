// How a job can end: the exit codes of the command line that the coordinator itself decides on.
#pragma once

#include <cstdint>

namespace cairn {

inline constexpr int32_t kExitInternal = 1;
inline constexpr int32_t kExitUsage = 2;
inline constexpr int32_t kExitModelDamaged = 4;
inline constexpr int32_t kExitNotFormed = 5;
inline constexpr int32_t kExitDiverged = 6;
inline constexpr int32_t kExitInterrupted = 130;

}  // namespace cairn
