// How the values of a message travel: as they are, or, where they can be told back exactly,
// shorter. Whoever wants them short rounds them before; the form is then found here, so that equal
// values always are equal bytes, and no message says how precise it is. doc/wire.md, "Values", is
// the specification. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "wire/byte_io.h"

namespace cairn {

enum class ValueForm : uint8_t {
  kF32 = 0,   // 4 bytes.
  kBf16 = 1,  // 2 bytes: the upper half of the float, where the lower half is 0.
  kF8 = 2,    // 1 byte: sign, 5 bits of exponent below the largest one, 2 bits of fraction.
};
inline constexpr ValueForm kLastValueForm = ValueForm::kF8;

// The shortest form that tells `values` back exactly.
ValueForm ShortestForm(std::span<const float> values);

// The exact length of WriteValues' bytes.
constexpr uint64_t ValueBytes(ValueForm form, uint64_t count) {
  if (form == ValueForm::kF32) return count * sizeof(float);
  if (form == ValueForm::kBf16) return count * sizeof(uint16_t);
  return count == 0 ? 0 : 1 + count;
}

// `form` is one that tells the values back exactly.
void WriteValues(ValueForm form, std::span<const float> values, ByteWriter* out);

// Reads what WriteValues wrote from the values of a frame in pieces: what is left of the first,
// then the others. Nobody has checked them. Does not own the bytes.
class ValueReader {
 public:
  // `offset`: where `rest` begins in the frame; only for errors.
  ValueReader(std::span<const std::byte> rest, size_t offset,
              std::span<const std::span<const std::byte>> others)
      : piece_(rest), offset_(offset), others_(others) {}

  uint64_t remaining() const;
  // Floats may be read where they lie.
  bool IsAligned() const;

  // `count` values into memory of the caller's. kInvalidArgument: they are not there, in one piece.
  absl::Status Read(ValueForm form, size_t count, float* values);
  // `count` floats where they lie. IsAligned() was true, and only this was called since.
  absl::StatusOr<std::span<const float>> View(size_t count);
  // That nothing is left.
  absl::Status End() const;

 private:
  absl::StatusOr<std::span<const std::byte>> Take(uint64_t bytes);

  std::span<const std::byte> piece_;
  size_t offset_;
  std::span<const std::span<const std::byte>> others_;
};

}  // namespace cairn
