#include "wire/value_codec.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace cairn {
namespace {

constexpr uint32_t kSignBit = 0x80000000;
constexpr int kFractionBits = 23;  // Of a float.
constexpr uint32_t kExponentInfinite = 255;

// kF8: sign | exponent | fraction. Exponent 31 is the largest of all values, which is written once;
// 0 is the value 0.
constexpr int kF8FractionBits = 2;
constexpr int kF8Dropped = kFractionBits - kF8FractionBits;
constexpr uint32_t kF8FractionMask = (1u << kF8FractionBits) - 1;
constexpr uint32_t kF8ExponentMax = 31;
constexpr uint32_t kF8SignBit = 0x80;

constexpr size_t kStride = 256;  // Most values that do not fit are found in the first few.

// The loops below have no branches and no early end, so that compilers make vectors of them.

uint32_t ExponentOf(uint32_t bits) { return (bits & ~kSignBit) >> kFractionBits; }

// Biased, as it lies in a float; 0 if all values are 0.
uint32_t LargestExponent(std::span<const float> values) {
  int32_t most = 0;  // Of numbers without a sign: these vectors know everywhere.
  for (const float value : values) {
    most = std::max(most, static_cast<int32_t>(std::bit_cast<uint32_t>(value) & ~kSignBit));
  }
  return static_cast<uint32_t>(most) >> kFractionBits;
}

bool LowBitsAreZero(std::span<const float> values, uint32_t mask) {
  while (!values.empty()) {
    const std::span<const float> some = values.first(std::min(kStride, values.size()));
    uint32_t bits = 0;
    for (const float value : some) bits |= std::bit_cast<uint32_t>(value);
    if ((bits & mask) != 0) return false;
    values = values.subspan(some.size());
  }
  return true;
}

bool AreF8(std::span<const float> values) {
  if (!LowBitsAreZero(values, (1u << kF8Dropped) - 1)) return false;
  const uint32_t largest = LargestExponent(values);
  if (largest == kExponentInfinite) return false;
  const auto least = static_cast<int32_t>(std::max(largest, kF8ExponentMax) - kF8ExponentMax + 1);
  uint32_t below = 0;
  for (const float value : values) {
    const auto bits = std::bit_cast<uint32_t>(value);
    const auto exponent = static_cast<int32_t>(ExponentOf(bits));
    below |= static_cast<uint32_t>(bits != 0 && exponent < least);
  }
  return below == 0;
}

void WriteBf16(std::span<const float> values, ByteWriter* out) {
  std::byte* const to = out->Extend(values.size() * sizeof(uint16_t));
  for (size_t i = 0; i < values.size(); ++i) {
    const auto half = static_cast<uint16_t>(std::bit_cast<uint32_t>(values[i]) >> 16);
    std::memcpy(to + i * sizeof half, &half, sizeof half);
  }
}

// The largest exponent, biased, then the values.
void WriteF8(std::span<const float> values, ByteWriter* out) {
  if (values.empty()) return;
  const uint32_t largest = LargestExponent(values);
  std::byte* const to = out->Extend(1 + values.size());
  to[0] = static_cast<std::byte>(largest);
  // What exponents, above two bits of fraction, are less by.
  const uint32_t less = (largest - kF8ExponentMax) << kF8FractionBits;
  for (size_t i = 0; i < values.size(); ++i) {
    const auto bits = std::bit_cast<uint32_t>(values[i]);
    const uint32_t code = ((bits & ~kSignBit) >> kF8Dropped) - less;
    const uint32_t sign = bits >> 24 & kF8SignBit;
    to[1 + i] = static_cast<std::byte>(bits == 0 ? 0 : code | sign);
  }
}

void ReadBf16(std::span<const std::byte> bytes, std::span<float> values) {
  for (size_t i = 0; i < values.size(); ++i) {
    uint16_t half;
    std::memcpy(&half, bytes.data() + i * sizeof half, sizeof half);
    values[i] = std::bit_cast<float>(uint32_t{half} << 16);
  }
}

absl::Status ReadF8(std::span<const std::byte> bytes, std::span<float> values) {
  const auto largest = std::to_integer<uint32_t>(bytes[0]);
  const int32_t more = static_cast<int32_t>(largest) - static_cast<int32_t>(kF8ExponentMax);
  uint32_t illegal = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const auto code = std::to_integer<uint32_t>(bytes[1 + i]);
    const auto exponent = static_cast<int32_t>((code & ~kF8SignBit) >> kF8FractionBits);
    const int32_t biased = exponent + more;  // Below 1: the sender has no such values.
    illegal |= static_cast<uint32_t>(code != 0 && (exponent == 0 || biased < 1));
    const uint32_t bits = (code & kF8SignBit) << 24 |
                          static_cast<uint32_t>(biased) << kFractionBits |
                          (code & kF8FractionMask) << kF8Dropped;
    values[i] = std::bit_cast<float>(code == 0 ? 0 : bits);
  }
  if (illegal == 0 && largest < kExponentInfinite) return absl::OkStatus();
  return InvalidArgument("a value of 8 bits below 2^-126, or a largest exponent of ", largest);
}

}  // namespace

ValueForm ShortestForm(std::span<const float> values) {
  if (values.empty() || !LowBitsAreZero(values, 0xFFFF)) return ValueForm::kF32;
  return AreF8(values) ? ValueForm::kF8 : ValueForm::kBf16;
}

void WriteValues(ValueForm form, std::span<const float> values, ByteWriter* out) {
  switch (form) {
    case ValueForm::kF32:
      return out->Packed(values);
    case ValueForm::kBf16:
      return WriteBf16(values, out);
    case ValueForm::kF8:
      return WriteF8(values, out);
  }
}

// ---- Reading ----------------------------------------------------------------------------------

uint64_t ValueReader::remaining() const {
  uint64_t bytes = piece_.size();
  for (const std::span<const std::byte> other : others_) bytes += other.size();
  return bytes;
}

bool ValueReader::IsAligned() const {
  const auto is_aligned = [](std::span<const std::byte> piece) {
    return reinterpret_cast<uintptr_t>(piece.data()) % alignof(float) == 0;
  };
  return is_aligned(piece_) && std::all_of(others_.begin(), others_.end(), is_aligned);
}

absl::StatusOr<std::span<const std::byte>> ValueReader::Take(uint64_t bytes) {
  if (bytes == 0) return std::span<const std::byte>{};
  while (piece_.empty() && !others_.empty()) {
    piece_ = others_.front();
    others_ = others_.subspan(1);
  }
  if (bytes > piece_.size()) {
    return InvalidArgument("values at offset ", offset_, ": ", bytes, " bytes, but ", piece_.size(),
                           " are left", others_.empty() ? "" : " of this piece of the frame");
  }
  const std::span<const std::byte> taken = piece_.first(bytes);
  piece_ = piece_.subspan(bytes);
  offset_ += bytes;
  return taken;
}

absl::Status ValueReader::Read(ValueForm form, size_t count, float* values) {
  if (count == 0) return absl::OkStatus();
  const size_t offset = offset_;
  CAIRN_ASSIGN_OR_RETURN(const std::span<const std::byte> bytes, Take(ValueBytes(form, count)));
  switch (form) {
    case ValueForm::kF32:
      std::memcpy(values, bytes.data(), bytes.size());
      return absl::OkStatus();
    case ValueForm::kBf16:
      ReadBf16(bytes, {values, count});
      return absl::OkStatus();
    case ValueForm::kF8:
      return Annotate(ReadF8(bytes, {values, count}), "values at offset ", offset);
  }
  return Internal("no such form of values");
}

absl::StatusOr<std::span<const float>> ValueReader::View(size_t count) {
  CAIRN_ASSIGN_OR_RETURN(const std::span<const std::byte> bytes,
                         Take(ValueBytes(ValueForm::kF32, count)));
  return std::span(reinterpret_cast<const float*>(bytes.data()), count);
}

absl::Status ValueReader::End() const {
  const uint64_t bytes = remaining();
  if (bytes == 0) return absl::OkStatus();
  return InvalidArgument("values end at offset ", offset_, ", but ", bytes, " bytes follow");
}

}  // namespace cairn
