// Where the arrays of a decoded message lie.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "wire/byte_io.h"

namespace cairn {

// A block of arrays, one behind the other. An array of bytes made by new is aligned for every
// number, and 8-byte numbers come first.
class ArrayBlock {
 public:
  // `bytes`: what Make will be called for in all. Whoever decodes has seen that the frame pays for
  // it.
  explicit ArrayBlock(size_t bytes) {
    if (bytes > 0) storage_ = std::shared_ptr<std::byte[]>(new std::byte[bytes]);
    next_ = storage_.get();
  }

  template <WireNumber T>
  std::span<T> Make(size_t count) {
    if (count == 0) return {};
    const std::span<T> numbers(reinterpret_cast<T*>(next_), count);
    std::uninitialized_default_construct(numbers.begin(), numbers.end());
    next_ += numbers.size_bytes();
    return numbers;
  }

  const std::shared_ptr<std::byte[]>& storage() const { return storage_; }

 private:
  std::shared_ptr<std::byte[]> storage_;
  std::byte* next_ = nullptr;
};

}  // namespace cairn
