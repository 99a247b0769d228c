// The matrix products that this build has for instructions beyond the baseline's. Each is defined
// in a file that is compiled for them, and must only be called on a machine that has them.
#pragma once

#include <cstddef>

#include "kernels/gemm_tiles.h"

namespace cairn {

struct GemmVariant {
  size_t (*scratch_floats)(size_t cols, size_t inner);
  void (*run)(const GemmLoops& loops, float* scratch);
};

#if defined(__x86_64__)
extern const GemmVariant kGemmAvx2;    // AVX2 and FMA.
extern const GemmVariant kGemmAvx512;  // AVX-512F.
#endif

}  // namespace cairn
