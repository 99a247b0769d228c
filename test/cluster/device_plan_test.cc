#include "cluster/device_plan.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/status.h"
#include "kernels/backend.h"

namespace cairn {
namespace {

TrainOptions Options(const std::string& model, const std::string& device,
                     Consistency consistency = Consistency::kAsp) {
  TrainOptions options;
  options.model = model;
  options.device = device;
  options.mode.consistency = consistency;
  return options;
}

// As of a training whose workers somebody else starts.
TrainOptions Elsewhere(TrainOptions options) {
  options.threads = 0;
  return options;
}

std::string ErrorOf(const TrainOptions& options, absl::StatusCode code) {
  const absl::Status status = PlanDevice(options).status();
  CHECK(status.code() == code);
  return std::string(MessageOf(status));
}

TEST_CASE("A device that was named holds for all workers; else only asp leaves it open",
          "[device_plan]") {
  CHECK(PlanDevice(Options("lr", "auto")).value().pinned == "any");
  for (const Consistency fixed : {Consistency::kBsp, Consistency::kSsp}) {
    for (const char* model : {"lr", "mlp"}) {
      const DevicePlan plan = PlanDevice(Options(model, "auto", fixed)).value();
      CHECK(plan.pinned == "cpu");
      CHECK(plan.device == "cpu");
    }
  }
  const DevicePlan cpu = PlanDevice(Options("mlp", "cpu")).value();
  CHECK(cpu.pinned == "cpu");
  CHECK(cpu.device == "cpu");
  CHECK(cpu.note.empty());
  const DevicePlan cuda = PlanDevice(Elsewhere(Options("mlp", "cuda", Consistency::kBsp))).value();
  CHECK(cuda.pinned == "cuda");
  CHECK(cuda.device == "cuda");
  CHECK(cuda.note == "device cuda: workers that have no GPU leave the job");
  const DevicePlan open = PlanDevice(Elsewhere(Options("mlp", "auto"))).value();
  CHECK(open.pinned == "any");
  CHECK(open.device == "auto");
  CHECK(open.note.empty());
}

TEST_CASE("auto is a GPU for networks where there is one", "[device_plan]") {
  const bool has_gpu = ResolveDevice("cuda").ok();
  CHECK(PlanDevice(Options("lr", "auto")).value().device == "cpu");
  CHECK(PlanDevice(Options("deepfm", "auto")).value().device == "cpu");
  const DevicePlan mlp = PlanDevice(Options("mlp", "auto")).value();
  CHECK(mlp.device == (has_gpu ? "cuda" : "cpu"));
  CHECK(mlp.note == (has_gpu ? "device cuda:0" : ""));
}

TEST_CASE("A bound on memory is told of", "[device_plan]") {
  TrainOptions options = Options("fm", "cpu");
  options.device_bytes_max = 3 << 20;
  CHECK(PlanDevice(options).value().note == "device cpu, at most 3.0 MiB for a step");
}

TEST_CASE("Models that have no steps on a device say which ones have", "[device_plan]") {
  using absl::StatusCode::kInvalidArgument;
  for (const char* model : {"ffm", "wide_deep", "deepfm", "count"}) {
    CHECK(PlanDevice(Options(model, "cpu")).ok());
    CHECK(ErrorOf(Options(model, "cuda"), kInvalidArgument) ==
          "--device cuda: a GPU can compute lr, fm and mlp, and not " + std::string(model) +
              "; --device cpu can");
  }
  TrainOptions sequential = Options("lr", "cuda:1");
  sequential.update = "sequential";
  CHECK(ErrorOf(sequential, kInvalidArgument) ==
        "--device cuda:1: a GPU can compute lr, fm and mlp, and not lr with --update sequential; "
        "--device cpu can");
  TrainOptions limited = Options("ffm", "auto");
  limited.device_bytes_max = 1'000;
  CHECK(ErrorOf(limited, kInvalidArgument) ==
        "--device-memory is for lr, fm and mlp: steps of ffm cannot be cut; leave it out");
}

TEST_CASE("A device that is none, and a GPU that is not there, are told of", "[device_plan]") {
  CHECK_THAT(ErrorOf(Options("lr", "gpu"), absl::StatusCode::kInvalidArgument),
             Catch::Contains("none of auto, cpu, cuda and cuda:N"));
  CHECK_THAT(ErrorOf(Options("lr", "cuda:255"), absl::StatusCode::kFailedPrecondition),
             Catch::StartsWith("--device cuda:255: "));
  CHECK(ErrorOf(Elsewhere(Options("lr", "cuda:1")), absl::StatusCode::kInvalidArgument) ==
        "--device cuda:1: which GPU it is, is an option of the ps_worker that you start; here it "
        "is --device cuda");
}

}  // namespace
}  // namespace cairn
