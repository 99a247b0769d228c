// Counts what the calling thread allocates with new.
#pragma once

#include <cstddef>

namespace cairn {

// Bytes that this thread has asked of operator new since it began, whether freed or not.
size_t AllocatedBytes();

}  // namespace cairn
