// A model of a user's own (cairn/model.h) among the built-in ones.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "cairn/model.h"
#include "train/model.h"

namespace cairn {

// What the factory of such a model gets.
ModelSpec SpecOf(const ModelSettings& settings);

// kInvalidArgument, or as the factory says: it makes nothing of these settings.
absl::StatusOr<std::unique_ptr<Model>> MakeCustomModel(const ModelSettings& settings,
                                                       const CustomModelFactory& factory);

}  // namespace cairn
