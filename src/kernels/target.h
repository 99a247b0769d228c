// Which row math this build runs. A bsp job pins one: replicas and re-runs must agree to the bit.
#pragma once

namespace cairn {

// The row optimizers and the models' kernels use no contraction and no library function but sqrt,
// and vectors of any length do the same operations in the same order, so every CPU that this runs
// on gives the same bits: there is one target. The number rises when a formula changes.
inline constexpr char kKernelTarget[] = "portable-2";

}  // namespace cairn
