#include "train/step_device.h"

#include <utility>

#include "base/status.h"
#include "base/units.h"
#include "train/mlp_shape.h"

namespace cairn {
namespace {

constexpr std::string_view kAuto = "auto";

template <typename... Parts>
absl::Status CannotTakePart(const Parts&... parts) {
  return MakeError(absl::StatusCode::kUnimplemented, parts...);
}

bool IsGpu(std::string_view device) { return device != kAuto && device != kCpuDevice; }

// What a worker was told does not go with the job.
absl::Status CheckWish(const DeviceWish& wish, const TrainProgram& program) {
  const std::string& model = program.model.model;
  const bool wants_steps = IsGpu(wish.device) || wish.memory_bytes_max > 0;
  if (wants_steps && !HasDeviceSteps(model, program.model.update)) {
    const std::string option = IsGpu(wish.device) ? "--device " + wish.device : "--device-memory";
    return CannotTakePart("this worker was started with ", option, ", which ",
                          kModelsWithDeviceSteps, " know, and the job's model is ", model,
                          program.model.update == kGradientUpdate ? "" : " with --update ",
                          program.model.update == kGradientUpdate ? "" : program.model.update,
                          ": start workers without it");
  }
  if (IsGpu(wish.device) && program.device == kCpuDevice) {
    return CannotTakePart(
        "this job is computed on CPUs, and this worker was started with --device ", wish.device,
        ": start it without, or the training with --device cuda");
  }
  if (wish.device == kCpuDevice && program.device == kCudaDevice) {
    return CannotTakePart(
        "this job is computed on GPUs, and this worker was started with --device cpu: start it "
        "without, or the training with --device cpu");
  }
  return {};
}

}  // namespace

absl::Status CheckDevice(const std::string& device) {
  if (!IsGpu(device)) return CheckDeviceText(device);
  const absl::Status status = ResolveDevice(device).status();
  if (status.code() != absl::StatusCode::kFailedPrecondition) return status;
  return MakeError(status.code(), "--device ", MessageOf(status), "; --device cpu does without");
}

bool HasDeviceSteps(std::string_view model, std::string_view update) {
  return update == kGradientUpdate && (model == "lr" || model == "fm" || model == "mlp");
}

StepDevice::StepDevice(std::unique_ptr<Backend> backend, Slicing slicing, const DeviceWish& wish,
                       Note note)
    : backend_(std::move(backend)),
      slicing_(slicing),
      is_limited_(wish.memory_bytes_max > 0),
      note_(std::move(note)) {}

absl::StatusOr<StepOutcome> StepDevice::Finish(absl::StatusOr<StepOutcome> outcome) {
  if (outcome.status().code() == absl::StatusCode::kResourceExhausted) {
    const char* const why =
        slicing_ == Slicing::kForbidden
            ? "; with bsp steps are computed whole, since slices change last bits: take fewer "
              "--batch rows"
            : "; that is the least: take smaller layers";
    return MakeError(outcome.status().code(), MessageOf(outcome.status()), why,
                     is_limited_ ? ", or allow more --device-memory" : "");
  }
  if (!outcome.ok() || outcome->slices == 1 || std::exchange(told_, true)) return outcome;
  note_(Concat("device ", name(), ": steps are cut in ", outcome->slices,
               " slices; whole, one would take ", HumanBytes(outcome->bytes),
               is_limited_ ? ", and --device-memory is " : ", and there are ",
               HumanBytes(backend_->memory_bytes_max())));
  return outcome;
}

absl::StatusOr<std::string> ChooseDevice(const DeviceWish& wish, const TrainProgram& program) {
  CAIRN_RETURN_IF_ERROR(CheckWish(wish, program));
  if (IsGpu(wish.device)) return ResolveDevice(wish.device);
  if (wish.device == kCpuDevice || program.device == kCpuDevice) return std::string(kCpuDevice);
  if (program.device == kCudaDevice) {
    absl::StatusOr<std::string> gpu = ResolveDevice(kCudaDevice);
    if (gpu.ok()) return gpu;
    return CannotTakePart("this job is computed on GPUs, and this worker has none: ",
                          MessageOf(gpu.status()));
  }
  const bool may = program.model.model == "mlp" && HasDeviceSteps("mlp", program.model.update);
  return may ? ResolveDevice(kAuto) : std::string(kCpuDevice);
}

absl::StatusOr<std::unique_ptr<StepDevice>> MakeStepDevice(const DeviceWish& wish,
                                                           const TrainProgram& program,
                                                           Slicing slicing, StepDevice::Note note) {
  CAIRN_ASSIGN_OR_RETURN(const std::string device, ChooseDevice(wish, program));
  if (device == kCpuDevice && wish.memory_bytes_max == 0) return std::unique_ptr<StepDevice>();
  BackendOptions options;
  options.memory_bytes_max = wish.memory_bytes_max;
  CAIRN_ASSIGN_OR_RETURN(options.gemm, GemmKernelOf(program.model));
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<Backend> backend, MakeBackend(device, options));
  return std::make_unique<StepDevice>(std::move(backend), slicing, wish, std::move(note));
}

}  // namespace cairn
