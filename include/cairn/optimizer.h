// The seam for optimizers of your own: derive, hand an instance to Server::Options, name it in a
// TableSpec. Built-in optimizers are behind the same interface (src/kernels/optimizers.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "cairn/table.h"

namespace cairn {

// What one step does to one part of one row. All spans belong to the caller and live for the call.
struct RowUpdate {
  std::span<const float> gradient;  // [width], the step's sum (or mean), the prior not yet added.
  std::span<float> weights;         // [width]
  std::span<float> state;           // [StateFloats(width)], zero-filled, then InitState'd.
  float learning_rate;              // Already multiplied by the step's factor.
  float prior;                      // l2 * (occurrences in this step / occurrences per epoch).
};

// Thread-safe: one instance serves all executors of a server at once; keep all state in the row.
// Must be deterministic and portable bit for bit (no fused multiply-add, nothing from libm but
// sqrt) if it is to be used with Consistency::kBsp: replicas and re-runs have to agree.
class RowOptimizer {
 public:
  virtual ~RowOptimizer() = default;
  // Floats of optimizer state behind a part of `width` weights. Constant for a given width.
  virtual uint32_t StateFloats(uint32_t width) const = 0;
  // Fills the state of a new row. `state` arrives zero-filled.
  virtual void InitState(std::span<float> state) const = 0;
  // Applies one step. Must not fail; a gradient that is not finite never gets here.
  virtual void Apply(const RowUpdate& update) const = 0;
};

// Makes a RowOptimizer from the numbers of a TableSpec, or says what is wrong with them.
using RowOptimizerFactory = absl::StatusOr<std::unique_ptr<RowOptimizer>> (*)(const OptimizerSpec&);

// Optimizers by name, beyond the built-in ones. A name that is built in cannot be replaced.
using RowOptimizers = std::map<std::string, RowOptimizerFactory>;

}  // namespace cairn
