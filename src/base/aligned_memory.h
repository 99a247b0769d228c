// Memory of arrays that stay: aligned, and easy on the processor's table of pages where it is much.
#pragma once

#include <cstddef>
#include <memory>

namespace cairn {

// A block of memory that begins at a cache line; its content is anything. From 1 MiB on it is
// mapped from the system by itself and takes memory as it is touched, from 16 MiB on in huge pages
// where the system has them. Immovable blocks; not thread-safe.
class AlignedMemory {
 public:
  static constexpr size_t kLineBytes = 64;

  explicit AlignedMemory(size_t bytes);

  std::byte* data() const { return data_.get(); }
  size_t bytes() const { return data_.get_deleter().bytes; }

 private:
  struct Deleter {
    size_t bytes;
    size_t mapped;
    std::byte* mapping;  // Of `mapped` bytes, with what lies before the data. Null: of the heap.
    void operator()(std::byte* data) const;
  };

  std::unique_ptr<std::byte, Deleter> data_;
};

}  // namespace cairn
