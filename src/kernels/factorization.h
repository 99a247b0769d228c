// The math of factorization machines (Rendle 2010): sparse rows times packed weights and vectors,
//
//   margin = bias + sum of w_j x_j + 1/2 sum over f of (S_f^2 - Q_f)
//   S_f = sum of v_jf x_j    Q_f = sum of (v_jf x_j)^2    over the row's features j
//
// which is the sum of <v_i, v_j> x_i x_j over all pairs of features. A feature that comes twice in
// a row is two features. Thread-safe.
//
// Every operation is a single float addition, subtraction or multiplication in the order that is
// written at each function, and vectors of the CPU only do several f at once: the same batch gives
// the same bits on every CPU (the folder is compiled without contraction).
#pragma once

#include <cstdint>
#include <span>

#include "kernels/linear.h"

namespace cairn {

// The packed rows of a batch's distinct features, [distinct x (1 + dim)]: weight, then vector.
struct FactorRows {
  std::span<const float> rows;
  uint32_t dim = 0;  // At least 1.
};

// Sums over a row's features go left to right. The sum over f is kept in four parts, part f % 4 by
// ascending f: (part 0 + part 2) + (part 1 + part 3).
// margins [rows]; sums [rows x dim] takes the S of each row, for FactorizationGradient.
void FactorizationForward(const LinearBatch& batch, const FactorRows& features, float bias,
                          std::span<float> margins, std::span<float> sums);

// With d a row's margin gradient and x a feature's value: its weight is given d x, its vector
// (d x) S_f, rows in order and features left to right; then, once, c v_f is taken off the vector, c
// the sum of (d x) x in the same order. That is d x (S_f - v_f x), without a look at v for each
// row. margin_gradients [rows]; gradients, as features.rows, is overwritten.
void FactorizationGradient(const LinearBatch& batch, const FactorRows& features,
                           std::span<const float> sums, std::span<const float> margin_gradients,
                           std::span<float> gradients);

}  // namespace cairn
