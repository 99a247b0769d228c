// The values of a frame, which come last in it, without copying them: out of a message's storage
// into the pieces of a frame, and out of the pieces of a frame that has arrived. Internal to
// src/wire.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "wire/array_block.h"
#include "wire/byte_io.h"
#include "wire/value_codec.h"

namespace cairn {

using ValuePieces = std::vector<std::span<const std::byte>>;

// Arrays of values, one after the other, as few pieces of memory.
class ValueGathering {
 public:
  void Add(std::span<const float> values);
  // Nothing if they had better be copied.
  ValuePieces Take();

 private:
  ValuePieces pieces_;
  uint64_t bytes_ = 0;
};

// Where the payload goes on after its first piece, and what keeps it where it is; null: nothing
// does, and values have to be copied.
struct PayloadRest {
  std::span<const std::span<const std::byte>> pieces = {};
  std::shared_ptr<const void> owner = nullptr;

  uint64_t bytes() const;
};

// The values of slices, or of parts of a reply: in the frame, if they may stay there, or copied.
class ValueArrays {
 public:
  // Takes what is left of `payload`. `count`: of all values, which the payload pays for.
  ValueArrays(ByteReader* payload, const PayloadRest& rest, bool all_f32, size_t count);

  absl::StatusOr<std::span<const float>> Next(ValueForm form, size_t count);
  absl::Status End() const { return in_.End(); }

  // What keeps them. May be null if there are none.
  std::shared_ptr<const void> storage() const;

 private:
  ValueReader in_;
  const std::shared_ptr<const void> owner_;  // Not null: they stay in the frame.
  ArrayBlock block_;
};

}  // namespace cairn
