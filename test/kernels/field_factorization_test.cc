#include "kernels/field_factorization.h"

#include <bit>
#include <catch2/catch.hpp>
#include <vector>

#include "base/hash.h"
#include "kernels/conformance.h"

// Against the definition, on every instruction set: conformance_test.cc.

namespace cairn {
namespace {

using conformance::Input;

std::vector<uint16_t> FieldsOf(const Input& input, uint32_t fields) {
  std::vector<uint16_t> all;
  for (size_t k = 0; k < input.indices.size(); ++k) {
    all.push_back(static_cast<uint16_t>(Mix64(k) % fields));
  }
  return all;
}

TEST_CASE("Field factorization: forward and gradient by hand", "[field_factorization]") {
  const std::vector<uint32_t> offsets = {0, 2, 2, 4}, indices = {0, 1, 1, 1};
  const std::vector<uint16_t> fields = {0, 1, 1, 1};
  const std::vector<float> values = {1, 2, 1, 3};
  // Of two features: weight, the vector for field 0, that for field 1.
  const std::vector<float> rows = {0.5f, 9, 9, 1, 2, -0.25f, 3, 4, 5, 6};
  const FieldBatch batch = {{offsets, indices, values}, fields};
  std::vector<float> margins(3), gradients(10, -1);
  FieldFactorizationForward(batch, {rows, 2, 2}, 0.125f, margins);
  // <v0,1, v1,0> = 11, times 1 x 2. Then feature 1 twice: <v1,1, v1,1> = 61, times 1 x 3.
  CHECK(margins == std::vector<float>{0.125f + 22, 0.125f, 0.125f - 1 + 183});
  FieldFactorizationGradient(batch, {rows, 2, 2}, std::vector<float>{1, 7, 10}, gradients);
  // The last row gives v1,1 twice 10 x 1 x 3 times itself.
  CHECK(gradients == std::vector<float>{1, 0, 0, 6, 8, 2 + 40, 2, 4, 300, 360});
}

TEST_CASE("Field factorization: values of 1 and no values are the same bits",
          "[field_factorization]") {
  const conformance::Shape shape = {.name = "", .rows = 50, .distinct = 30, .length_max = 20};
  for (const uint32_t dim : {1u, 3u, 8u, 18u}) {
    const Input input(shape, 1 + 3 * dim, dim);
    const std::vector<uint16_t> fields = FieldsOf(input, 3);
    const std::vector<float> ones(input.indices.size(), 1.0f);
    std::vector<float> margins[2], gradients[2];
    for (const bool with_values : {false, true}) {
      FieldBatch batch = {input.batch(), fields};
      if (with_values) batch.linear.values = ones;
      margins[with_values].resize(shape.rows);
      gradients[with_values].resize(input.table.size());
      FieldFactorizationForward(batch, {input.table, 3, dim}, 0.5f, margins[with_values]);
      FieldFactorizationGradient(batch, {input.table, 3, dim}, input.slopes,
                                 gradients[with_values]);
    }
    CHECK(margins[0] == margins[1]);
    CHECK(gradients[0] == gradients[1]);
  }
}

TEST_CASE("Field factorization: rows without features have their bias", "[field_factorization]") {
  const std::vector<uint32_t> offsets = {0, 0, 0};
  std::vector<float> margins(2);
  FieldFactorizationForward({{offsets, {}, {}}, {}}, {{}, 3, 4}, 0.5f, margins);
  CHECK(margins == std::vector<float>{0.5f, 0.5f});
  FieldFactorizationGradient({{offsets, {}, {}}, {}}, {{}, 3, 4}, margins, {});
}

// The order of sums is part of what bsp promises: models of other builds depend on it.
TEST_CASE("Field factorization: these are the bits, on every CPU", "[field_factorization]") {
  const conformance::Shape shape = {
      .name = "", .rows = 64, .distinct = 40, .length_max = 30, .with_values = true};
  uint64_t digest = 0;
  for (const uint32_t dim : {1u, 3u, 4u, 8u, 16u}) {
    const Input input(shape, 1 + 5 * dim, dim);
    const std::vector<uint16_t> fields = FieldsOf(input, 5);
    std::vector<float> margins(shape.rows), gradients(input.table.size());
    const FieldBatch batch = {input.batch(), fields};
    FieldFactorizationForward(batch, {input.table, 5, dim}, 0.5f, margins);
    FieldFactorizationGradient(batch, {input.table, 5, dim}, input.slopes, gradients);
    for (const auto& floats : {margins, gradients}) {
      for (const float value : floats) digest = HashWords(digest, std::bit_cast<uint32_t>(value));
    }
  }
  CHECK(digest == 0x672C79DAFC3B266Cu);
}

}  // namespace
}  // namespace cairn
