#include "kernels/cpu_backend.h"

#include <catch2/catch.hpp>
#include <vector>

namespace cairn {
namespace {

TEST_CASE("On the CPU, data is used and results are written where they lie") {
  const std::unique_ptr<Backend> backend = MakeCpuBackend({});
  const std::vector<float> matrix = {1, 2, 3, 4, 5, 6};
  std::vector<float> sums(2);
  const auto work = [&] {
    const auto from = backend->In(std::span<const float>(matrix));
    CHECK(from.data == matrix.data());
    const auto to = backend->Out(std::span(sums));
    CHECK(to.data == sums.data());
    backend->Run(ColumnSumsOp{from, to});
    backend->Fetch(to, std::span(sums));
  };
  CHECK(backend->Measure(work) == 0);
  CHECK(sums == std::vector<float>{0, 0});
  CHECK(backend->Compute(work).ok());
  CHECK(sums == std::vector<float>{9, 12});
}

TEST_CASE("The CPU sums up by rows: it does without columns") {
  const std::unique_ptr<Backend> backend = MakeCpuBackend({});
  const std::vector<uint32_t> offsets = {0, 1}, indices = {0};
  const DeviceBatch batch = backend->In({offsets, indices, {}}, 1);
  CHECK(batch.rows == 1);
  CHECK(batch.nonzeros() == 1);
  CHECK(batch.column_offsets.empty());
}

}  // namespace
}  // namespace cairn
