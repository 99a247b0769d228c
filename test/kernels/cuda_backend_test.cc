#include "kernels/cuda_backend.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/status.h"

namespace cairn {
namespace {

TEST_CASE("A GPU that is not there is told of in a sentence") {
  const absl::Status status = CheckCudaDevice(250);
  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(MakeCudaBackend(250, {}).status() == status);
  const std::string message(MessageOf(status));
  CHECK((message.find("GPU") != message.npos || message.find("without CUDA") != message.npos));
}

TEST_CASE("A GPU computes on copies, and in memory that is its own") {
  if (!CheckCudaDevice(0).ok()) return;  // backend_test.cc says so.
  const auto made = MakeCudaBackend(0, {});
  REQUIRE(made.ok());
  Backend* const backend = made->get();
  CHECK(backend->kind() == DeviceKind::kCuda);
  CHECK_THAT(backend->name(), Catch::StartsWith("cuda:0, "));
  CHECK(backend->memory_bytes_max() > 0);
  const std::vector<float> numbers = {1, 2, 3, 4.5f};
  float sum = 0;
  const auto work = [&] {
    const auto to = backend->Out(std::span(&sum, 1));
    backend->Run(SumOp{backend->In(std::span<const float>(numbers)), to});
    backend->Fetch(to, std::span(&sum, 1));
  };
  CHECK(backend->Measure(work) == 512);
  CHECK(backend->Compute(work).ok());
  CHECK(sum == 10.5f);
}

}  // namespace
}  // namespace cairn
