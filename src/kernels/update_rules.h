// The formulas of the built-in optimizers: the only place where they stand (doc/optimizers.md).
// Used for whole rows (optimizers.cc) and, where a row is one weight, in loops over rows; on a GPU,
// too (cuda/optimizers.cu). Every operation is a single IEEE float addition, multiplication,
// division or square root in a fixed order, so results are the same bits on every compiler and at
// every optimisation level (the folders that include this are compiled without contraction).
#pragma once

#include <cmath>
#include <cstddef>
#include <variant>

// On a CPU a rule has the instruction set of the loop that it stands in, so it is always inlined.
#ifdef __CUDACC__
#define CAIRN_HOST_DEVICE __host__ __device__
#else
#define CAIRN_HOST_DEVICE [[gnu::always_inline]]
#endif

namespace cairn {

// ---- Those of which each weight goes its own way.

// Each rule changes one weight w and its state by the gradient q, the prior added already. `rate`
// is the learning rate with the step's factor. kStates: floats of state of one weight; rules with
// one take it as `a`, with two as `a` and `b`; what is not used may be null.

// w -= rate * q
struct SgdRule {
  static constexpr bool kIsGradient = true;
  static constexpr int kStates = 0;
  CAIRN_HOST_DEVICE void Update(float q, float rate, float* w, float*, float*) const {
    *w -= rate * q;
  }
};

// s += q * q;  w -= rate * q / (sqrt(s) + epsilon). Duchi, Hazan, Singer 2011.
struct AdagradRule {
  static constexpr bool kIsGradient = true;
  static constexpr int kStates = 1;
  float epsilon;
  CAIRN_HOST_DEVICE void Update(float q, float rate, float* w, float* s, float*) const {
    *s += q * q;
    *w -= rate * q / (std::sqrt(*s) + epsilon);
  }
};

// FTRL-proximal (McMahan et al. 2013), per coordinate, alpha the learning rate of the spec:
//   n' = n + q^2;  sigma = (sqrt(n') - sqrt(n)) / alpha;  z += r * q - sigma * w
//   w = |z| <= l1 ? 0 : -(z - sgn(z) * l1) * alpha / (beta + sqrt(n'))
// r = rate / alpha is the step's learning-rate factor. It scales what a gradient adds to z and
// leaves alpha alone: with l1 = 0 that is w -= r * alpha * q / (beta + sqrt(n')), so a schedule
// slows the steps and does not pull the weights to 0 as a shrinking alpha would.
struct FtrlRule {
  static constexpr bool kIsGradient = true;
  static constexpr int kStates = 2;
  float alpha, beta, l1;
  CAIRN_HOST_DEVICE void Update(float q, float rate, float* w, float* z, float* n) const {
    // At its first touch, a weight that is not 0 has the z that belongs to it.
    const bool is_new = (*n == 0) & (*z == 0) & (*w != 0);
    const float old_z = is_new ? StateOf(*w, 0) : *z;
    const float root = std::sqrt(*n);
    *n += q * q;
    const float new_root = std::sqrt(*n);
    // (sqrt(n') - sqrt(n)) / alpha without the cancellation that float suffers at large n.
    const float denominator = alpha * (new_root + root);
    const float quotient = q * q / denominator;
    const float sigma = denominator > 0 ? quotient : 0.0f;
    *z = old_z + (rate / alpha * q - sigma * *w);
    // With beta = 0 and no gradient yet, nothing defines a weight.
    const float weight = WeightOf(*z, new_root);
    *w = beta + new_root == 0 ? *w : weight;
  }
  // The z that has this weight, which is not 0, together with root = sqrt(n).
  CAIRN_HOST_DEVICE float StateOf(float w, float root) const {
    return -((beta + root) / alpha) * w + (w > 0 ? -l1 : l1);
  }
  // The weight that follows from z and sqrt(n), which is not 0 together with beta.
  CAIRN_HOST_DEVICE float WeightOf(float z, float root) const {
    const float shrunk = z > 0 ? z - l1 : z + l1;
    const float weight = -shrunk * alpha / (beta + root);
    return std::fabs(z) <= l1 ? 0.0f : weight;
  }
};

// w += what is pushed.
struct SumRule {
  static constexpr bool kIsGradient = false;
  static constexpr int kStates = 0;
  CAIRN_HOST_DEVICE void Update(float g, float, float* w, float*, float*) const { *w += g; }
};

// None: an optimizer whose weights have state in common, or whose formula is not here.
using UpdateRule = std::variant<std::monostate, SgdRule, AdagradRule, FtrlRule, SumRule>;

// ---- Those of a row as a whole. The arrays never overlap.

// q = g + prior * w of each weight.
// s += mean(q * q) over the row;  w -= rate * q / (sqrt(s) + epsilon). State: one s.
struct RowwiseAdagradRule {
  float epsilon;
  CAIRN_HOST_DEVICE void UpdateRow(const float* __restrict g, float prior, float rate, size_t width,
                                   float* __restrict w, float* __restrict s) const {
    float squares = 0;  // Summed left to right: the order is part of the result.
    for (size_t i = 0; i < width; ++i) {
      const float q = g[i] + prior * w[i];
      squares += q * q;
    }
    s[0] += squares / static_cast<float>(width);
    const float root = std::sqrt(s[0]) + epsilon;
    for (size_t i = 0; i < width; ++i) {
      const float q = g[i] + prior * w[i];
      w[i] -= rate * q / root;
    }
  }
};

// Adam (Kingma, Ba 2015) with a bias correction per row, so that a rare row's first steps are
// as long as a frequent one's:
//   m = b1 m + (1 - b1) q;  v = b2 v + (1 - b2) q^2
//   w -= rate * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps),  t = steps of this row
// State: m[width], v[width], 1 - b1^t, 1 - b2^t. The corrections follow the recurrence of m with
// a gradient of 1: no power function, and no cancellation in 1 - b2^t for small t.
struct AdamRule {
  float beta1, beta2, epsilon;
  CAIRN_HOST_DEVICE void UpdateRow(const float* __restrict g, float prior, float rate, size_t width,
                                   float* __restrict w, float* __restrict m) const {
    float* __restrict v = m + width;
    float* __restrict corrections = v + width;
    const float b1 = beta1, b2 = beta2, rest1 = 1.0f - b1, rest2 = 1.0f - b2, eps = epsilon;
    corrections[0] = b1 * corrections[0] + rest1;
    corrections[1] = b2 * corrections[1] + rest2;
    const float c1 = corrections[0], c2 = corrections[1];
    for (size_t i = 0; i < width; ++i) {
      const float q = g[i] + prior * w[i];
      m[i] = b1 * m[i] + rest1 * q;
      v[i] = b2 * v[i] + rest2 * (q * q);
      w[i] -= rate * (m[i] / c1) / (std::sqrt(v[i] / c2) + eps);
    }
  }
};

}  // namespace cairn
