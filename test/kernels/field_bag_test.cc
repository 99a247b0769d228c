#include "kernels/field_bag.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

namespace cairn {
namespace {

// Three rows, the second without features, over three distinct features in two fields.
struct Sample {
  const std::vector<uint32_t> offsets = {0, 3, 3, 5}, indices = {1, 0, 1, 2, 0};
  const std::vector<float> values = {2, 3, -4, 0.5f, 1};
  const std::vector<uint16_t> fields = {1, 0, 1, 1, 0};
  // Weights 100, 200, 300.
  const std::vector<float> rows = {100, 1, 10, 200, 2, 20, 300, 4, 40};
  FieldBags batch(bool with_values = true) const {
    return {{offsets, indices, with_values ? std::span<const float>(values) : std::span<float>()},
            fields,
            2};
  }
};

TEST_CASE("Bags by field, by hand: repeated features, empty rows, fields that are not there") {
  const Sample sample;
  std::vector<float> sums(3 * 2 * 2, NAN);
  FieldBagForward(sample.batch(), {sample.rows, 2}, sums);
  CHECK(sums == std::vector<float>{3, 30, -4, -40, 0, 0, 0, 0, 1, 10, 2, 20});
  FieldBagForward(sample.batch(false), {sample.rows, 2}, sums);
  CHECK(sums == std::vector<float>{1, 10, 4, 40, 0, 0, 0, 0, 1, 10, 4, 40});
}

TEST_CASE("Bags by field: gradients are added to those of the vectors, and weights keep theirs") {
  const Sample sample;
  const std::vector<float> slopes = {1, 2, 3, 4, 9, 9, 9, 9, 5, 6, 7, 8};
  std::vector<float> gradients = {1, 0, 0, 1, 100, 0, 1, 0, 0};
  FieldBagGradient(sample.batch(), 2, slopes, gradients);
  CHECK(gradients == std::vector<float>{1, 3 + 5, 6 + 6, 1, 100 + 6 - 12, 8 - 16, 1, 3.5f, 4});
}

TEST_CASE("Bags by field: without fields all is one field, and no rows are legal") {
  const Sample sample;
  FieldBags batch = sample.batch(false);
  batch.fields = {};
  batch.field_count = 1;
  std::vector<float> sums(3 * 2, NAN);
  FieldBagForward(batch, {sample.rows, 2}, sums);
  CHECK(sums == std::vector<float>{5, 50, 0, 0, 5, 50});
  batch.field_count = 2;  // One that no feature is of.
  sums.assign(3 * 4, NAN);
  FieldBagForward(batch, {sample.rows, 2}, sums);
  CHECK(sums == std::vector<float>{5, 50, 0, 0, 0, 0, 0, 0, 5, 50, 0, 0});
  std::vector<float> gradients = {1, 2, 3};
  FieldBagForward({}, {gradients, 2}, {});
  FieldBagGradient({}, 2, {}, gradients);
  CHECK(gradients == std::vector<float>{1, 2, 3});
}

}  // namespace
}  // namespace cairn
