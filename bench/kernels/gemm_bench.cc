// Matrix products as a dense layer needs them, beside the most that this core can do: the rate of
// fused multiply-adds of registers alone. `of_peak` is the share of it.
#include <benchmark/benchmark.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "base/hash.h"
#include "kernels/gemm.h"

namespace cairn {
namespace {

constexpr int kSums = 12;  // At once: enough for the latency of any core that we know.
constexpr size_t kPeakSteps = 1 << 20;

#if defined(__x86_64__)
[[gnu::target("avx2,fma")]] float PeakAvx2() {
  const __m256 x = _mm256_set1_ps(1e-3f);
  // Different ones, or the compiler would do it once.
  __m256 a = _mm256_set1_ps(1), b = _mm256_set1_ps(2), c = _mm256_set1_ps(3), d = _mm256_set1_ps(4);
  __m256 e = _mm256_set1_ps(5), f = _mm256_set1_ps(6), g = _mm256_set1_ps(7), h = _mm256_set1_ps(8);
  __m256 i = _mm256_set1_ps(9), j = _mm256_set1_ps(10), k = _mm256_set1_ps(11),
         l = _mm256_set1_ps(12);
  for (size_t step = 0; step < kPeakSteps; ++step) {
    a = _mm256_fmadd_ps(x, a, x);
    b = _mm256_fmadd_ps(x, b, x);
    c = _mm256_fmadd_ps(x, c, x);
    d = _mm256_fmadd_ps(x, d, x);
    e = _mm256_fmadd_ps(x, e, x);
    f = _mm256_fmadd_ps(x, f, x);
    g = _mm256_fmadd_ps(x, g, x);
    h = _mm256_fmadd_ps(x, h, x);
    i = _mm256_fmadd_ps(x, i, x);
    j = _mm256_fmadd_ps(x, j, x);
    k = _mm256_fmadd_ps(x, k, x);
    l = _mm256_fmadd_ps(x, l, x);
  }
  for (const __m256 y : {b, c, d, e, f, g, h, i, j, k, l}) a = _mm256_add_ps(a, y);
  return _mm256_cvtss_f32(a);
}

[[gnu::target("avx512f")]] float PeakAvx512() {
  const __m512 x = _mm512_set1_ps(1e-3f);
  // Different ones, or the compiler would do it once.
  __m512 a = _mm512_set1_ps(1), b = _mm512_set1_ps(2), c = _mm512_set1_ps(3), d = _mm512_set1_ps(4);
  __m512 e = _mm512_set1_ps(5), f = _mm512_set1_ps(6), g = _mm512_set1_ps(7), h = _mm512_set1_ps(8);
  __m512 i = _mm512_set1_ps(9), j = _mm512_set1_ps(10), k = _mm512_set1_ps(11),
         l = _mm512_set1_ps(12);
  for (size_t step = 0; step < kPeakSteps; ++step) {
    a = _mm512_fmadd_ps(x, a, x);
    b = _mm512_fmadd_ps(x, b, x);
    c = _mm512_fmadd_ps(x, c, x);
    d = _mm512_fmadd_ps(x, d, x);
    e = _mm512_fmadd_ps(x, e, x);
    f = _mm512_fmadd_ps(x, f, x);
    g = _mm512_fmadd_ps(x, g, x);
    h = _mm512_fmadd_ps(x, h, x);
    i = _mm512_fmadd_ps(x, i, x);
    j = _mm512_fmadd_ps(x, j, x);
    k = _mm512_fmadd_ps(x, k, x);
    l = _mm512_fmadd_ps(x, l, x);
  }
  for (const __m512 y : {b, c, d, e, f, g, h, i, j, k, l}) a = _mm512_add_ps(a, y);
  return _mm512_cvtss_f32(a);
}
#endif

template <typename Work>
double SecondsOf(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  benchmark::DoNotOptimize(work());
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Operations a second, two for each multiply-add; the best of some tries. 0: not known.
double PeakOf(const GemmKernel& kernel) {
  double seconds = 1e9;
  double lanes = 0;
  for (int attempt = 0; attempt < 20; ++attempt) {
#if defined(__x86_64__)
    if (kernel.name() == "avx512") {
      lanes = 16;
      seconds = std::min(seconds, SecondsOf(PeakAvx512));
    } else if (kernel.name() == "avx2") {
      lanes = 8;
      seconds = std::min(seconds, SecondsOf(PeakAvx2));
    }
#endif
  }
  return 2.0 * lanes * kSums * static_cast<double>(kPeakSteps) / seconds;
}

std::vector<float> Random(uint64_t seed, size_t size) {
  std::vector<float> out(size);
  for (size_t i = 0; i < size; ++i) {
    out[i] = static_cast<float>(UnitInterval(HashWords(seed, i)) - 0.5);
  }
  return out;
}

enum class Form : uint8_t { kForward, kWeights, kInputs };  // X W + b; X^T D; D W^T.

void Multiply(benchmark::State& state, const GemmKernel* kernel, Form form, size_t rows,
              size_t inputs, size_t outputs) {
  const std::vector<float> x = Random(1, rows * inputs), w = Random(2, inputs * outputs);
  const std::vector<float> d = Random(3, rows * outputs), bias = Random(4, outputs);
  GemmCall call;
  if (form == Form::kForward) {
    call = {
        .rows = rows, .cols = outputs, .inner = inputs, .a = x, .b = w, .bias = bias, .relu = true};
  } else if (form == Form::kWeights) {
    call = {.rows = inputs, .cols = outputs, .inner = rows, .a = x, .a_transposed = true, .b = d};
  } else {
    call = {.rows = rows, .cols = inputs, .inner = outputs, .a = d, .b = w, .b_transposed = true};
  }
  std::vector<float> c(call.rows * call.cols);
  call.c = c;
  GemmScratch scratch;
  for (auto _ : state) {
    kernel->Run(call, &scratch);
    benchmark::ClobberMemory();
  }
  const double operations = 2.0 * static_cast<double>(rows * inputs * outputs);
  state.counters["flops"] = benchmark::Counter(operations * static_cast<double>(state.iterations()),
                                               benchmark::Counter::kIsRate);
  if (const double peak = PeakOf(*kernel); peak > 0) {
    state.counters["of_peak"] = benchmark::Counter(
        operations * static_cast<double>(state.iterations()) / peak, benchmark::Counter::kIsRate);
  }
}

const bool kRegistered = [] {
  struct Shape {
    size_t rows, inputs, outputs;
  };
  const std::pair<Form, const char*> forms[] = {
      {Form::kForward, "forward"}, {Form::kWeights, "weights"}, {Form::kInputs, "inputs"}};
  for (const GemmKernel* kernel : GemmKernel::Available()) {
    for (const Shape s : {Shape{512, 400, 400}, Shape{234, 784, 128}, Shape{4096, 400, 400}}) {
      for (const auto& [form, name] : forms) {
        const std::string title = "Gemm/" + std::string(kernel->name()) + "/" + name + "/" +
                                  std::to_string(s.rows) + "x" + std::to_string(s.inputs) + "x" +
                                  std::to_string(s.outputs);
        benchmark::RegisterBenchmark(title.c_str(), Multiply, kernel, form, s.rows, s.inputs,
                                     s.outputs);
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace cairn
