// The built-in row optimizers, behind the seam of cairn/optimizer.h. doc/optimizers.md explains
// their formulas, which are the same bits everywhere for the reasons in update_rules.h.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/optimizer.h"
#include "kernels/update_rules.h"

namespace cairn {

// "adagrad", "adam", "assign", "ftrl", "rowwise_adagrad", "sgd", "sum".
std::span<const std::string> BuiltInOptimizers();

// The formula of a built-in optimizer for one weight; none if it is not of that kind.
UpdateRule RuleOf(const OptimizerSpec& spec);

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
