// What a multi-layer perceptron is made of, from its settings.
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

// "128,64" -> {128, 64}. kInvalidArgument quotes what is wrong: nothing, no whole number, 0, or
// more than a row of a table can hold.
absl::StatusOr<std::vector<size_t>> ParseHidden(std::string_view text);

// Results of a row: one for each class, or one.
size_t ResultsOf(const ModelSettings& settings);

// kInvalidArgument: the settings contradict themselves, or their dense layers have more weights
// than limits::kNetworkFloatsMax. Says how many there would be.
absl::Status CheckMlp(const ModelSettings& settings);

// The kernel that this machine multiplies matrices with. kUnimplemented: the job is pinned to an
// arithmetic that it does not have.
absl::StatusOr<const GemmKernel*> GemmKernelOf(const ModelSettings& settings);

// Whether data has the rows that a model with dense inputs takes. kInvalidArgument names the file.
absl::Status CheckInputs(const ModelSettings& settings, const DataSource& source);

}  // namespace cairn
