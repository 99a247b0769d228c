#include <catch2/catch.hpp>

#include "cli/section.h"

namespace cairn {
namespace {

TEST_CASE("A model is trained by its name and read from its folder", "[options]") {
  CHECK(Complaint(ModelOptions(), "model", "lr").empty());
  CHECK(Complaint(ModelOptions(), "model", "lt") ==
        "--model \"lt\": must be lr, fm, ffm, mlp, wide_deep, deepfm or count; did you mean lr?");
  CHECK(Complaint(ModelOptions(), "model", "fm").empty());
  const uint32_t score = CommandSpec::kEval | CommandSpec::kPredict;
  CHECK(CommandsWith(ModelOptions(), "model-dir") == score);
  CHECK(CommandsWith(ModelOptions(), "save") == CommandSpec::kTrain);
}

}  // namespace
}  // namespace cairn
