// The built-in row optimizers, by the rules that the CPU has (update_rules.h) and with the same
// bits: this folder is compiled without contraction, and a GPU's division and square root are IEEE.
#include "kernels/cuda/device.h"
#include "kernels/update_rules.h"

namespace cairn::cuda {
namespace {

__device__ float PriorOf(const RowUpdates& u, size_t row) {
  return u.priors == nullptr ? 0.0f : u.priors[row];
}

// A thread has a weight.
template <typename UpdateRuleOfWeight>
__global__ void ByWeightKernel(RowUpdates u, UpdateRuleOfWeight rule) {
  const size_t at = ThreadIndex();
  if (at >= size_t{u.rows} * u.width) return;
  const size_t row = at / u.width, i = at % u.width;
  float* const weight = u.weights + at;
  float* const state = u.state + row * u.state_floats + i;
  const float gradient = u.gradients[at];
  const float q = UpdateRuleOfWeight::kIsGradient ? gradient + PriorOf(u, row) * *weight : gradient;
  rule.Update(q, u.learning_rate, weight, UpdateRuleOfWeight::kStates > 0 ? state : nullptr,
              UpdateRuleOfWeight::kStates > 1 ? state + u.width : nullptr);
}

// A thread has a row: its weights have state in common.
template <typename UpdateRuleOfRow>
__global__ void ByRowKernel(RowUpdates u, UpdateRuleOfRow rule) {
  const size_t row = ThreadIndex();
  if (row >= u.rows) return;
  const size_t at = row * u.width;
  rule.UpdateRow(u.gradients + at, PriorOf(u, row), u.learning_rate, u.width, u.weights + at,
                 u.state + row * u.state_floats);
}

template <typename UpdateRuleOfWeight>
Error ByWeight(Device* device, const RowUpdates& u, const UpdateRuleOfWeight& rule) {
  return Launch(device, size_t{u.rows} * u.width, ByWeightKernel<UpdateRuleOfWeight>, u, rule);
}

template <typename UpdateRuleOfRow>
Error ByRow(Device* device, const RowUpdates& u, const UpdateRuleOfRow& rule) {
  return Launch(device, u.rows, ByRowKernel<UpdateRuleOfRow>, u, rule);
}

}  // namespace

Error ApplyRows(Device* device, const RowUpdates& u) {
  switch (u.rule) {
    case Rule::kSgd:
      return ByWeight(device, u, SgdRule{});
    case Rule::kAdagrad:
      return ByWeight(device, u, AdagradRule{u.epsilon});
    case Rule::kRowwiseAdagrad:
      return ByRow(device, u, RowwiseAdagradRule{u.epsilon});
    case Rule::kFtrl:
      return ByWeight(device, u, FtrlRule{u.alpha, u.beta, u.l1});
    case Rule::kAdam:
      return ByRow(device, u, AdamRule{u.beta1, u.beta2, u.epsilon});
    case Rule::kSum:
      return ByWeight(device, u, SumRule{});
    case Rule::kAssign:
      if (const Error error = Enter(device); error != 0) return error;
      return cudaMemcpyAsync(u.weights, u.gradients, size_t{u.rows} * u.width * sizeof(float),
                             cudaMemcpyDeviceToDevice, device->stream);
  }
  return cudaErrorInvalidValue;
}

}  // namespace cairn::cuda
