// Address space first, memory as it is touched: for tables that grow in place.
#pragma once

#include <cstddef>

namespace cairn {

// Pages of zeros at a fixed address. Only pages that were written to take memory; a process may
// hold far more address space than its machine has memory. Not thread-safe.
class ReservedMemory {
 public:
  // Rounded up to whole pages. CHECKs that the operating system grants the address space.
  explicit ReservedMemory(size_t bytes);
  ~ReservedMemory();
  ReservedMemory(ReservedMemory&& other) noexcept;
  ReservedMemory& operator=(ReservedMemory&& other) noexcept;

  std::byte* data() const { return data_; }
  size_t bytes() const { return bytes_; }

  // As many bytes from now on, rounded up to whole pages, at least one. The content stays, though
  // maybe at another address, and is not copied.
  void Resize(size_t bytes);

  static size_t PageBytes();

 private:
  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
};

// Gives back the whole pages of reserved memory within [begin, end): they read as zeros again. What
// else is in that range keeps its content.
void DiscardPages(std::byte* begin, std::byte* end);

}  // namespace cairn
