// The memory of a training step on a device: taken piece by piece, given back all at once. How much
// a step will take is found by running it dry, without memory.
#pragma once

#include <cstddef>
#include <type_traits>

namespace cairn {

// Numbers in the memory of a device: a std::span that nobody reads by mistake. On the CPU that
// memory is this process's.
template <typename T>
struct DeviceSpan {
  T* data = nullptr;
  size_t size = 0;

  DeviceSpan() = default;
  DeviceSpan(T* data, size_t size) : data(data), size(size) {}
  // What may be written may be read.
  template <typename U>
  requires(std::is_same_v<const U, T> && !std::is_const_v<U>) DeviceSpan(DeviceSpan<U> other)
      : data(other.data), size(other.size) {}

  bool empty() const { return size == 0; }
};

// A stack in one block of memory. Not thread-safe.
class Arena {
 public:
  static constexpr size_t kAlignment = 256;  // Bytes, of every piece.

  // From now on pieces are only counted: they have no address.
  void BeginDryRun();
  // Returns the most bytes that were taken at a time since then, and gives all of them back.
  size_t EndDryRun();

  // The block to take from; nothing is taken at the time. `memory` is aligned.
  void SetMemory(std::byte* memory, size_t bytes);

  bool is_dry() const { return is_dry_; }
  size_t bytes() const { return bytes_; }

  // CHECKs that there is room: a dry run of the same step has said how much it takes.
  template <typename T>
  DeviceSpan<T> Take(size_t count) {
    static_assert(alignof(T) <= kAlignment);
    return {reinterpret_cast<T*>(TakeBytes(count * sizeof(T))), count};
  }

  // Gives back what was taken since mark() had this value.
  size_t mark() const { return used_; }
  void Rewind(size_t mark);

 private:
  std::byte* TakeBytes(size_t bytes);

  std::byte* memory_ = nullptr;
  size_t bytes_ = 0;
  size_t used_ = 0;
  size_t high_water_ = 0;  // Since the dry run began.
  bool is_dry_ = false;
};

}  // namespace cairn
