// The math of field-aware factorization machines (Juan et al. 2016): sparse rows times packed
// weights and vectors, of which each feature has one for every field,
//
//   margin = bias + sum of w_j x_j + sum over a < b of <v_a,f(b), v_b,f(a)> x_a x_b
//
// over the row's features a and b, of which f() is the field. Two features of one field are a pair,
// too; a feature that comes twice in a row is two features. Thread-safe.
//
// Every operation is a single float addition or multiplication in the order that is written at each
// function, and vectors of the CPU only do several numbers of a vector at once: the same batch
// gives the same bits on every CPU (the folder is compiled without contraction).
#pragma once

#include <cstdint>
#include <span>

#include "kernels/linear.h"

namespace cairn {

struct FieldBatch {
  LinearBatch linear;
  std::span<const uint16_t> fields;  // [features], as linear.indices. Below FieldFactors::fields.
};

// The packed rows of a batch's distinct features, [distinct x (1 + fields x dim)]: weight, then a
// vector of `dim` numbers for each field.
struct FieldFactors {
  std::span<const float> rows;
  uint32_t fields = 0;  // At least 1.
  uint32_t dim = 0;     // At least 1.
};

// The linear sum goes left to right. For each number n of the vectors, the sum over pairs is that
// over ascending a of those over ascending b of (v_a v_b) (x_a x_b). These sums are kept in four
// parts, part n % 4 by ascending n: (part 0 + part 2) + (part 1 + part 3).
// margins [rows].
void FieldFactorizationForward(const FieldBatch& batch, const FieldFactors& features, float bias,
                               std::span<float> margins);

// With d a row's margin gradient and x a feature's value: its weight is given d x. Then come the
// pairs by ascending a, then b, and with s = d (x_a x_b), v_a,f(b) is given s v_b,f(a), then
// v_b,f(a) s v_a,f(b). Rows in order. margin_gradients [rows]; gradients, as features.rows, is
// overwritten.
void FieldFactorizationGradient(const FieldBatch& batch, const FieldFactors& features,
                                std::span<const float> margin_gradients,
                                std::span<float> gradients);

}  // namespace cairn
