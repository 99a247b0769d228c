// Bringing memory into the cache before it is needed.
#pragma once

namespace cairn {

// For reading. The empty statement is there for g++, in whose eyes a function that only prefetches
// has no effect: it drops the calls of such functions, with all their loops (seen with g++ 12).
inline void Prefetch(const void* at) {
  __builtin_prefetch(at);
  asm volatile("");
}

// For writing.
inline void PrefetchForWrite(const void* at) {
  __builtin_prefetch(at, 1);
  asm volatile("");
}

}  // namespace cairn
