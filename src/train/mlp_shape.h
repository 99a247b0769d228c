// What the dense layers of a model are, from its settings: of a multi-layer perceptron, and of the
// models that have such a network beside other parts.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/gemm.h"
#include "train/data_source.h"
#include "train/program.h"

namespace cairn {

// mlp, wide_deep, deepfm.
bool HasLayers(std::string_view model);

// "128,64" -> {128, 64}. kInvalidArgument quotes what is wrong: nothing, no whole number, 0, or
// more than a row of a table can hold.
absl::StatusOr<std::vector<size_t>> ParseHidden(std::string_view text);

// How many fields a row's features are of: at least 1.
size_t FieldsOf(const ModelSettings& settings);

// Numbers of a row that go into the dense layers: of mlp, 0 if its first layer is a bag of sparse
// features; of the others, a vector for each field.
size_t InputsOf(const ModelSettings& settings);

// Results of a row: one for each class, or one.
size_t ResultsOf(const ModelSettings& settings);

// kInvalidArgument: the settings contradict themselves, or their dense layers have more weights
// than limits::kNetworkFloatsMax. Says how many there would be.
absl::Status CheckLayers(const ModelSettings& settings);

// The kernel that this machine multiplies matrices with. kUnimplemented: the job is pinned to an
// arithmetic that it does not have.
absl::StatusOr<const GemmKernel*> GemmKernelOf(const ModelSettings& settings);

// Whether data has the rows that a model with dense inputs takes. kInvalidArgument names the file.
absl::Status CheckInputs(const ModelSettings& settings, const DataSource& source);

}  // namespace cairn
