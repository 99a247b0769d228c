#include "train/network_tables.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <vector>

namespace cairn {
namespace {

NetworkTables Make(std::vector<size_t> widths, uint32_t first_table = 0) {
  return NetworkTables({.widths = std::move(widths),
                        .kernel = GemmKernel::Find(GemmMath::kPlain),
                        .optimizer = {.name = "adam", .learning_rate = 0.5f, .l2 = 3},
                        .result_bias = 7,
                        .first_layer = 2,
                        .first_table = first_table});
}

TEST_CASE("A network's tables: weights and bias of each layer") {
  const NetworkTables network = Make({300, 200, 3});
  const std::vector<TableSpec>& specs = network.specs();
  REQUIRE(specs.size() == 4);
  CHECK(specs[0].name == "weights_2");
  CHECK(specs[0].dense_size == 300 * 200);
  CHECK(specs[0].width() == 200);  // A row of weights a block.
  CHECK(specs[0].parts[0].initializer.kind == InitializerSpec::Kind::kNormal);
  CHECK(specs[0].parts[0].initializer.scale == Approx(std::sqrt(2 / 300.0)));
  CHECK(specs[1].name == "bias_2");
  CHECK(specs[1].blocks() == 1);
  CHECK(specs[1].parts[0].initializer.scale == 0);
  CHECK(specs[2].name == "weights_3");
  CHECK(specs[2].width() == 126);  // 42 rows.
  CHECK(specs[2].blocks() == 5);   // The last one is partly used.
  CHECK(specs[2].parts[0].initializer.scale == Approx(std::sqrt(1 / 200.0)));
  CHECK(specs[3].parts[0].initializer.scale == 7);
  for (const TableSpec& spec : specs) {
    CHECK(CheckTable(spec) == absl::OkStatus());
    CHECK(spec.reduction == TableSpec::Reduction::kMean);
    CHECK(spec.parts[0].optimizer.name == "adam");
    CHECK(spec.parts[0].optimizer.learning_rate == 0.5f);
    CHECK(spec.parts[0].optimizer.l2 == 0);
  }
}

TEST_CASE("A network's tables: what is pulled comes in rows' order, and goes back in the cut's") {
  const std::vector<size_t> widths =
      GENERATE(std::vector<size_t>{5, 3, 1}, std::vector<size_t>{300, 200, 3});
  const NetworkTables network = Make(widths, 1);
  KeyCutter cutter(8);
  PullPayload payload = {nullptr};  // Some other table of the model.
  network.AppendCuts(&cutter, &payload);
  REQUIRE(payload.size() == 5);
  // Each weight has its number as its value.
  std::vector<std::vector<float>> values(5);
  for (size_t table = 1; table < 5; ++table) {
    const KeyCut& cut = *payload[table];
    CHECK(cut.table == table);
    CHECK(cut.unique() == network.specs()[table - 1].blocks());
    for (const uint64_t block : cut.ids) {
      for (uint32_t i = 0; i < cut.width; ++i) {
        values[table].push_back(static_cast<float>(block * cut.width + i));
      }
    }
  }
  const NetworkTables::Weights weights = network.Gather(payload, values);
  NetworkTables::Gradients gradients = network.MakeGradients();
  for (size_t layer = 0; layer < 2; ++layer) {
    const auto check = [](std::span<const float> found, std::span<float> copy) {
      REQUIRE(found.size() == copy.size());
      for (size_t i = 0; i < found.size(); ++i) CHECK(found[i] == static_cast<float>(i));
      std::copy(found.begin(), found.end(), copy.begin());
    };
    CHECK(weights.layers[layer].weights.size() == widths[layer] * widths[layer + 1]);
    check(weights.layers[layer].weights, gradients.layers[layer].weights);
    check(weights.layers[layer].bias, gradients.layers[layer].bias);
  }
  PushPayload push;
  network.AppendTo(payload, gradients, &push);
  REQUIRE(push.tables.size() == 4);
  for (size_t i = 0; i < 4; ++i) {
    CHECK(push.tables[i].cut == payload[i + 1]);
    const size_t floats = network.specs()[i].dense_size;
    for (float& value : values[i + 1]) {
      if (value >= static_cast<float>(floats)) value = 0;  // Beyond the end: no gradient.
    }
    CHECK(push.tables[i].values == values[i + 1]);
  }
}

}  // namespace
}  // namespace cairn
