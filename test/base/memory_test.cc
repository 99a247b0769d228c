#include "cairn/memory.h"

#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <memory>

namespace cairn {
namespace {

constexpr size_t kBytes = size_t{8} << 20;
constexpr size_t kPage = 4096;

int64_t PageFaults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

// Takes memory, writes to each of its pages, and frees it.
void TakeAndFree() {
  const std::unique_ptr<volatile char[]> block(new char[kBytes]);
  for (size_t at = 0; at < kBytes; at += kPage) block[at] = 1;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kOwnAllocator = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kOwnAllocator = true;
#else
constexpr bool kOwnAllocator = false;
#endif
#else
constexpr bool kOwnAllocator = false;
#endif

TEST_CASE("memory that is freed is there for its next use") {
  if (kOwnAllocator) return;
  KeepFreedMemory();
  TakeAndFree();
  const int64_t before = PageFaults();
  for (int i = 0; i < 10; ++i) TakeAndFree();
  // Given back, it would be all its pages each time.
  CHECK(PageFaults() - before < static_cast<int64_t>(3 * kBytes / kPage));
}

}  // namespace
}  // namespace cairn
