#include "train/model.h"

#include <catch2/catch.hpp>
#include <string>

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
  CHECK(MessageOf(unknown) == "unknown model \"fn\"; known: lr, fm, ffm, mlp, count");
}

TEST_CASE("Models: the table of features has the retention of the settings, the bias none") {
  ModelSettings settings;
  settings.retention = {.admit_count = 2, .expire_steps = 5, .bytes_max = 1 << 20};
  const auto tables = MakeModel(settings).value()->tables();
  CHECK(tables[0].retention == settings.retention);
  CHECK(tables[1].retention == RetentionSpec{});
  settings.model = "count";
  CHECK_THAT(std::string(MessageOf(MakeModel(settings).status())),
             Catch::Contains("a row for every feature"));
}

}  // namespace
}  // namespace cairn
