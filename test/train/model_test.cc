#include "train/model.h"

#include <catch2/catch.hpp>

#include "base/status.h"

namespace cairn {
namespace {

TEST_CASE("Models: made by name") {
  ModelSettings settings;
  CHECK(MakeModel(settings).value()->tables().size() == 2);
  settings.model = "count";
  CHECK(MakeModel(settings).value()->tables().size() == 1);
  settings.model = "fn";
  const absl::Status unknown = MakeModel(settings).status();
  CHECK(unknown.code() == absl::StatusCode::kInvalidArgument);
  CHECK(MessageOf(unknown) == "unknown model \"fn\"; known: lr, count");
}

}  // namespace
}  // namespace cairn
