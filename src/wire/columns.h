// Records of a message, field by field: the values of one field for all records are a column, and
// since the parts of a message are much alike, most columns are a few bytes. doc/wire.md,
// "Columns", is the specification.
//
// A column is the first value, then, if there are more, one varint: 1 + ZigZag(d) if each value is
// the one before plus d, modulo 2^64; otherwise 0, and the differences, each a ZigZag varint.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "wire/byte_io.h"

namespace cairn {

namespace columns_internal {

template <typename T>
struct Underlying {
  using type = T;
};
template <typename T>
requires std::is_enum_v<T>
struct Underlying<T> {
  using type = std::underlying_type_t<T>;
};
template <>
struct Underlying<bool> {
  using type = uint8_t;
};

}  // namespace columns_internal

// The values of `field` in all records. `at` maps a record to a reference to the field: a pointer
// to a member, or a function.
template <typename Record, typename Field>
void WriteColumn(const std::vector<Record>& records, Field at, ByteWriter* out) {
  if (records.empty()) return;
  const auto value = [&](size_t i) { return static_cast<uint64_t>(std::invoke(at, records[i])); };
  out->Varint(ZigZag(value(0)));
  if (records.size() == 1) return;
  const uint64_t step = value(1) - value(0);
  // The one step whose code would be 0 is never taken for all.
  bool even = ZigZag(step) != ~uint64_t{0};
  for (size_t i = 2; even && i < records.size(); ++i) even = value(i) - value(i - 1) == step;
  out->Varint(even ? 1 + ZigZag(step) : 0);
  for (size_t i = 1; !even && i < records.size(); ++i) {
    out->Varint(ZigZag(value(i) - value(i - 1)));
  }
}

// Fills in `field` of all records. kInvalidArgument: a value does not fit, or the bytes end.
template <typename Record, typename Field>
absl::Status ReadColumn(std::string_view name, ByteReader* in, std::vector<Record>* records,
                        Field at) {
  using T = std::remove_reference_t<std::invoke_result_t<Field, Record&>>;
  using Number = typename columns_internal::Underlying<T>::type;
  if (records->empty()) return absl::OkStatus();
  const size_t offset = in->offset();
  uint64_t first = 0;
  uint64_t code = 1;
  bool is_whole = in->Varint(&first);
  uint64_t value = UnZigZag(first);
  if (records->size() > 1) is_whole = is_whole && in->Varint(&code);
  const bool even = code != 0;
  uint64_t step = UnZigZag(code - 1);
  for (size_t i = 0; is_whole && i < records->size(); ++i) {
    if (i > 0 && !even) {
      uint64_t coded = 0;
      is_whole = in->Varint(&coded);
      step = UnZigZag(coded);
    }
    if (i > 0) value += step;
    if (value > std::numeric_limits<Number>::max()) {
      return InvalidArgument(name, " at offset ", offset, ": ", value, " at place ", i,
                             ", at most ", uint64_t{std::numeric_limits<Number>::max()},
                             " is legal");
    }
    std::invoke(at, (*records)[i]) = static_cast<T>(static_cast<Number>(value));
  }
  if (is_whole) return absl::OkStatus();
  return InvalidArgument(name, " at offset ", offset, ": ", records->size(),
                         " values, but the bytes end before");
}

}  // namespace cairn
