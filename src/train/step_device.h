// Where a worker computes its steps if not by the models' own functions: a backend, and whether
// steps may be cut there. What a worker was told, and what its job is pinned to, meet here.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "kernels/device_step.h"
#include "train/program.h"

namespace cairn {

// What a worker was told: its own matter.
struct DeviceWish {
  std::string device = "auto";    // As CheckDeviceText's.
  uint64_t memory_bytes_max = 0;  // Of a step; 0: what the device has.
};

// kInvalidArgument: as CheckDeviceText; kFailedPrecondition: a GPU that is not there. Both are in
// the words of the command line.
absl::Status CheckDevice(const std::string& device);

// The models with steps for a backend (kernels/device_step.h), for people: "lr, fm and mlp".
inline constexpr char kModelsWithDeviceSteps[] = "lr, fm and mlp";
// Whether Model::ComputeOn computes this one's.
bool HasDeviceSteps(std::string_view model, std::string_view update);

// Not thread-safe: one thread at a time.
class StepDevice {
 public:
  // Told of the first step that is cut, in a sentence.
  using Note = std::function<void(const std::string& note)>;

  StepDevice(std::unique_ptr<Backend> backend, Slicing slicing, const DeviceWish& wish, Note note);

  // As RunStep. Errors say what to do.
  template <typename Step>
  absl::StatusOr<StepOutcome> Run(const Step& step) {
    return Finish(RunStep(step, slicing_, backend_.get()));
  }
  // For people, as Backend::name.
  std::string name() const { return backend_->name(); }

 private:
  absl::StatusOr<StepOutcome> Finish(absl::StatusOr<StepOutcome> outcome);

  const std::unique_ptr<Backend> backend_;
  const Slicing slicing_;
  const bool is_limited_;  // By --device-memory.
  const Note note_;
  bool told_ = false;
};

// "cpu" or "cuda:N": what a worker of such a job computes on. auto, where the job leaves it open: a
// GPU for networks, if there is one. Linear models and factorization machines do little with each
// number that would have to be copied to a GPU and back: auto leaves them to the CPU.
// kUnimplemented: this worker cannot, or was told not to, compute as the job does; others may.
absl::StatusOr<std::string> ChooseDevice(const DeviceWish& wish, const TrainProgram& program);

// The device of such a worker; null: the models' own functions on the CPU. Errors are
// ChooseDevice's, or MakeBackend's.
absl::StatusOr<std::unique_ptr<StepDevice>> MakeStepDevice(const DeviceWish& wish,
                                                           const TrainProgram& program,
                                                           Slicing slicing, StepDevice::Note note);

}  // namespace cairn
