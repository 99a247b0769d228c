// Compiled once for each instruction set of this platform that Highway knows; the first call finds
// out which of them the CPU has.
#include "kernels/factorization.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
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

// What the feature so far ahead of the k-th needs of `rows`.
HWY_INLINE void PrefetchAhead(const Features& row, size_t k, const float* rows, size_t stride) {
  if (k + kAhead >= row.left) return;
  const float* const at = rows + row.indices[k + kAhead] * stride;
  const size_t floats = std::min(stride, kPrefetchFloatsMax);
  for (size_t ahead = 0; ahead < floats; ahead += kLineFloats) Prefetch(at + ahead);
  if (floats % kLineFloats != 0) Prefetch(at + floats - 1);
}

// Calls block(tag, two, f) for vectors of all `dim` numbers: as long as the CPU has them, then
// shorter ones for what is left; two of them at once where there are two (std::true_type). No
// vector goes beyond its row.
template <size_t kLanes, class Block>
HWY_INLINE void ForEachBlock(size_t f, size_t dim, const Block& block) {
  const hn::CappedTag<float, kLanes> tag;
  const size_t lanes = hn::Lanes(tag);
  for (; dim - f >= 2 * lanes; f += 2 * lanes) block(tag, std::true_type(), f);
  for (; dim - f >= lanes; f += lanes) block(tag, std::false_type(), f);
  if constexpr (kLanes > 1) {
    if (f < dim) ForEachBlock<kLanes / 2>(f, dim, block);
  }
}

constexpr size_t kLanesMax = 16;

// S and Q of one row at the numbers of one block, from f on. The block from 0 on brings the
// features' rows into the cache, and adds their weights to *linear.
template <bool kOnes, bool kFirst, bool kTwo, class Tag>
HWY_INLINE void SumUp(Tag tag, const Features& row, const float* rows, size_t stride, size_t f,
                      float* linear, float* sums, float* squares) {
  auto sum = hn::Zero(tag), square = hn::Zero(tag), sum2 = hn::Zero(tag), square2 = hn::Zero(tag);
  float weights = *linear;
  for (size_t k = 0; k < row.count; ++k) {
    const float* const at = rows + row.indices[k] * stride;
    const float x = kOnes ? 1.0f : row.values[k];
    if constexpr (kFirst) {
      PrefetchAhead(row, k, rows, stride);
      weights += kOnes ? at[0] : at[0] * x;
    }
    auto product = hn::LoadU(tag, at + 1 + f);
    if constexpr (!kOnes) product = hn::Mul(product, hn::Set(tag, x));
    sum = hn::Add(sum, product);
    square = hn::Add(square, hn::Mul(product, product));
    if constexpr (kTwo) {
      auto product2 = hn::LoadU(tag, at + 1 + f + hn::Lanes(tag));
      if constexpr (!kOnes) product2 = hn::Mul(product2, hn::Set(tag, x));
      sum2 = hn::Add(sum2, product2);
      square2 = hn::Add(square2, hn::Mul(product2, product2));
    }
  }
  *linear = weights;
  hn::StoreU(sum, tag, sums + f);
  hn::StoreU(square, tag, squares + f);
  if constexpr (kTwo) {
    hn::StoreU(sum2, tag, sums + f + hn::Lanes(tag));
    hn::StoreU(square2, tag, squares + f + hn::Lanes(tag));
  }
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
  const float* const rows = features.rows.data();
  std::vector<float> squares(dim);
  for (size_t i = 0; i < margins.size(); ++i) {
    const Features row = FeaturesOf(batch, i);
    float* const sum = sums.data() + i * dim;
    float linear = bias;
    ForEachBlock<kLanesMax>(0, dim, [&](auto tag, auto two, size_t f) HWY_ATTR {
      constexpr bool kTwo = decltype(two)::value;
      if (f == 0) {
        SumUp<kOnes, true, kTwo>(tag, row, rows, stride, f, &linear, sum, squares.data());
      } else {
        SumUp<kOnes, false, kTwo>(tag, row, rows, stride, f, &linear, sum, squares.data());
      }
    });
    margins[i] = linear + 0.5f * Pairs(sum, squares.data(), dim);
  }
}

// Sums of gradients, by feature, while rows add to them: apart from each other, so that a vector of
// 16 numbers, or of fewer that divide 16, lies in one cache line, and the weights in few of them.
class GradientSums {
 public:
  GradientSums(size_t distinct, size_t dim, bool ones)
      : weights_(distinct), own_(ones ? 0 : distinct), memory_(distinct * dim + kLineFloats) {
    const size_t line_bytes = kLineFloats * sizeof(float);
    const size_t beyond = reinterpret_cast<uintptr_t>(memory_.data()) % line_bytes;
    vectors_ = memory_.data() + (line_bytes - beyond) / sizeof(float);
  }

  float* weights() { return weights_.data(); }
  float* own() { return own_.data(); }  // The c of each feature; where all values are 1, none.
  float* vectors() { return vectors_; }

 private:
  std::vector<float> weights_, own_, memory_;
  float* vectors_;
};

// Adds what one row gives its features at the numbers of one block, from f on; the block from 0 on,
// to weights and c too.
template <bool kOnes, bool kFirst, bool kTwo, class Tag>
HWY_INLINE void Spread(Tag tag, const Features& row, float margin_gradient, const float* sums,
                       size_t dim, size_t f, float* weights, float* own, float* vectors) {
  const size_t next = f + hn::Lanes(tag);
  const auto sum = hn::LoadU(tag, sums + f);
  const auto sum2 = kTwo ? hn::LoadU(tag, sums + next) : sum;
  const auto slope = hn::Set(tag, margin_gradient);
  const auto of_ones = hn::Mul(slope, sum), of_ones2 = hn::Mul(slope, sum2);
  for (size_t k = 0; k < row.count; ++k) {
    const size_t index = row.indices[k];
    const float change = kOnes ? margin_gradient : margin_gradient * row.values[k];
    if constexpr (kFirst) {
      PrefetchAhead(row, k, vectors, dim);
      weights[index] += change;
      if constexpr (!kOnes) own[index] += change * row.values[k];
    }
    float* const at = vectors + index * dim;
    const auto add = kOnes ? of_ones : hn::Mul(hn::Set(tag, change), sum);
    hn::StoreU(hn::Add(hn::LoadU(tag, at + f), add), tag, at + f);
    if constexpr (kTwo) {
      const auto add2 = kOnes ? of_ones2 : hn::Mul(hn::Set(tag, change), sum2);
      hn::StoreU(hn::Add(hn::LoadU(tag, at + next), add2), tag, at + next);
    }
  }
}

// Puts together what each feature is given, c v taken off.
template <bool kOnes>
HWY_INLINE void Gather(const FactorRows& features, GradientSums* sums, float* gradients) {
  const size_t dim = features.dim, stride = dim + 1;
  const size_t distinct = features.rows.size() / stride;
  for (size_t j = 0; j < distinct; ++j) {
    const float* const v = features.rows.data() + j * stride + 1;
    const float* const from = sums->vectors() + j * dim;
    float* const to = gradients + j * stride;
    to[0] = sums->weights()[j];
    const float own = kOnes ? to[0] : sums->own()[j];
    ForEachBlock<kLanesMax>(0, dim, [&](auto tag, auto two, size_t f) HWY_ATTR {
      const auto c = hn::Set(tag, own);
      const auto part = hn::Mul(c, hn::LoadU(tag, v + f));
      hn::StoreU(hn::Sub(hn::LoadU(tag, from + f), part), tag, to + 1 + f);
      if constexpr (decltype(two)::value) {
        const size_t next = f + hn::Lanes(tag);
        const auto part2 = hn::Mul(c, hn::LoadU(tag, v + next));
        hn::StoreU(hn::Sub(hn::LoadU(tag, from + next), part2), tag, to + 1 + next);
      }
    });
  }
}

template <bool kOnes>
void GradientRows(const LinearBatch& batch, const FactorRows& features, std::span<const float> sums,
                  std::span<const float> margin_gradients, std::span<float> gradients) {
  const size_t dim = features.dim;
  GradientSums all(features.rows.size() / (dim + 1), dim, kOnes);
  for (size_t i = 0; i < margin_gradients.size(); ++i) {
    const Features row = FeaturesOf(batch, i);
    const float* const sum = sums.data() + i * dim;
    const float slope = margin_gradients[i];
    ForEachBlock<kLanesMax>(0, dim, [&](auto tag, auto two, size_t f) HWY_ATTR {
      constexpr bool kTwo = decltype(two)::value;
      if (f == 0) {
        Spread<kOnes, true, kTwo>(tag, row, slope, sum, dim, f, all.weights(), all.own(),
                                  all.vectors());
      } else {
        Spread<kOnes, false, kTwo>(tag, row, slope, sum, dim, f, all.weights(), all.own(),
                                   all.vectors());
      }
    });
  }
  Gather<kOnes>(features, &all, gradients.data());
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
  HWY_DYNAMIC_DISPATCH(Gradient)(batch, features, sums, margin_gradients, gradients);
}

}  // namespace cairn
#endif  // HWY_ONCE
