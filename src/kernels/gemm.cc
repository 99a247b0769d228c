#include "kernels/gemm.h"

#include <array>
#include <cstring>

#include "base/check.h"
#include "kernels/gemm_tiles.h"
#include "kernels/gemm_variants.h"

namespace cairn {
namespace {

// Four floats, which every machine that we know adds and multiplies at once; the compiler makes
// something of them elsewhere.
struct Portable {
  typedef float Reg __attribute__((vector_size(16)));
  static constexpr int kWidth = 4;
  static constexpr int kRows = 4;
  static constexpr int kVecs = 2;
  static Reg Load(const float* from) {
    Reg x;
    std::memcpy(&x, from, sizeof x);
    return x;
  }
  static void Store(float* to, Reg x) { std::memcpy(to, &x, sizeof x); }
  static Reg Broadcast(float x) { return Reg{x, x, x, x}; }
  static Reg MulAdd(Reg a, Reg b, Reg c) { return c + a * b; }
};

constexpr GemmVariant kPortable = {GemmTiles<Portable>::ScratchFloats, GemmTiles<Portable>::Run};

class Kernel final : public GemmKernel {
 public:
  Kernel(std::string_view name, GemmMath math, const GemmVariant& variant)
      : name_(name), math_(math), variant_(variant) {}
  std::string_view name() const override { return name_; }
  GemmMath math() const override { return math_; }

 private:
  size_t ScratchFloats(const GemmCall& call) const override {
    return variant_.scratch_floats(call.cols, call.inner);
  }
  void Multiply(const GemmCall& call, float* scratch) const override {
    GemmLoops loops{};
    loops.rows = call.rows;
    loops.cols = call.cols;
    loops.inner = call.inner;
    loops.a = call.a.data();
    loops.a_row = call.a_transposed ? 1 : call.inner;
    loops.a_inner = call.a_transposed ? call.rows : 1;
    loops.b = call.b.data();
    loops.b_inner = call.b_transposed ? 1 : call.cols;
    loops.b_col = call.b_transposed ? call.inner : 1;
    loops.bias = call.bias.empty() ? nullptr : call.bias.data();
    loops.relu = call.relu;
    loops.c = call.c.data();
    variant_.run(loops, scratch);
  }

  const std::string_view name_;
  const GemmMath math_;
  const GemmVariant variant_;
};

std::vector<const GemmKernel*> FindKernels() {
  std::vector<const GemmKernel*> kernels;
#if defined(__x86_64__)
  static const Kernel avx512("avx512", GemmMath::kFused, kGemmAvx512);
  static const Kernel avx2("avx2", GemmMath::kFused, kGemmAvx2);
  const bool has_fma = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  if (has_fma && __builtin_cpu_supports("avx512f") != 0) kernels.push_back(&avx512);
  if (has_fma) kernels.push_back(&avx2);
#endif
  static const Kernel portable("portable", GemmMath::kPlain, kPortable);
  kernels.push_back(&portable);
  return kernels;
}

}  // namespace

std::string_view GemmMathName(GemmMath math) {
  return math == GemmMath::kFused ? "fused" : "plain";
}

std::optional<GemmMath> ParseGemmMath(std::string_view name) {
  for (const GemmMath math : {GemmMath::kPlain, GemmMath::kFused}) {
    if (name == GemmMathName(math)) return math;
  }
  return std::nullopt;
}

std::span<const GemmKernel* const> GemmKernel::Available() {
  static const std::vector<const GemmKernel*> kernels = FindKernels();
  return kernels;
}

const GemmKernel* GemmKernel::Find(GemmMath math) {
  for (const GemmKernel* kernel : Available()) {
    if (kernel->math() == math) return kernel;
  }
  return nullptr;
}

void GemmKernel::Run(const GemmCall& call, GemmScratch* scratch) const {
  CAIRN_CHECK(call.a.size() == call.rows * call.inner);
  CAIRN_CHECK(call.b.size() == call.inner * call.cols);
  CAIRN_CHECK(call.c.size() == call.rows * call.cols);
  CAIRN_CHECK(call.bias.empty() || call.bias.size() == call.cols);
  const size_t floats = ScratchFloats(call);
  if (scratch->size() < floats) scratch->resize(floats);
  Multiply(call, scratch->data());
}

}  // namespace cairn
