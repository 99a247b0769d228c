// Writing and reading fixed-layout records, arrays and strings. Little-endian, everything starts at
// a multiple of 8 bytes, nothing is ever cast: input may lie at any address.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
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
    if (count > bytes_max) {
      return InvalidArgument(field, " at offset ", offset_, ": ", count, " bytes, at most ",
                             bytes_max, " are legal");
    }
    CAIRN_RETURN_IF_ERROR(Need(field, count, 1));
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

  // Hands out all that is left.
  std::span<const std::byte> TakeRest() {
    const std::span<const std::byte> rest = bytes_;
    Skip(rest.size());
    return rest;
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
