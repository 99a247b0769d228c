#include "base/aligned_memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

#include "base/check.h"

namespace cairn {
namespace {

constexpr size_t kMappedFrom = size_t{1} << 20;
constexpr size_t kHugeFrom = size_t{16} << 20;
constexpr size_t kHugePage = size_t{2} << 20;

}  // namespace

AlignedMemory::AlignedMemory(size_t bytes) {
  Deleter deleter{bytes, 0, nullptr};
  if (bytes < kMappedFrom) {
    auto* const data = ::operator new (bytes, std::align_val_t{kLineBytes});
    data_ = {static_cast<std::byte*>(data), deleter};
    return;
  }
  const bool is_huge = bytes >= kHugeFrom;
  deleter.mapped = is_huge ? bytes + kHugePage : bytes;
  void* const at = mmap(nullptr, deleter.mapped, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CAIRN_CHECK(at != MAP_FAILED,
              "no address space left: is there a limit on virtual memory (ulimit -v)?");
  deleter.mapping = static_cast<std::byte*>(at);
  std::byte* data = deleter.mapping;
  if (is_huge) {
    data += (kHugePage - reinterpret_cast<uintptr_t>(data) % kHugePage) % kHugePage;
    madvise(data, bytes, MADV_HUGEPAGE);  // A wish: without huge pages it only is slower.
  }
  data_ = {data, deleter};
}

void AlignedMemory::Deleter::operator()(std::byte* data) const {
  if (mapping == nullptr) {
    ::operator delete (data, std::align_val_t{kLineBytes});
  } else {
    munmap(mapping, mapped);
  }
}

}  // namespace cairn
