// One seed is one life: everything that happens follows from it.
#include <catch2/catch.hpp>

#include "sim/sim_world.h"

namespace cairn::sim {
namespace {

TEST_CASE("Replay: the same seed gives the same trace, byte for byte") {
  for (const Consistency mode : {Consistency::kAsp, Consistency::kSsp, Consistency::kBsp}) {
    const SimResult once = RunScenario(MakeScenario(42, mode), Trace::kText);
    const SimResult again = RunScenario(MakeScenario(42, mode), Trace::kText);
    CHECK(!once.trace.empty());
    CHECK((once.trace == again.trace));  // In parentheses: megabytes are not for the report.
    CHECK(once.trace_hash == again.trace_hash);
  }
}

TEST_CASE("Replay: another seed gives another trace, and keeping the text changes nothing") {
  const SimResult text = RunScenario(MakeScenario(7), Trace::kText);
  const SimResult hash = RunScenario(MakeScenario(7), Trace::kHash);
  CHECK(text.trace_hash == hash.trace_hash);
  CHECK(text.events == hash.events);
  CHECK(hash.trace.empty());
  CHECK(RunScenario(MakeScenario(8)).trace_hash != hash.trace_hash);
}

}  // namespace
}  // namespace cairn::sim
