// The built-in row optimizers, behind the seam of cairn/optimizer.h. The only place where their
// formulas stand; doc/optimizers.md explains them. Every operation is a single IEEE float addition,
// multiplication, division or square root in a fixed order, so results are the same bits on every
// compiler and at every optimisation level (the folder is compiled without contraction).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/optimizer.h"

namespace cairn {

// "adagrad", "adam", "assign", "ftrl", "rowwise_adagrad", "sgd", "sum".
std::span<const std::string> BuiltInOptimizers();

// False for "sum" and "assign", which take pushed values as they are: neither divided by the rows
// of the step nor given a prior nor a learning rate. True for every other name.
bool IsGradientOptimizer(std::string_view name);

// Makes the optimizer that `spec` names. `extra` are those that the program has linked.
// kInvalidArgument: an unknown name (the message lists the known ones and the closest), a number
// out of its range, or an `extra` that has the name of a built-in one or no legal name
// (1 .. 64 of [a-z0-9_]); whatever an extra's factory returns, with its name put before.
absl::StatusOr<std::unique_ptr<RowOptimizer>> MakeRowOptimizer(const OptimizerSpec& spec,
                                                               const RowOptimizers& extra);

}  // namespace cairn
