// Errors: making them, passing them up, adding context at each hop. Thread-safe, all of it.
#pragma once

#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

// Returns from the enclosing function if `expr` is not OK.
#define CAIRN_RETURN_IF_ERROR(expr)                               \
  do {                                                            \
    if (absl::Status cairn_status = (expr); !cairn_status.ok()) { \
      return cairn_status;                                        \
    }                                                             \
  } while (false)

// CAIRN_ASSIGN_OR_RETURN(auto x, Make()): x = *Make(), or returns its error.
#define CAIRN_ASSIGN_OR_RETURN(lhs, expr) \
  CAIRN_ASSIGN_OR_RETURN_(CAIRN_CONCAT_(cairn_or_, __LINE__), lhs, expr)
#define CAIRN_ASSIGN_OR_RETURN_(var, lhs, expr)  \
  auto var = (expr);                             \
  if (!var.ok()) return std::move(var).status(); \
  lhs = *std::move(var)
#define CAIRN_CONCAT_(a, b) CAIRN_CONCAT2_(a, b)
#define CAIRN_CONCAT2_(a, b) a##b

namespace cairn {

// Debian's Abseil has its own string_view type: the one place where we cross over.
inline absl::string_view ToAbsl(std::string_view s) { return {s.data(), s.size()}; }
inline std::string_view MessageOf(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

// Concatenates anything that an ostream prints.
template <typename... Parts>
std::string Concat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return std::move(out).str();
}

template <typename... Parts>
absl::Status MakeError(absl::StatusCode code, const Parts&... parts) {
  return absl::Status(code, ToAbsl(Concat(parts...)));
}
template <typename... Parts>
absl::Status InvalidArgument(const Parts&... parts) {
  return MakeError(absl::StatusCode::kInvalidArgument, parts...);
}
template <typename... Parts>
absl::Status NotFound(const Parts&... parts) {
  return MakeError(absl::StatusCode::kNotFound, parts...);
}
template <typename... Parts>
absl::Status DataLoss(const Parts&... parts) {
  return MakeError(absl::StatusCode::kDataLoss, parts...);
}
template <typename... Parts>
absl::Status FailedPrecondition(const Parts&... parts) {
  return MakeError(absl::StatusCode::kFailedPrecondition, parts...);
}
template <typename... Parts>
absl::Status Internal(const Parts&... parts) {
  return MakeError(absl::StatusCode::kInternal, parts...);
}
template <typename... Parts>
absl::Status Unavailable(const Parts&... parts) {
  return MakeError(absl::StatusCode::kUnavailable, parts...);
}
template <typename... Parts>
absl::Status DeadlineExceeded(const Parts&... parts) {
  return MakeError(absl::StatusCode::kDeadlineExceeded, parts...);
}

// The same error, said by the layer above: "context: message". OK stays OK.
template <typename... Parts>
absl::Status Annotate(const absl::Status& status, const Parts&... context) {
  if (status.ok()) return status;
  return MakeError(status.code(), Concat(context...), ": ", MessageOf(status));
}

}  // namespace cairn
