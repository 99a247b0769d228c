// Products of matrices, for dense layers: row-major, in one thread, with the same bits on every
// machine that has the same arithmetic. Thread-safe.
//
// Each element of the product is a sum in ascending order of the inner index, in one float, from
// the bias on:
//   kFused:  c = fma(a, b, c)      one rounding a term
//   kPlain:  c = c + a * b         two
// It depends on nothing else: not on the width of vectors, on blocks, on addresses, or on what
// other rows and columns there are (doc/decisions/008). So AVX2 and AVX-512 give equal bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace cairn {

enum class GemmMath : uint8_t { kPlain, kFused };

std::string_view GemmMathName(GemmMath math);  // "plain", "fused"
std::optional<GemmMath> ParseGemmMath(std::string_view name);

// C [rows x cols] = A [rows x inner] B [inner x cols]. Borrowed; C overlaps nothing.
struct GemmCall {
  size_t rows = 0, cols = 0, inner = 0;
  std::span<const float> a = {};
  bool a_transposed = false;  // `a` is stored as [inner x rows].
  std::span<const float> b = {};
  bool b_transposed = false;         // `b` is stored as [cols x inner].
  std::span<const float> bias = {};  // [cols]: where the sums begin. Empty: at 0.
  bool relu = false;                 // Afterwards, what is below 0 becomes 0. NaN stays.
  std::span<float> c = {};           // Overwritten.
};

// Memory that calls have in common; its content means nothing. One a thread.
using GemmScratch = std::vector<float>;

// One way to compute it. There are few, and they live forever.
class GemmKernel {
 public:
  // Those that this machine can run, the fastest first. Plain arithmetic is always among them.
  static std::span<const GemmKernel* const> Available();
  // The fastest one with this arithmetic; null: this machine has none.
  static const GemmKernel* Find(GemmMath math);

  virtual ~GemmKernel() = default;
  virtual std::string_view name() const = 0;  // "avx512", "avx2", "portable".
  virtual GemmMath math() const = 0;
  // CHECKs that the spans have the sizes of the shape.
  void Run(const GemmCall& call, GemmScratch* scratch) const;

 private:
  virtual size_t ScratchFloats(const GemmCall& call) const = 0;
  virtual void Multiply(const GemmCall& call, float* scratch) const = 0;
};

}  // namespace cairn
