// Every kernel that this machine can run, against sums taken in the simplest way.
#include "kernels/gemm.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "base/hash.h"

namespace cairn {
namespace {

constexpr float kPoison = -1234.5f;

std::vector<float> Random(uint64_t seed, size_t size) {
  std::vector<float> out(size);
  for (size_t i = 0; i < size; ++i) {
    out[i] = static_cast<float>(UnitInterval(HashWords(seed, i)) - 0.5);
  }
  return out;
}

std::vector<float> Transposed(const std::vector<float>& matrix, size_t rows, size_t cols) {
  std::vector<float> out(matrix.size());
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = 0; j < cols; ++j) out[j * rows + i] = matrix[i * cols + j];
  }
  return out;
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

struct Shape {
  size_t rows, cols, inner;
};

// A product with all that belongs to it.
struct Problem {
  explicit Problem(Shape s)
      : shape(s),
        a(Random(1, s.rows * s.inner)),
        b(Random(2, s.inner * s.cols)),
        bias(Random(3, s.cols)) {}

  // Outputs are poisoned, and so is what stands around them.
  std::vector<float> Run(const GemmKernel& kernel, bool a_transposed, bool b_transposed, bool relu,
                         bool with_bias) const {
    const std::vector<float> a_stored = a_transposed ? Transposed(a, shape.rows, shape.inner) : a;
    const std::vector<float> b_stored = b_transposed ? Transposed(b, shape.inner, shape.cols) : b;
    constexpr size_t kAround = 17;
    const size_t size = shape.rows * shape.cols;
    std::vector<float> memory(size + 2 * kAround, kPoison);
    GemmScratch scratch(3, std::numeric_limits<float>::quiet_NaN());
    kernel.Run({.rows = shape.rows,
                .cols = shape.cols,
                .inner = shape.inner,
                .a = a_stored,
                .a_transposed = a_transposed,
                .b = b_stored,
                .b_transposed = b_transposed,
                .bias = with_bias ? std::span<const float>(bias) : std::span<const float>(),
                .relu = relu,
                .c = std::span<float>(memory).subspan(kAround, size)},
               &scratch);
    for (size_t i = 0; i < kAround; ++i) {
      CHECK(memory[i] == kPoison);
      CHECK(memory[kAround + size + i] == kPoison);
    }
    return {memory.begin() + kAround, memory.end() - kAround};
  }

  // The definition in gemm.h, to the bit.
  std::vector<float> Defined(GemmMath math, bool relu, bool with_bias) const {
    std::vector<float> c(shape.rows * shape.cols);
    for (size_t i = 0; i < shape.rows; ++i) {
      for (size_t j = 0; j < shape.cols; ++j) {
        float sum = with_bias ? bias[j] : 0;
        for (size_t k = 0; k < shape.inner; ++k) {
          const float x = a[i * shape.inner + k], y = b[k * shape.cols + j];
          const volatile float product = x * y;  // Rounded, whatever the compiler would like.
          sum = math == GemmMath::kFused ? std::fma(x, y, sum) : sum + product;
        }
        c[i * shape.cols + j] = relu && sum < 0 ? 0 : sum;
      }
    }
    return c;
  }

  Shape shape;
  std::vector<float> a, b, bias;
};

const Shape kShapes[] = {
    {0, 5, 3},   {5, 0, 3},    {5, 3, 0},     {1, 1, 1},     {1, 48, 7},     {3, 2, 1},
    {8, 16, 16}, {9, 17, 33},  {7, 47, 255},  {13, 49, 257}, {241, 31, 5},   {6, 10, 300},
    {2, 769, 3}, {17, 96, 64}, {250, 64, 20}, {1, 1, 1000},  {33, 801, 259}, {5, 8, 4},
};

TEST_CASE("Matrix products are the sums of their definition, to the last bit", "[gemm]") {
  for (const GemmKernel* kernel : GemmKernel::Available()) {
    CAPTURE(kernel->name());
    for (const Shape& shape : kShapes) {
      CAPTURE(shape.rows, shape.cols, shape.inner);
      const Problem problem(shape);
      for (const bool relu : {false, true}) {
        for (const bool with_bias : {false, true}) {
          const std::vector<float> expected = problem.Defined(kernel->math(), relu, with_bias);
          for (const bool a_transposed : {false, true}) {
            for (const bool b_transposed : {false, true}) {
              CHECK(SameBits(problem.Run(*kernel, a_transposed, b_transposed, relu, with_bias),
                             expected));
            }
          }
        }
      }
    }
  }
}

TEST_CASE("Matrix products are near those in double", "[gemm]") {
  for (const GemmKernel* kernel : GemmKernel::Available()) {
    CAPTURE(kernel->name());
    for (const Shape shape : {Shape{64, 40, 784}, Shape{50, 33, 4000}}) {
      const Problem problem(shape);
      const std::vector<float> c = problem.Run(*kernel, false, false, false, true);
      double error = 0, norm = 0;
      for (size_t i = 0; i < shape.rows; ++i) {
        for (size_t j = 0; j < shape.cols; ++j) {
          double sum = problem.bias[j];
          for (size_t k = 0; k < shape.inner; ++k) {
            sum += double{problem.a[i * shape.inner + k]} * problem.b[k * shape.cols + j];
          }
          error += std::pow(c[i * shape.cols + j] - sum, 2);
          norm += sum * sum;
        }
      }
      CHECK(std::sqrt(error / norm) < 5e-6);
    }
  }
}

TEST_CASE("A row of a product does not depend on the rows beside it", "[gemm]") {
  for (const GemmKernel* kernel : GemmKernel::Available()) {
    const Problem all({29, 50, 70});
    Problem one({1, 50, 70});
    one.b = all.b;
    one.bias = all.bias;
    const std::vector<float> c = all.Run(*kernel, false, false, true, true);
    for (size_t row = 0; row < 29; ++row) {
      one.a.assign(all.a.begin() + static_cast<ptrdiff_t>(row * 70),
                   all.a.begin() + static_cast<ptrdiff_t>((row + 1) * 70));
      const std::vector<float> alone = one.Run(*kernel, false, false, true, true);
      CHECK(std::equal(alone.begin(), alone.end(), c.begin() + static_cast<ptrdiff_t>(row * 50)));
    }
  }
}

TEST_CASE("NaN and infinity go through a product, ReLU included", "[gemm]") {
  for (const GemmKernel* kernel : GemmKernel::Available()) {
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      Problem problem({9, 20, 11});
      problem.a[3 * 11 + 5] = bad;
      const std::vector<float> c = problem.Run(*kernel, false, false, true, false);
      bool finite = true;
      for (size_t j = 0; j < 20; ++j) finite = finite && std::isfinite(c[3 * 20 + j]);
      CHECK_FALSE(finite);
      CHECK(std::isfinite(c[2 * 20]));
      CHECK(std::isfinite(c[4 * 20]));
    }
  }
}

TEST_CASE("Kinds of arithmetic have names, and plain is everywhere", "[gemm]") {
  for (const GemmMath math : {GemmMath::kPlain, GemmMath::kFused}) {
    CHECK(ParseGemmMath(GemmMathName(math)) == math);
  }
  CHECK(ParseGemmMath("exact") == std::nullopt);
  REQUIRE(GemmKernel::Find(GemmMath::kPlain) != nullptr);
  CHECK(GemmKernel::Find(GemmMath::kPlain)->name() == "portable");
  const GemmKernel* fused = GemmKernel::Find(GemmMath::kFused);
  if (fused != nullptr) CHECK(fused == GemmKernel::Available().front());
}

}  // namespace
}  // namespace cairn
