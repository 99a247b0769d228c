// The formats of training data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cairn {

// Numbers are part of programs and saved models.
enum class DataFormat : uint8_t {
  kLibsvm = 0,
  kLibffm = 1,
  kIdx = 2,
  kCsv = 3,
  kCriteo = 4,
};
inline constexpr DataFormat kLastDataFormat = DataFormat::kCriteo;

std::string_view FormatName(DataFormat format);  // "libsvm"

// "auto" is none. kInvalidArgument lists the formats.
absl::StatusOr<std::optional<DataFormat>> ParseFormat(std::string_view name);

// Whether rows are cells of named columns.
constexpr bool HasColumns(DataFormat format) {
  return format == DataFormat::kCsv || format == DataFormat::kCriteo;
}

// What the first rows look like; `delimiter` is csv's. kInvalidArgument quotes the first row that
// tells no format, or says that there is no such row.
absl::StatusOr<DataFormat> DetectFormat(std::string_view text, char delimiter = ',');

}  // namespace cairn
