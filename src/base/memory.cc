#include "cairn/memory.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace cairn {

void KeepFreedMemory() {
#if defined(__GLIBC__)
  constexpr int kBytes = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, kBytes);
  mallopt(M_TRIM_THRESHOLD, kBytes);
#endif
}

}  // namespace cairn
