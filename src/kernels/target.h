// Which row math this build runs. A bsp job pins one: replicas and re-runs must agree to the bit.
#pragma once

namespace cairn {

// The row optimizers use no contraction and no library function but sqrt, so every CPU that this
// runs on gives the same bits: there is one target. The number rises when a formula changes.
inline constexpr char kKernelTarget[] = "portable-1";

}  // namespace cairn
