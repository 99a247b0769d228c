// Compiled once for each instruction set of this platform that Highway knows; the first call finds
// out which of them the CPU has.
#include "kernels/factorization.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/check.h"
#include "base/prefetch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/factorization.cc"
#include <hwy/foreach_target.h>  // Before highway.h.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// So many features further on, a row is on its way into the cache.
constexpr size_t kAhead = 16;
constexpr size_t kLineFloats = 16;
constexpr size_t kPrefetchFloatsMax =
    4 * kLineFloats;  // The hardware sees where it goes from there.

// The features of one sparse row.
struct Features {
  const uint32_t* indices;
  const float* values;  // Null: each is 1.
  size_t count;
  size_t left;  // In the batch from here on.
};

HWY_INLINE Features FeaturesOf(const LinearBatch& batch, size_t row) {
  const size_t begin = batch.row_offsets[row];
  return {batch.indices.data() + begin,
          batch.values.empty() ? nullptr : batch.values.data() + begin,
          batch.row_offsets[row + 1] - begin, batch.row_offsets.back() - begin};
}

// What the features ahead of the k-th need of `rows`.
HWY_INLINE void PrefetchAhead(const Features& row, size_t k, const float* rows, size_t stride) {
  if (k + kAhead >= row.left) return;
  const float* const at = rows + row.indices[k + kAhead] * stride;
  const size_t floats = std::min(stride, kPrefetchFloatsMax);
  for (size_t ahead = 0; ahead < floats; ahead += kLineFloats) Prefetch(at + ahead);
  Prefetch(at + floats - 1);
}

// Calls block(tag, f) for vectors of all `dim` numbers: as long as the CPU has them, then shorter
// ones for what is left. No vector goes beyond its row.
template <size_t kLanes, class Block>
HWY_INLINE void ForEachBlock(size_t f, size_t dim, const Block& block) {
  const hn::CappedTag<float, kLanes> tag;
  for (; dim - f >= hn::Lanes(tag); f += hn::Lanes(tag)) block(tag, f);
  if constexpr (kLanes > 1) {
    if (f < dim) ForEachBlock<kLanes / 2>(f, dim, block);
  }
}

constexpr size_t kLanesMax = 16;
constexpr size_t kChangedLanesMax = 8;  // Longer stores would nearly all be in two cache lines.

template <bool kOnes>
HWY_INLINE float Linear(const Features& row, const FactorRows& features, size_t stride, float sum) {
  const float* const rows = features.rows.data();
  for (size_t k = 0; k < row.count; ++k) {
    PrefetchAhead(row, k, rows, stride);
    const float weight = rows[row.indices[k] * stride];
    sum += kOnes ? weight : weight * row.values[k];
  }
  return sum;
}

// S and Q at the numbers of one block. `vectors`: of feature 0, there.
template <bool kOnes, class Tag>
HWY_INLINE void SumUp(Tag tag, const Features& row, const float* vectors, size_t stride,
                      float* sums, float* squares) {
  auto sum = hn::Zero(tag), square = hn::Zero(tag);
  for (size_t k = 0; k < row.count; ++k) {
    auto product = hn::LoadU(tag, vectors + row.indices[k] * stride);
    if constexpr (!kOnes) product = hn::Mul(product, hn::Set(tag, row.values[k]));
    sum = hn::Add(sum, product);
    square = hn::Add(square, hn::Mul(product, product));
  }
  hn::StoreU(sum, tag, sums);
  hn::StoreU(square, tag, squares);
}

// The sum of S^2 - Q. Of the loop over four, compilers make one operation of each.
HWY_INLINE float Pairs(const float* sums, const float* squares, size_t dim) {
  float parts[4] = {};
  size_t f = 0;
  for (; dim - f >= 4; f += 4) {
    for (size_t part = 0; part < 4; ++part) {
      const float sum = sums[f + part];
      parts[part] += sum * sum - squares[f + part];
    }
  }
  for (; f < dim; ++f) parts[f % 4] += sums[f] * sums[f] - squares[f];
  return (parts[0] + parts[2]) + (parts[1] + parts[3]);
}

template <bool kOnes>
void ForwardRows(const LinearBatch& batch, const FactorRows& features, float bias,
                 std::span<float> margins, std::span<float> sums) {
  const size_t dim = features.dim, stride = dim + 1;
  const float* const vectors = features.rows.data() + 1;
  std::vector<float> squares(dim);
  for (size_t i = 0; i < margins.size(); ++i) {
    const Features row = FeaturesOf(batch, i);
    float* const sum = sums.data() + i * dim;
    const float linear = Linear<kOnes>(row, features, stride, bias);
    ForEachBlock<kLanesMax>(0, dim, [&](auto tag, size_t f) HWY_ATTR {
      SumUp<kOnes>(tag, row, vectors + f, stride, sum + f, squares.data() + f);
    });
    margins[i] = linear + 0.5f * Pairs(sum, squares.data(), dim);
  }
}

// Adds slope x S to the gradients of one row's features, at the numbers of one block.
template <bool kOnes, class Tag>
HWY_INLINE void Spread(Tag tag, const Features& row, float margin_gradient, const float* sums,
                       float* gradients, size_t stride) {
  const auto sum = hn::LoadU(tag, sums);
  const auto slope = hn::Set(tag, margin_gradient);
  const auto of_ones = hn::Mul(slope, sum);
  for (size_t k = 0; k < row.count; ++k) {
    auto change = of_ones;
    if constexpr (!kOnes) change = hn::Mul(hn::Mul(slope, hn::Set(tag, row.values[k])), sum);
    float* const at = gradients + row.indices[k] * stride;
    hn::StoreU(hn::Add(hn::LoadU(tag, at), change), tag, at);
  }
}

// Takes c v off each feature's gradient.
HWY_INLINE void TakeOwnPart(const FactorRows& features, const float* c, size_t c_stride,
                            float* gradients) {
  const size_t dim = features.dim, stride = dim + 1;
  const size_t distinct = features.rows.size() / stride;
  for (size_t j = 0; j < distinct; ++j) {
    const float* const vector = features.rows.data() + j * stride + 1;
    float* const to = gradients + j * stride + 1;
    const float own = c[j * c_stride];
    ForEachBlock<kLanesMax>(0, dim, [&](auto tag, size_t f) HWY_ATTR {
      const auto part = hn::Mul(hn::Set(tag, own), hn::LoadU(tag, vector + f));
      hn::StoreU(hn::Sub(hn::LoadU(tag, to + f), part), tag, to + f);
    });
  }
}

template <bool kOnes>
void GradientRows(const LinearBatch& batch, const FactorRows& features, std::span<const float> sums,
                  std::span<const float> margin_gradients, std::span<float> gradients) {
  const size_t dim = features.dim, stride = dim + 1;
  // Where all values are 1, c is the weight's gradient.
  std::vector<float> c(kOnes ? 0 : features.rows.size() / stride);
  for (size_t i = 0; i < margin_gradients.size(); ++i) {
    const Features row = FeaturesOf(batch, i);
    const float slope = margin_gradients[i];
    for (size_t k = 0; k < row.count; ++k) {
      PrefetchAhead(row, k, gradients.data(), stride);
      const uint32_t at = row.indices[k];
      if constexpr (kOnes) {
        gradients[at * stride] += slope;
      } else {
        const float change = slope * row.values[k];
        gradients[at * stride] += change;
        c[at] += change * row.values[k];
      }
    }
    ForEachBlock<kChangedLanesMax>(0, dim, [&](auto tag, size_t f) HWY_ATTR {
      Spread<kOnes>(tag, row, slope, sums.data() + i * dim + f, gradients.data() + 1 + f, stride);
    });
  }
  TakeOwnPart(features, kOnes ? gradients.data() : c.data(), kOnes ? stride : 1, gradients.data());
}

void Forward(const LinearBatch& batch, const FactorRows& features, float bias,
             std::span<float> margins, std::span<float> sums) {
  if (batch.values.empty()) return ForwardRows<true>(batch, features, bias, margins, sums);
  ForwardRows<false>(batch, features, bias, margins, sums);
}

void Gradient(const LinearBatch& batch, const FactorRows& features, std::span<const float> sums,
              std::span<const float> margin_gradients, std::span<float> gradients) {
  if (batch.values.empty()) {
    return GradientRows<true>(batch, features, sums, margin_gradients, gradients);
  }
  GradientRows<false>(batch, features, sums, margin_gradients, gradients);
}

}  // namespace
}  // namespace cairn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cairn {
namespace {

HWY_EXPORT(Forward);
HWY_EXPORT(Gradient);

void CheckShape(const LinearBatch& batch, const FactorRows& features, size_t margins, size_t sums) {
  CAIRN_CHECK(features.dim > 0 && features.rows.size() % (features.dim + 1) == 0);
  CAIRN_CHECK(margins == batch.rows() && sums == margins * features.dim);
  CAIRN_CHECK(batch.values.empty() || batch.values.size() == batch.indices.size());
  if (!batch.row_offsets.empty()) CAIRN_CHECK(batch.row_offsets.back() <= batch.indices.size());
}

}  // namespace

void FactorizationForward(const LinearBatch& batch, const FactorRows& features, float bias,
                          std::span<float> margins, std::span<float> sums) {
  CheckShape(batch, features, margins.size(), sums.size());
  if (features.rows.empty()) {  // No row of the batch has a feature.
    std::fill(margins.begin(), margins.end(), bias);
    std::fill(sums.begin(), sums.end(), 0.0f);
    return;
  }
  HWY_DYNAMIC_DISPATCH(Forward)(batch, features, bias, margins, sums);
}

void FactorizationGradient(const LinearBatch& batch, const FactorRows& features,
                           std::span<const float> sums, std::span<const float> margin_gradients,
                           std::span<float> gradients) {
  CheckShape(batch, features, margin_gradients.size(), sums.size());
  CAIRN_CHECK(gradients.size() == features.rows.size());
  if (gradients.empty()) return;
  std::fill(gradients.begin(), gradients.end(), 0.0f);
  HWY_DYNAMIC_DISPATCH(Gradient)(batch, features, sums, margin_gradients, gradients);
}

}  // namespace cairn
#endif  // HWY_ONCE
