#include "wire/frame_values.h"

#include <utility>

#include "wire/limits.h"

namespace cairn {
namespace {

// What is less is copied in less time than it takes to send more pieces.
constexpr size_t kApartBytesMin = size_t{64} << 10;
constexpr size_t kPieceBytesMin = size_t{16} << 10;  // On an average.

ValueReader ReaderOf(ByteReader* payload, const PayloadRest& rest) {
  const size_t offset = payload->offset();
  return {payload->Take("values", payload->remaining()).value(), offset, rest.pieces};
}

}  // namespace

void ValueGathering::Add(std::span<const float> values) {
  const std::span<const std::byte> bytes = std::as_bytes(values);
  if (bytes.empty()) return;
  bytes_ += bytes.size();
  if (!pieces_.empty() && pieces_.back().data() + pieces_.back().size() == bytes.data()) {
    pieces_.back() = {pieces_.back().data(), pieces_.back().size() + bytes.size()};
  } else {
    pieces_.push_back(bytes);
  }
}

ValuePieces ValueGathering::Take() {
  const bool is_worth_while = bytes_ >= kApartBytesMin &&
                              pieces_.size() < limits::kFramePiecesMax &&
                              bytes_ / pieces_.size() >= kPieceBytesMin;
  return is_worth_while ? std::move(pieces_) : ValuePieces{};
}

uint64_t PayloadRest::bytes() const {
  uint64_t bytes = 0;
  for (const std::span<const std::byte> piece : pieces) bytes += piece.size();
  return bytes;
}

ValueArrays::ValueArrays(ByteReader* payload, const PayloadRest& rest, bool all_f32, size_t count)
    : in_(ReaderOf(payload, rest)),
      owner_(all_f32 && count > 0 && in_.IsAligned() ? rest.owner : nullptr),
      block_(owner_ == nullptr ? count * sizeof(float) : 0) {}

absl::StatusOr<std::span<const float>> ValueArrays::Next(ValueForm form, size_t count) {
  if (owner_ != nullptr) return in_.View(count);
  const std::span<float> values = block_.Make<float>(count);
  CAIRN_RETURN_IF_ERROR(in_.Read(form, count, values.data()));
  return values;
}

std::shared_ptr<const void> ValueArrays::storage() const {
  return owner_ != nullptr ? owner_ : std::shared_ptr<const void>(block_.storage());
}

}  // namespace cairn
