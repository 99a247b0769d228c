// The backend that computes on this processor: operations over the functions of this folder, one
// thread, the same bits as they give.
#pragma once

#include <memory>

#include "kernels/backend.h"

namespace cairn {

std::unique_ptr<Backend> MakeCpuBackend(const BackendOptions& options);

}  // namespace cairn
