#include "sim/sim_shrink.h"

#include <algorithm>

#include "base/numbers.h"
#include "base/status.h"

namespace cairn::sim {
namespace {

constexpr std::string_view kMishap = "mishap-";

}  // namespace

const std::vector<Simplification>& Simplifications() {
  static const std::vector<Simplification> all = {
      {"loss", [](Scenario* s) { s->faults.loss = 0; }},
      {"duplication", [](Scenario* s) { s->faults.duplication = 0; }},
      {"bad-links", [](Scenario* s) { s->faults.swizzle = 0; }},
      {"cuts", [](Scenario* s) { s->faults.cut = 0; }},
      {"deafness", [](Scenario* s) { s->faults.deaf = 0; }},
      {"delays", [](Scenario* s) { s->faults.delay_most = 2 * s->faults.delay_least; }},
      {"bytes", [](Scenario* s) { s->faults.encode = s->faults.encode_named = 0; }},
      {"crashes", [](Scenario* s) { s->faults.crashes_max = 0; }},
      {"pauses", [](Scenario* s) { s->faults.pauses_max = 0; }},
      {"server-crashes", [](Scenario* s) { s->faults.server_crashes_max = 0; }},
      {"leaves", [](Scenario* s) { s->faults.leaves_max = 0; }},
      {"server-pauses", [](Scenario* s) { s->faults.server_pauses_max = 0; }},
      {"coordinator-crashes", [](Scenario* s) { s->faults.coordinator_crashes_max = 0; }},
      {"coordinator-pauses", [](Scenario* s) { s->faults.coordinator_pauses_max = 0; }},
      {"exodus", [](Scenario* s) { s->faults.exodus_at = 0; }},
      {"move", [](Scenario* s) { s->faults.move_at = 0; }},
      {"drift", [](Scenario* s) { s->faults.drift = 0; }},
      {"power-losses", [](Scenario* s) { s->faults.power_loss = 0; }},
      {"disk-errors", [](Scenario* s) { s->faults.disk_error = 0; }},
      {"damage", [](Scenario* s) { s->faults.damage = 0; }},
      {"reports", [](Scenario* s) { s->faults.report = 0; }},
      {"submission", [](Scenario* s) { s->submitted = false, s->faults.report = 0; }},
      {"evaluation", [](Scenario* s) { s->plan.evaluation_batches = 0; }},
      {"save", [](Scenario* s) { s->plan.save_dir = ""; }},
      {"retention", [](Scenario* s) { s->job.tables[0].retention = RetentionSpec{}; }},
      {"rounding", [](Scenario* s) { s->job.wire_values = WireValues::kF32; }},
      {"forgetting", [](Scenario* s) { s->pulled_ids_bytes_max = limits::kPulledIdsBytesMax; }},
      {"fragments", [](Scenario* s) { s->sizes = {.fragment = 1u << 20, .message = 1u << 20}; }},
      {"killers", [](Scenario* s) { s->shape.kills_reader = s->shape.kills_computer = 0; }},
      {"killers-of-scorers", [](Scenario* s) { s->shape.kills_scorer = 0; }},
      {"bare-records", [](Scenario* s) { s->shape.bare_every = 0; }},
      {"epochs", [](Scenario* s) { s->plan.schedule.epochs = 1; }},
      {"executors", [](Scenario* s) { s->executors = 1; }},
      {"flight", [](Scenario* s) { s->steps_in_flight = 1; }},
      {"servers", [](Scenario* s) { s->servers = s->plan.servers = 1; }},
      {"programs", [](Scenario* s) { s->clients = 0; }},
      {"workers", [](Scenario* s) { s->workers = s->plan.workers = 1; }},
  };
  return all;
}

bool SimplifyBy(std::string_view name, Scenario* scenario) {
  if (name.starts_with(kMishap)) {
    const auto number = ParseU64(name.substr(kMishap.size()));
    if (number.ok()) scenario->skipped_mishaps.insert(static_cast<uint32_t>(*number));
    return number.ok();
  }
  const auto& all = Simplifications();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [name](const Simplification& one) { return one.name == name; });
  if (found != all.end()) found->apply(scenario);
  return found != all.end();
}

Shrunk Shrink(Scenario scenario, uint32_t mishaps,
              const std::function<bool(const Scenario& scenario)>& fails) {
  std::vector<std::string> names;
  for (const Simplification& one : Simplifications()) names.emplace_back(one.name);
  for (uint32_t i = 0; i < mishaps; ++i) names.push_back(Concat(kMishap, i));
  Shrunk shrunk;
  // What could not be taken may be taken once something else is gone.
  for (bool again = true; again;) {
    again = false;
    std::vector<std::string> left;
    for (const std::string& name : names) {
      Scenario simpler = scenario;
      SimplifyBy(name, &simpler);
      ++shrunk.runs;
      if (!fails(simpler)) {
        left.push_back(name);
        continue;
      }
      scenario = std::move(simpler);
      shrunk.without.push_back(name);
      again = true;
    }
    names = std::move(left);
  }
  return shrunk;
}

}  // namespace cairn::sim
