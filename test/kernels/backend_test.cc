#include "kernels/backend.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/status.h"

namespace cairn {
namespace {

std::string Refusal(const char* device) {
  const absl::StatusOr<std::string> resolved = ResolveDevice(device);
  REQUIRE(resolved.status().code() == absl::StatusCode::kInvalidArgument);
  return std::string(MessageOf(resolved.status()));
}

TEST_CASE("A device is auto, cpu, cuda or cuda:N") {
  CHECK(*ResolveDevice("cpu") == "cpu");
  CHECK(ResolveDevice("auto").ok());
  CHECK_THAT(Refusal("gpu"), Catch::Contains("\"gpu\" is none of auto, cpu, cuda and cuda:N"));
  CHECK_THAT(Refusal("CPU"), Catch::Contains("none of"));
  CHECK_THAT(Refusal(""), Catch::Contains("none of"));
  CHECK_THAT(Refusal("cuda:"), Catch::Contains("cuda:N, N from 0 to 255"));
  CHECK_THAT(Refusal("cuda1"), Catch::Contains("N from 0"));
  CHECK_THAT(Refusal("cuda:-1"), Catch::Contains("N from 0"));
  CHECK_THAT(Refusal("cuda:256"), Catch::Contains("N from 0"));
}

TEST_CASE("auto is the GPU that is there, and the CPU where there is none") {
  const absl::StatusOr<std::string> gpu = ResolveDevice("cuda");
  CHECK(*ResolveDevice("auto") == (gpu.ok() ? "cuda:0" : "cpu"));
  if (gpu.ok()) {
    CHECK(*gpu == "cuda:0");
    return;
  }
  WARN("skipped, nothing was run on a GPU: " << gpu.status());
  CHECK(gpu.status().code() == absl::StatusCode::kFailedPrecondition);
  const absl::StatusOr<std::unique_ptr<Backend>> made = MakeBackend("cuda:1", {});
  CHECK(made.status().code() == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(std::string(MessageOf(made.status())), Catch::StartsWith("cuda:1: "));
}

TEST_CASE("Workers that are told cuda share the GPUs out, and others take what they are told") {
  CHECK(DeviceOfWorker("cpu", 3) == "cpu");
  CHECK(DeviceOfWorker("auto", 3) == "auto");
  CHECK(DeviceOfWorker("cuda:1", 3) == "cuda:1");
  const bool has_gpu = ResolveDevice("cuda").ok();
  CHECK(DeviceOfWorker("cuda", 0) == (has_gpu ? "cuda:0" : "cuda"));
  for (uint32_t index = 0; has_gpu && index < 20; ++index) {
    CHECK(ResolveDevice(DeviceOfWorker("cuda", index)).ok());
  }
}

TEST_CASE("A backend takes no more memory than it may") {
  const auto backend = MakeBackend("cpu", {.memory_bytes_max = 1000});
  REQUIRE(backend.ok());
  CHECK((*backend)->kind() == DeviceKind::kCpu);
  CHECK((*backend)->memory_bytes_max() == 1000);
  Arena& arena = (*backend)->arena();
  int calls = 0;
  const auto take = [&](size_t floats) {
    return [&, floats] {
      arena.Take<float>(floats);
      ++calls;
    };
  };
  CHECK((*backend)->Measure(take(100)) == 512);
  CHECK(calls == 1);
  CHECK((*backend)->Compute(take(100)).ok());
  CHECK(calls == 3);  // Dry, and in earnest.
  CHECK(arena.bytes() >= 512);
  const absl::Status status = (*backend)->Compute(take(300));
  CHECK(status.code() == absl::StatusCode::kResourceExhausted);
  CHECK(MessageOf(status) == "cpu: a step takes 1.2 KiB, and may take 1000 B");
  CHECK((*backend)->Compute(take(0)).ok());
}

TEST_CASE("Memory grows from step to step, and keeps its place between them") {
  const auto backend = MakeBackend("cpu", {});
  REQUIRE(backend.ok());
  Arena& arena = (*backend)->arena();
  for (const size_t floats : {100, 50, 100'000, 10}) {
    float* last = nullptr;
    CHECK((*backend)->Compute([&] { last = arena.Take<float>(floats).data; }).ok());
    CHECK(last != nullptr);
    CHECK(reinterpret_cast<uintptr_t>(last) % Arena::kAlignment == 0);
    CHECK(arena.bytes() >= floats * sizeof(float));
  }
}

}  // namespace
}  // namespace cairn
