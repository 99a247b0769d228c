#include "kernels/device_ops.h"

#include <catch2/catch.hpp>
#include <vector>

namespace cairn {
namespace {

// A check that fails ends the process, so it is the good shapes that can be shown: no data is read.
TEST_CASE("Shapes that fit together pass, empty ones too") {
  std::vector<float> f(64);
  std::vector<uint32_t> u(64);
  const auto floats = [&](size_t size) { return DeviceSpan<float>(f.data(), size); };
  const auto whole = [&](size_t size) { return DeviceSpan<uint32_t>(u.data(), size); };
  DeviceBatch batch;
  batch.row_offsets = whole(1);
  LinearForwardOp{batch, floats(0), 0, floats(0)}.Check();
  TransposeOp{batch, whole(1), whole(0), floats(0)}.Check();
  batch.rows = 2;
  batch.distinct = 3;
  batch.row_offsets = whole(3);
  batch.indices = whole(5);
  batch.values = floats(5);
  LinearForwardOp{batch, floats(3), 0, floats(2)}.Check();
  TransposeOp{batch, whole(4), whole(5), floats(5)}.Check();
  FactorForwardOp{batch, 4, floats(15), 0, floats(2), floats(8)}.Check();
  FactorGradientOp{batch, 4, floats(15), floats(8), floats(2), floats(15)}.Check();
  BagForwardOp{batch, floats(6), floats(2), true, floats(4)}.Check();
  BagGradientOp{batch, 2, floats(4), floats(6)}.Check();
  batch.column_offsets = whole(4);
  batch.column_rows = whole(5);
  batch.column_values = floats(5);
  LinearGradientOp{batch, floats(2), floats(3)}.Check();
  ColumnSumsOp{floats(12), floats(4)}.Check();
  ColumnSumsOp{floats(0), floats(0)}.Check();
  OptimizerOp adam;
  adam.spec.name = "adam";
  adam.rows = 2;
  adam.width = 3;
  adam.gradients = adam.weights = floats(6);
  adam.state = floats(16);
  adam.Check();
  SUCCEED();
}

}  // namespace
}  // namespace cairn
