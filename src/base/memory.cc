#include "cairn/memory.h"

#include <cstdlib>  // Says whether this is glibc.

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace cairn {

void KeepFreedMemory() {
#if defined(__GLIBC__)
  // Of heaps of threads glibc unmaps the last one, of 64 MiB, as soon as nothing in it is used and
  // the one before has room for the padding: so the padding is as large as such a heap.
  constexpr int kBytes = 1 << 30, kHeapBytes = 64 << 20;
  mallopt(M_MMAP_THRESHOLD, kBytes);
  mallopt(M_TRIM_THRESHOLD, kBytes);
  mallopt(M_TOP_PAD, kHeapBytes);
#endif
}

}  // namespace cairn
