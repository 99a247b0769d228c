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

// Reads `count` values into memory of the caller's. kInvalidArgument: they are not there.
absl::Status ReadValues(ByteReader* in, ValueForm form, size_t count, float* values);

}  // namespace cairn
