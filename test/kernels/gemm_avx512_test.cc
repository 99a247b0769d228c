// gemm_test.cc holds every kernel to its definition; here, that this one is among them.
#include <catch2/catch.hpp>
#include <string_view>

#include "kernels/gemm.h"

namespace cairn {
namespace {

TEST_CASE("Products by avx512: where the machine has it, fused", "[gemm]") {
  const GemmKernel* found = nullptr;
  for (const GemmKernel* kernel : GemmKernel::Available()) {
    if (kernel->name() == std::string_view("avx512")) found = kernel;
  }
#if defined(__x86_64__)
  CHECK((found != nullptr) ==
        (__builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("fma") != 0));
#else
  CHECK(found == nullptr);
#endif
  if (found != nullptr) CHECK(found->math() == GemmMath::kFused);
}

}  // namespace
}  // namespace cairn
