#include "cluster/device_plan.h"

#include <algorithm>

#include "base/status.h"
#include "base/units.h"
#include "train/step_device.h"

namespace cairn {
namespace {

constexpr std::string_view kAuto = "auto";

bool IsGpu(const std::string& device) { return device != kAuto && device != kCpuDevice; }

// What people call the training's steps.
std::string ModelText(const TrainOptions& options) {
  if (options.update == kGradientUpdate) return options.model;
  return Concat(options.model, " with --update ", options.update);
}

absl::Status CheckDeviceOptions(const TrainOptions& options) {
  CAIRN_RETURN_IF_ERROR(CheckDeviceText(options.device));
  const bool has_steps =
      HasDeviceSteps(options.model, options.update) && !options.models.contains(options.model);
  if (IsGpu(options.device) && !has_steps) {
    return InvalidArgument("--device ", options.device, ": a GPU can compute ",
                           kModelsWithDeviceSteps, ", and not ", ModelText(options),
                           "; --device cpu can");
  }
  if (options.device_bytes_max > 0 && !has_steps) {
    return InvalidArgument("--device-memory is for ", kModelsWithDeviceSteps, ": steps of ",
                           ModelText(options), " cannot be cut; leave it out");
  }
  const bool starts_workers = options.threads != 0;
  if (starts_workers) return CheckDevice(options.device);
  if (options.device.find(':') == options.device.npos) return {};
  return InvalidArgument("--device ", options.device, ": which GPU it is, is an option of the ",
                         "ps_worker that you start; here it is --device cuda");
}

// Of the workers that are started here.
std::string Names(const TrainOptions& options, const std::string& device) {
  std::vector<std::string> names;
  for (uint32_t worker = 0; worker < options.workers; ++worker) {
    std::string name = DeviceOfWorker(device, worker);
    if (std::find(names.begin(), names.end(), name) != names.end()) break;  // From the start again.
    names.push_back(std::move(name));
  }
  std::string text;
  for (const std::string& name : names) text += Concat(text.empty() ? "" : ", ", name);
  return text;
}

std::string NoteOf(const TrainOptions& options, const std::string& device) {
  const bool starts_workers = options.threads != 0;
  if (!starts_workers) {
    return IsGpu(device) ? "device cuda: workers that have no GPU leave the job" : "";
  }
  const uint64_t bytes = options.device_bytes_max;
  if (device == kCpuDevice && bytes == 0) return "";
  return Concat("device ", Names(options, device),
                bytes == 0 ? "" : Concat(", at most ", HumanBytes(bytes), " for a step"));
}

}  // namespace

absl::StatusOr<DevicePlan> PlanDevice(const TrainOptions& options) {
  CAIRN_RETURN_IF_ERROR(CheckDeviceOptions(options));
  const bool any = options.device == kAuto && options.mode.consistency == Consistency::kAsp;
  DevicePlan plan;
  plan.pinned = IsGpu(options.device) ? kCudaDevice : any ? kAnyDevice : kCpuDevice;
  plan.device = options.device;
  if (options.threads != 0 && options.device == kAuto) {
    TrainProgram program;
    program.model.model = options.model;
    program.model.update = options.update;
    program.device = plan.pinned;
    CAIRN_ASSIGN_OR_RETURN(const std::string chosen, ChooseDevice({}, program));
    plan.device = IsGpu(chosen) ? kCudaDevice : kCpuDevice;
  }
  plan.note = NoteOf(options, plan.device);
  return plan;
}

}  // namespace cairn
