// Writing and reading records, arrays, strings and packed numbers. Little-endian, nothing is ever
// cast: input may lie at any address. Control payloads are records and arrays that start at
// multiples of 8 bytes; data payloads are packed, and padded once at their end.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/status/statusor.h"
#include "base/check.h"
#include "base/status.h"

namespace cairn {

static_assert(std::endian::native == std::endian::little, "records are written as they lie");

// A struct without hidden padding that is copied to and from the wire as it lies in memory.
template <typename T>
concept WireRecord = std::is_trivially_copyable_v<T> && sizeof(T) % 8 == 0;

// What an array may consist of.
template <typename T>
concept WireNumber = std::is_arithmetic_v<T> &&(sizeof(T) == 4 || sizeof(T) == 8);

constexpr uint64_t PaddedTo8(uint64_t bytes) { return (bytes + 7) & ~uint64_t{7}; }

// Signed numbers as unsigned ones that are small where they are close to 0: 0, -1, 1, -2, ...
constexpr uint64_t ZigZag(uint64_t number) {
  return (number << 1) ^ (uint64_t{0} - (number >> 63));
}
constexpr uint64_t UnZigZag(uint64_t coded) { return (coded >> 1) ^ (uint64_t{0} - (coded & 1)); }

inline constexpr size_t kVarintBytesMax = 10;

// Appends to a vector that the caller owns and may have reserved. Not thread-safe.
class ByteWriter {
 public:
  explicit ByteWriter(std::vector<std::byte>* out) : out_(out) {}

  size_t size() const { return out_->size(); }

  template <WireRecord T>
  void Record(const T& record) {
    Append(&record, sizeof(T));
  }

  // The numbers, then zeros up to a multiple of 8.
  template <WireNumber T>
  void Array(std::span<const T> numbers) {
    Append(numbers.data(), numbers.size_bytes());
    Pad();
  }

  // The bytes, then zeros up to a multiple of 8.
  void Bytes(std::string_view bytes) {
    Append(bytes.data(), bytes.size());
    Pad();
  }

  // The length in 4 bytes, the bytes, then zeros up to a multiple of 8.
  void String(std::string_view text) {
    CAIRN_CHECK(text.size() <= UINT32_MAX);
    const uint32_t length = static_cast<uint32_t>(text.size());
    Append(&length, sizeof length);
    Bytes(text);
  }

  // ---- Packed: no padding.

  // Groups of 7 bits, the lowest first; bit 7 says that another one follows.
  void Varint(uint64_t number) {
    for (; number >= 0x80; number >>= 7) {
      out_->push_back(static_cast<std::byte>(number | 0x80));
    }
    out_->push_back(static_cast<std::byte>(number));
  }

  template <WireNumber T>
  void Packed(std::span<const T> numbers) {
    Append(numbers.data(), numbers.size_bytes());
  }
  void PackedText(std::string_view text) { Append(text.data(), text.size()); }

  // Zeros, to be written over at once: what is appended next may move them.
  std::byte* Extend(size_t bytes) {
    out_->resize(out_->size() + bytes);
    return out_->data() + out_->size() - bytes;
  }
  void TakeBack(size_t bytes) { out_->resize(out_->size() - bytes); }

 private:
  void Append(const void* data, size_t bytes) {
    if (bytes == 0) return;
    const auto* begin = static_cast<const std::byte*>(data);
    out_->insert(out_->end(), begin, begin + bytes);
  }
  void Pad() { out_->resize(PaddedTo8(out_->size())); }

  std::vector<std::byte>* const out_;
};

// Reads what ByteWriter wrote, from bytes that nobody has checked. Every error is
// kInvalidArgument and names the field and its offset. Does not own the bytes; not thread-safe.
class ByteReader {
 public:
  // `offset`: where `bytes` begins in the whole, a multiple of 8; only for errors.
  explicit ByteReader(std::span<const std::byte> bytes, size_t offset = 0)
      : bytes_(bytes), offset_(offset) {}

  size_t offset() const { return offset_; }
  size_t remaining() const { return bytes_.size(); }

  // That `count` elements of `element_bytes` are still there. Call it before allocating for them.
  absl::Status Need(std::string_view field, uint64_t count, size_t element_bytes) const {
    if (count <= bytes_.size() / element_bytes) return absl::OkStatus();
    return InvalidArgument(field, " at offset ", offset_, ": ", count, " elements of ",
                           element_bytes, " bytes, but ", bytes_.size(), " bytes are left");
  }

  template <WireRecord T>
  absl::StatusOr<T> Record(std::string_view field) {
    CAIRN_RETURN_IF_ERROR(Need(field, 1, sizeof(T)));
    T record;
    std::memcpy(&record, bytes_.data(), sizeof(T));
    Skip(sizeof(T));
    return record;
  }

  template <WireRecord T>
  absl::Status Records(std::string_view field, uint64_t count, std::vector<T>* records) {
    CAIRN_RETURN_IF_ERROR(Need(field, count, sizeof(T)));
    records->resize(count);
    if (count > 0) std::memcpy(records->data(), bytes_.data(), count * sizeof(T));
    Skip(count * sizeof(T));
    return absl::OkStatus();
  }

  template <WireNumber T>
  absl::Status Array(std::string_view field, uint64_t count, std::vector<T>* numbers) {
    CAIRN_RETURN_IF_ERROR(Need(field, count, sizeof(T)));
    numbers->resize(count);
    if (count > 0) std::memcpy(numbers->data(), bytes_.data(), count * sizeof(T));
    return SkipPadded(field, count * sizeof(T));
  }

  // `count` bytes without a length in front.
  absl::Status Bytes(std::string_view field, uint64_t count, size_t bytes_max, std::string* text) {
    CAIRN_RETURN_IF_ERROR(CheckLength(field, count, bytes_max));
    text->assign(reinterpret_cast<const char*>(bytes_.data()), count);
    return SkipPadded(field, count);
  }

  absl::Status String(std::string_view field, size_t bytes_max, std::string* text) {
    CAIRN_RETURN_IF_ERROR(Need(field, 1, sizeof(uint32_t)));
    uint32_t length;
    std::memcpy(&length, bytes_.data(), sizeof length);
    Skip(sizeof length);
    return Bytes(field, length, bytes_max, text);
  }

  // ---- Packed: no padding.

  // False if what is left does not begin with a number of at most 64 bits.
  bool Varint(uint64_t* number) {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes_.size() && i < kVarintBytesMax; ++i) {
      const auto byte = std::to_integer<uint64_t>(bytes_[i]);
      value |= (byte & 0x7F) << (7 * i);
      if (byte >= 0x80) continue;
      if (i + 1 == kVarintBytesMax && byte > 1) return false;
      *number = value;
      Skip(i + 1);
      return true;
    }
    return false;
  }

  // A varint that has to fit into T.
  template <typename T>
  absl::Status Varint(std::string_view field, T* number) {
    const size_t offset = offset_;
    uint64_t value = 0;
    if (!Varint(&value)) {
      return InvalidArgument(field, " at offset ", offset, ": no number of at most 64 bits");
    }
    if (value > std::numeric_limits<T>::max()) {
      return InvalidArgument(field, " at offset ", offset, ": ", value, ", at most ",
                             uint64_t{std::numeric_limits<T>::max()}, " is legal");
    }
    *number = static_cast<T>(value);
    return absl::OkStatus();
  }

  // `count` numbers into memory of the caller's.
  template <WireNumber T>
  absl::Status Packed(std::string_view field, uint64_t count, T* numbers) {
    CAIRN_RETURN_IF_ERROR(Need(field, count, sizeof(T)));
    if (count > 0) std::memcpy(numbers, bytes_.data(), count * sizeof(T));
    Skip(count * sizeof(T));
    return absl::OkStatus();
  }

  absl::Status PackedText(std::string_view field, uint64_t count, size_t bytes_max,
                          std::string* text) {
    CAIRN_RETURN_IF_ERROR(CheckLength(field, count, bytes_max));
    text->assign(reinterpret_cast<const char*>(bytes_.data()), count);
    Skip(count);
    return absl::OkStatus();
  }

  // Hands out `bytes` of what is left; they stay the owner's.
  absl::StatusOr<std::span<const std::byte>> Take(std::string_view field, uint64_t bytes) {
    CAIRN_RETURN_IF_ERROR(Need(field, bytes, 1));
    const std::span<const std::byte> taken = bytes_.first(bytes);
    Skip(bytes);
    return taken;
  }

  // That nothing is left.
  absl::Status End(std::string_view field) const {
    if (bytes_.empty()) return absl::OkStatus();
    return InvalidArgument(field, " ends at offset ", offset_, ", but ", bytes_.size(),
                           " bytes follow");
  }

 private:
  void Skip(size_t bytes) {
    bytes_ = bytes_.subspan(bytes);
    offset_ += bytes;
  }

  absl::Status CheckLength(std::string_view field, uint64_t bytes, size_t bytes_max) const {
    if (bytes <= bytes_max) return Need(field, bytes, 1);
    return InvalidArgument(field, " at offset ", offset_, ": ", bytes, " bytes, at most ",
                           bytes_max, " are legal");
  }

  absl::Status SkipPadded(std::string_view field, size_t bytes) {
    const size_t padded = PaddedTo8(offset_ + bytes) - offset_;
    if (padded > bytes_.size()) {
      return InvalidArgument(field, " at offset ", offset_, ": the padding is cut off");
    }
    Skip(padded);
    return absl::OkStatus();
  }

  std::span<const std::byte> bytes_;
  size_t offset_;
};

}  // namespace cairn
