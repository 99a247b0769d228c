#include "cairn/memory.h"

#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace cairn {
namespace {

constexpr size_t kBlocks = 8;
constexpr size_t kBlockBytes = size_t{1} << 20;
constexpr size_t kPage = 4096;
constexpr int64_t kTimes = 10;

int64_t PageFaults() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_minflt;
}

// Takes blocks of memory, writes to each of their pages, and frees them.
void TakeAndFree() {
  std::vector<std::unique_ptr<volatile char[]>> blocks;
  for (size_t b = 0; b < kBlocks; ++b) {
    blocks.emplace_back(new char[kBlockBytes]);
    for (size_t at = 0; at < kBlockBytes; at += kPage) blocks.back()[at] = 1;
  }
}

// Page faults of doing so a few times more, on a thread of its own.
int64_t FaultsOfAgain() {
  int64_t faults = 0;
  std::thread([&] {
    TakeAndFree();
    const int64_t before = PageFaults();
    for (int64_t i = 0; i < kTimes; ++i) TakeAndFree();
    faults = PageFaults() - before;
  }).join();
  return faults;
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

TEST_CASE("memory that is freed, by whatever thread, is there for its next use") {
  if (kOwnAllocator) return;
  constexpr int64_t kPages = kBlocks * kBlockBytes / kPage;
  CHECK(FaultsOfAgain() > kTimes * kPages / 2);  // Given back, it is all its pages each time.
  KeepFreedMemory();
  CHECK(FaultsOfAgain() < kPages);
}

}  // namespace
}  // namespace cairn
