#include "base/status.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>

namespace cairn {
namespace {

absl::Status FailIf(bool fail) {
  return fail ? Unavailable("peer ", 7, " is silent") : absl::OkStatus();
}

absl::Status PassUp(bool fail, bool* reached_end) {
  CAIRN_RETURN_IF_ERROR(FailIf(fail));
  *reached_end = true;
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<int>> MakeInt(int value) {
  if (value < 0) return InvalidArgument("negative: ", value);
  return std::make_unique<int>(value);
}

absl::StatusOr<int> Add(int a, int b) {
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<int> left, MakeInt(a));
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<int> right, MakeInt(b));
  return *left + *right;
}

TEST_CASE("CAIRN_RETURN_IF_ERROR passes errors up and goes on otherwise") {
  bool reached_end = false;
  const absl::Status failed = PassUp(true, &reached_end);
  CHECK(failed.code() == absl::StatusCode::kUnavailable);
  CHECK(MessageOf(failed) == "peer 7 is silent");
  CHECK_FALSE(reached_end);
  CHECK(PassUp(false, &reached_end).ok());
  CHECK(reached_end);
}

TEST_CASE("CAIRN_ASSIGN_OR_RETURN moves values out and errors up") {
  CHECK(Add(2, 3).value() == 5);
  const absl::StatusOr<int> failed = Add(2, -3);
  CHECK(failed.status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(MessageOf(failed.status()) == "negative: -3");
}

TEST_CASE("makers give their own code") {
  using absl::StatusCode;
  CHECK(InvalidArgument("x").code() == StatusCode::kInvalidArgument);
  CHECK(NotFound("x").code() == StatusCode::kNotFound);
  CHECK(DataLoss("x").code() == StatusCode::kDataLoss);
  CHECK(FailedPrecondition("x").code() == StatusCode::kFailedPrecondition);
  CHECK(Internal("x").code() == StatusCode::kInternal);
  CHECK(Unavailable("x").code() == StatusCode::kUnavailable);
  CHECK(DeadlineExceeded("x").code() == StatusCode::kDeadlineExceeded);
}

TEST_CASE("Annotate puts context in front, keeps the code, leaves OK alone") {
  const absl::Status inner = NotFound("no file");
  const absl::Status outer = Annotate(Annotate(inner, "part ", 3), "checkpoint ", std::string("7"));
  CHECK(outer.code() == absl::StatusCode::kNotFound);
  CHECK(MessageOf(outer) == "checkpoint 7: part 3: no file");
  CHECK(Annotate(absl::OkStatus(), "context").ok());
}

TEST_CASE("Concat prints what a stream prints") {
  CHECK(Concat("a", 1, 'c', std::string_view("d"), 2.5) == "a1cd2.5");
}

TEST_CASE("messages may hold any bytes") {
  const std::string bytes("a\0b", 3);
  CHECK(MessageOf(Internal(bytes)) == bytes);
  CHECK(ToAbsl(bytes).size() == 3);
}

}  // namespace
}  // namespace cairn
