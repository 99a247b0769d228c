#include "base/reserved_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/check.h"

namespace cairn {
namespace {

size_t WholePages(size_t bytes) {
  const size_t page = ReservedMemory::PageBytes();
  return (bytes + page - 1) / page * page;
}

}  // namespace

size_t ReservedMemory::PageBytes() {
  static const auto bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

ReservedMemory::ReservedMemory(size_t bytes) : bytes_(WholePages(bytes)) {
  void* at = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CAIRN_CHECK(at != MAP_FAILED,
              "no address space left: is there a limit on virtual memory (ulimit -v)?");
  data_ = static_cast<std::byte*>(at);
}

void ReservedMemory::Resize(size_t bytes) {
  bytes = WholePages(std::max<size_t>(bytes, 1));
  void* at = mremap(data_, bytes_, bytes, MREMAP_MAYMOVE);
  CAIRN_CHECK(at != MAP_FAILED,
              "no address space left: is there a limit on virtual memory (ulimit -v)?");
  data_ = static_cast<std::byte*>(at);
  bytes_ = bytes;
}

ReservedMemory::~ReservedMemory() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

ReservedMemory::ReservedMemory(ReservedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

ReservedMemory& ReservedMemory::operator=(ReservedMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

void DiscardPages(std::byte* begin, std::byte* end) {
  const size_t page = ReservedMemory::PageBytes();
  const auto from = (reinterpret_cast<uintptr_t>(begin) + page - 1) / page * page;
  const auto to = reinterpret_cast<uintptr_t>(end) / page * page;
  if (from < to) madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
}

}  // namespace cairn
