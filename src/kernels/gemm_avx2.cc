#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels/gemm_variants.h"

namespace cairn {
namespace {

struct Avx2 {
  using Reg = __m256;
  static constexpr int kWidth = 8;
  static constexpr int kRows = 6;
  static constexpr int kVecs = 2;
  static Reg Load(const float* from) { return _mm256_loadu_ps(from); }
  static void Store(float* to, Reg x) { _mm256_storeu_ps(to, x); }
  static Reg Broadcast(float x) { return _mm256_set1_ps(x); }
  static Reg MulAdd(Reg a, Reg b, Reg c) { return _mm256_fmadd_ps(a, b, c); }
};

}  // namespace

const GemmVariant kGemmAvx2 = {GemmTiles<Avx2>::ScratchFloats, GemmTiles<Avx2>::Run};

}  // namespace cairn

#endif
