#include "sim/sim_guards.h"

#include <algorithm>

namespace cairn::sim {

const std::vector<Guard>& Guards() {
  static const std::vector<Guard> all = {
      {"stamp", [](Scenario* s) { s->guards.stamp_check = false; }},
      {"gap", [](Scenario* s) { s->guards.gap_check = false; }},
      {"undo", [](Scenario* s) { s->guards.undo = false; }},
      {"order", [](Scenario* s) { s->guards.stream_order = false; }},
      {"ids", [](Scenario* s) { s->guards.need_ids = false; }},
      {"log-first", [](Scenario* s) { s->log_first = false; }},
      {"syncs", [](Scenario* s) { s->syncs = false; }},
      {"stamps-kept", [](Scenario* s) { s->guards.stamps_kept = false; }, true},
      {"ahead-kept",
       [](Scenario* s) {
         s->guards.ahead_kept = false;
         s->faults.move_at = 600 * kMicrosPerMilli;
         s->faults.moved_servers = 2;
         s->faults.moved_partitions = s->job.partitions / 2;
       },
       true},
      {"tail",
       [](Scenario* s) {
         s->guards.tail = false;
         s->plan.checkpoints.every_seconds = 0.2;
         s->faults.server_crash = 0.003;
       },
       true},
      {"since",
       [](Scenario* s) {
         s->guards.since_check = false;
         s->faults.disk_error = 0.02;  // Checkpoints are given up half-way.
       },
       true},
      // A worker that has taken over, and hears of no rollback since, writes into the past.
      {"term",
       [](Scenario* s) {
         s->guards.term_check = false;
         s->plan.checkpoints.every_seconds = 0.4;
         s->plan.lease_batches = 30;
         Faults& faults = s->faults;
         faults.crash = 0.1;
         faults.crashes_max = 40;
         faults.pause = 0.05;
         faults.pauses_max = 100;
         faults.pause_most = 400 * kMicrosPerMilli;
         faults.deaf = 0.1;
         faults.deaf_most = 300 * kMicrosPerMilli;
         faults.loss = 0.1;
         faults.server_crash = 0.003;
       },
       true},
      // A worker that hears of the new map, and not yet of its new grant, or the other way round.
      {"rollback",
       [](Scenario* s) {
         s->rollback_check = false;
         s->plan.checkpoints.every_seconds = 0.4;
         s->plan.lease_batches = 30;
         s->faults.loss = 0.1;
         s->faults.server_crash = 0.003;
         s->faults.server_crashes_max = 40;
       },
       true},
  };
  return all;
}

const Guard* FindGuard(std::string_view name) {
  const auto& all = Guards();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [name](const Guard& guard) { return guard.name == name; });
  return found == all.end() ? nullptr : &*found;
}

void BeImpatient(Scenario* scenario) {
  scenario->patience = 15 * kMicrosPerSecond;
  scenario->events_max = 60'000;
}

}  // namespace cairn::sim
