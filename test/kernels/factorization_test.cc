#include "kernels/factorization.h"

#include <bit>
#include <catch2/catch.hpp>
#include <vector>

#include "base/hash.h"
#include "kernels/conformance.h"

// Against the definition, on every instruction set: conformance_test.cc.

namespace cairn {
namespace {

using conformance::Input;

TEST_CASE("Factorization: forward and gradient by hand", "[factorization]") {
  const std::vector<uint32_t> offsets = {0, 2, 2, 5}, indices = {0, 1, 1, 0, 1};
  const std::vector<float> values = {1, 2, 1, 1, 1};
  const std::vector<float> rows = {0.5f, 1, 2, -0.25f, 3, 4};  // Of two features, dim 2.
  std::vector<float> margins(3), sums(6), gradients(6, -1);
  FactorizationForward({offsets, indices, values}, {rows, 2}, 0.125f, margins, sums);
  // <v0, v1> = 11. The last row has feature 1 twice: <v1, v1> = 25 and twice <v0, v1>.
  CHECK(margins ==
        std::vector<float>{0.125f + 0.5f - 0.5f + 22, 0.125f, 0.125f + 0.5f - 0.5f + 25 + 22});
  CHECK(sums == std::vector<float>{7, 10, 0, 0, 7, 10});
  FactorizationGradient({offsets, indices, values}, {rows, 2}, sums, std::vector<float>{1, 7, 10},
                        gradients);
  // Feature 0: 1 x (7 - 1) + 10 x (7 - 1). Feature 1: 2 x (7 - 6) + 2 x 10 x (7 - 3).
  CHECK(gradients == std::vector<float>{11, 66, 88, 22, 82, 124});
}

TEST_CASE("Factorization: values of 1 and no values are the same bits", "[factorization]") {
  const conformance::Shape shape = {.name = "", .rows = 50, .distinct = 30, .length_max = 20};
  for (const uint32_t dim : {1u, 3u, 8u, 16u, 19u}) {
    const Input input(shape, 1 + dim, dim);
    const std::vector<float> ones(input.indices.size(), 1.0f);
    std::vector<float> sums[2], margins[2], gradients[2];
    for (const bool with_values : {false, true}) {
      LinearBatch batch = input.batch();
      if (with_values) batch.values = ones;
      sums[with_values].resize(shape.rows * dim);
      margins[with_values].resize(shape.rows);
      gradients[with_values].resize(input.table.size());
      FactorizationForward(batch, {input.table, dim}, 0.5f, margins[with_values],
                           sums[with_values]);
      FactorizationGradient(batch, {input.table, dim}, sums[with_values], input.slopes,
                            gradients[with_values]);
    }
    CHECK(sums[0] == sums[1]);
    CHECK(margins[0] == margins[1]);
    CHECK(gradients[0] == gradients[1]);
  }
}

// The order of sums is part of what bsp promises: models of other builds depend on it.
TEST_CASE("Factorization: these are the bits, on every CPU", "[factorization]") {
  const conformance::Shape shape = {
      .name = "", .rows = 64, .distinct = 40, .length_max = 30, .with_values = true};
  uint64_t digest = 0;
  for (const uint32_t dim : {1u, 3u, 8u, 16u, 64u}) {
    const Input input(shape, 1 + dim, dim);
    std::vector<float> sums(shape.rows * dim), margins(shape.rows), gradients(input.table.size());
    FactorizationForward(input.batch(), {input.table, dim}, 0.5f, margins, sums);
    FactorizationGradient(input.batch(), {input.table, dim}, sums, input.slopes, gradients);
    for (const auto& floats : {sums, margins, gradients}) {
      for (const float value : floats) digest = HashWords(digest, std::bit_cast<uint32_t>(value));
    }
  }
  CHECK(digest == 0xD6DB1C428A62D652u);
}

}  // namespace
}  // namespace cairn
