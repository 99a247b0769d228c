#include <catch2/catch.hpp>

#include "cli/completion.h"
#include "cli/run_cairn.h"

namespace cairn {
namespace {

TEST_CASE("Each shell gets its own script", "[completion]") {
  CHECK(Run({"completion", "bash"}).out == BashCompletion(AllPages()));
  CHECK(Run({"completion", "zsh"}).out == ZshCompletion(AllPages()));
  CHECK(Run({"completion", "fish"}).out == FishCompletion(AllPages()));
  CHECK(Run({"completion"}).err == "cairn completion: SHELL is missing\n");
  CHECK(Run({"completion", "bsh"}).LastError().ends_with("did you mean bash?"));
  CHECK(Run({"completion", "bash", "zsh"}).code == 2);
}

}  // namespace
}  // namespace cairn
