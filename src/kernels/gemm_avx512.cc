#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels/gemm_variants.h"

namespace cairn {
namespace {

struct Avx512 {
  using Reg = __m512;
  static constexpr int kWidth = 16;
  static constexpr int kRows = 8;
  static constexpr int kVecs = 3;
  static Reg Load(const float* from) { return _mm512_loadu_ps(from); }
  static void Store(float* to, Reg x) { _mm512_storeu_ps(to, x); }
  static Reg Broadcast(float x) { return _mm512_set1_ps(x); }
  static Reg MulAdd(Reg a, Reg b, Reg c) { return _mm512_fmadd_ps(a, b, c); }
};

}  // namespace

const GemmVariant kGemmAvx512 = {GemmTiles<Avx512>::ScratchFloats, GemmTiles<Avx512>::Run};

}  // namespace cairn

#endif
