// Where a training's steps are computed, as TrainOptions ask for it: what can be refused before any
// data is read, and what the job is pinned to. doc/gpu.md has the rules.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "cairn/train.h"

namespace cairn {

struct DevicePlan {
  // What the workers that are started here are told, each by DeviceOfWorker: "cpu", "cuda",
  // "cuda:N". If they are started elsewhere, as it was given.
  std::string device;
  std::string pinned;  // TrainProgram::device.
  std::string note;    // A line for people; "": the models' own functions on the CPU, as ever.
};

// Workers are started here unless options.threads is 0. kInvalidArgument: no such device, or a
// model that has no steps for one; kFailedPrecondition: a GPU that is not there.
absl::StatusOr<DevicePlan> PlanDevice(const TrainOptions& options);

}  // namespace cairn
