// Compiled once for each instruction set of this platform that Highway knows; the first call finds
// out which of them the CPU has.
#include "kernels/field_factorization.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/check.h"
#include "base/prefetch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/field_factorization.cc"
#include <hwy/foreach_target.h>  // Before highway.h.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

constexpr size_t kLineFloats = 16;
constexpr size_t kPrefetchFloatsMax = 64 * kLineFloats;  // Of longer rows, few places are needed.
constexpr size_t kLanesMax = 16;
constexpr size_t kChangedLanesMax = 8;  // Longer stores would nearly all be in two cache lines.

// Of a feature's packed row.
struct Shape {
  explicit Shape(const FieldFactors& features)
      : dim(features.dim), stride(1 + size_t{features.fields} * features.dim) {}
  const size_t dim;
  const size_t stride;
};

// The features of one sparse row.
struct Features {
  const uint32_t* indices;
  const uint16_t* fields;
  const float* values;  // Null: each is 1.
  size_t count;
};

HWY_INLINE Features FeaturesOf(const FieldBatch& batch, size_t row) {
  const LinearBatch& linear = batch.linear;
  const size_t begin = linear.row_offsets[row];
  return {linear.indices.data() + begin, batch.fields.data() + begin,
          linear.values.empty() ? nullptr : linear.values.data() + begin,
          linear.row_offsets[row + 1] - begin};
}

// All that the features of a row have in `rows`: each of its pairs needs other places of it.
HWY_INLINE void PrefetchRow(const FieldBatch& batch, size_t row, const float* rows, size_t stride) {
  if (row + 1 >= batch.linear.row_offsets.size()) return;
  const Features features = FeaturesOf(batch, row);
  const size_t floats = std::min(stride, kPrefetchFloatsMax);
  for (size_t k = 0; k < features.count; ++k) {
    const float* const at = rows + features.indices[k] * stride;
    for (size_t ahead = 0; ahead < floats; ahead += kLineFloats) Prefetch(at + ahead);
    Prefetch(at + floats - 1);
  }
}

// Calls pair(one, other, product) for the pairs of a row's feature a and those behind it: where
// v_a,f(b) and v_b,f(a) are in the table of rows, and x_a x_b.
template <bool kOnes, class Pair>
HWY_INLINE void ForEachPair(const Features& row, size_t a, const Shape& shape, const Pair& pair) {
  const size_t of_a = row.indices[a] * shape.stride + 1, towards_a = row.fields[a] * shape.dim;
  for (size_t b = a + 1; b < row.count; ++b) {
    pair(of_a + row.fields[b] * shape.dim, row.indices[b] * shape.stride + 1 + towards_a,
         kOnes ? 1.0f : row.values[a] * row.values[b]);
  }
}

template <bool kOnes>
HWY_INLINE float Linear(const Features& row, const float* rows, size_t stride, float sum) {
  for (size_t k = 0; k < row.count; ++k) {
    const float weight = rows[row.indices[k] * stride];
    sum += kOnes ? weight : weight * row.values[k];
  }
  return sum;
}

// Calls block(tag, n) for vectors of all `dim` numbers: as long as the CPU has them, then shorter
// ones for what is left. No vector goes beyond its row.
template <size_t kLanes, class Block>
HWY_INLINE void ForEachBlock(size_t n, size_t dim, const Block& block) {
  const hn::CappedTag<float, kLanes> tag;
  for (; dim - n >= hn::Lanes(tag); n += hn::Lanes(tag)) block(tag, n);
  if constexpr (kLanes > 1) {
    if (n < dim) ForEachBlock<kLanes / 2>(n, dim, block);
  }
}

// The sums over pairs at the numbers of one block, from n on.
template <bool kOnes, class Tag>
HWY_INLINE void SumUp(Tag tag, const Features& row, const float* rows, const Shape& shape, size_t n,
                      float* sums) {
  auto sum = hn::Zero(tag);
  for (size_t a = 0; a < row.count; ++a) {
    auto of_a = hn::Zero(tag);
    ForEachPair<kOnes>(row, a, shape, [&](size_t one, size_t other, float value) HWY_ATTR {
      auto product = hn::Mul(hn::LoadU(tag, rows + one + n), hn::LoadU(tag, rows + other + n));
      if constexpr (!kOnes) product = hn::Mul(product, hn::Set(tag, value));
      of_a = hn::Add(of_a, product);
    });
    sum = hn::Add(sum, of_a);
  }
  hn::StoreU(sum, tag, sums + n);
}

HWY_INLINE float InFourParts(const float* sums, size_t dim) {
  float parts[4] = {};
  for (size_t n = 0; n < dim; ++n) parts[n % 4] += sums[n];
  return (parts[0] + parts[2]) + (parts[1] + parts[3]);
}

template <bool kOnes>
void ForwardRows(const FieldBatch& batch, const FieldFactors& features, float bias,
                 std::span<float> margins) {
  const Shape shape(features);
  const float* const rows = features.rows.data();
  std::vector<float> sums(shape.dim);
  for (size_t i = 0; i < margins.size(); ++i) {
    PrefetchRow(batch, i + 1, rows, shape.stride);
    const Features row = FeaturesOf(batch, i);
    const float linear = Linear<kOnes>(row, rows, shape.stride, bias);
    ForEachBlock<kLanesMax>(0, shape.dim, [&](auto tag, size_t n) HWY_ATTR {
      SumUp<kOnes>(tag, row, rows, shape, n, sums.data());
    });
    margins[i] = linear + InFourParts(sums.data(), shape.dim);
  }
}

// What the vectors of one row's pairs are given, at the numbers of one block, from n on. The two of
// a pair may be one and the same.
template <bool kOnes, class Tag>
HWY_INLINE void Spread(Tag tag, const Features& row, float margin_gradient, const float* rows,
                       float* gradients, const Shape& shape, size_t n) {
  const auto pair = [&](size_t one, size_t other, float value) HWY_ATTR {
    const auto slope = hn::Set(tag, kOnes ? margin_gradient : margin_gradient * value);
    const auto to_one = hn::Mul(slope, hn::LoadU(tag, rows + other + n));
    const auto to_other = hn::Mul(slope, hn::LoadU(tag, rows + one + n));
    float* const at_one = gradients + one + n;
    float* const at_other = gradients + other + n;
    hn::StoreU(hn::Add(hn::LoadU(tag, at_one), to_one), tag, at_one);
    hn::StoreU(hn::Add(hn::LoadU(tag, at_other), to_other), tag, at_other);
  };
  for (size_t a = 0; a < row.count; ++a) ForEachPair<kOnes>(row, a, shape, pair);
}

template <bool kOnes>
void GradientRows(const FieldBatch& batch, const FieldFactors& features,
                  std::span<const float> margin_gradients, std::span<float> gradients) {
  const Shape shape(features);
  const float* const rows = features.rows.data();
  float* const to = gradients.data();
  for (size_t i = 0; i < margin_gradients.size(); ++i) {
    PrefetchRow(batch, i + 1, rows, shape.stride);
    PrefetchRow(batch, i + 1, to, shape.stride);
    const Features row = FeaturesOf(batch, i);
    const float slope = margin_gradients[i];
    for (size_t k = 0; k < row.count; ++k) {
      to[row.indices[k] * shape.stride] += kOnes ? slope : slope * row.values[k];
    }
    ForEachBlock<kChangedLanesMax>(0, shape.dim, [&](auto tag, size_t n) HWY_ATTR {
      Spread<kOnes>(tag, row, slope, rows, to, shape, n);
    });
  }
}

void Forward(const FieldBatch& batch, const FieldFactors& features, float bias,
             std::span<float> margins) {
  if (batch.linear.values.empty()) return ForwardRows<true>(batch, features, bias, margins);
  ForwardRows<false>(batch, features, bias, margins);
}

void Gradient(const FieldBatch& batch, const FieldFactors& features,
              std::span<const float> margin_gradients, std::span<float> gradients) {
  if (batch.linear.values.empty()) {
    return GradientRows<true>(batch, features, margin_gradients, gradients);
  }
  GradientRows<false>(batch, features, margin_gradients, gradients);
}

}  // namespace
}  // namespace cairn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cairn {
namespace {

HWY_EXPORT(Forward);
HWY_EXPORT(Gradient);

void CheckShape(const FieldBatch& batch, const FieldFactors& features, size_t margins) {
  const LinearBatch& linear = batch.linear;
  CAIRN_CHECK(features.fields > 0 && features.dim > 0);
  CAIRN_CHECK(features.rows.size() % (1 + size_t{features.fields} * features.dim) == 0);
  CAIRN_CHECK(margins == linear.rows());
  CAIRN_CHECK(linear.values.empty() || linear.values.size() == linear.indices.size());
  CAIRN_CHECK(batch.fields.size() == linear.indices.size());
  if (!linear.row_offsets.empty()) CAIRN_CHECK(linear.row_offsets.back() <= batch.fields.size());
  if (batch.fields.empty()) return;
  CAIRN_CHECK(*std::max_element(batch.fields.begin(), batch.fields.end()) < features.fields);
}

}  // namespace

void FieldFactorizationForward(const FieldBatch& batch, const FieldFactors& features, float bias,
                               std::span<float> margins) {
  CheckShape(batch, features, margins.size());
  HWY_DYNAMIC_DISPATCH(Forward)(batch, features, bias, margins);
}

void FieldFactorizationGradient(const FieldBatch& batch, const FieldFactors& features,
                                std::span<const float> margin_gradients,
                                std::span<float> gradients) {
  CheckShape(batch, features, margin_gradients.size());
  CAIRN_CHECK(gradients.size() == features.rows.size());
  std::fill(gradients.begin(), gradients.end(), 0.0f);
  HWY_DYNAMIC_DISPATCH(Gradient)(batch, features, margin_gradients, gradients);
}

}  // namespace cairn
#endif  // HWY_ONCE
