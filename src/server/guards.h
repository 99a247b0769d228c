// Switches for tests only: each turns off one rule of the protocol, and a checker of the simulator
// must then fail (test/sim/mutation_test.cc). A guard that nothing misses is not needed.
#pragma once

namespace cairn {

struct ServerGuards {
  bool stamp_check = true;   // A step that was applied is not applied again.
  bool gap_check = true;     // A record whose predecessor is missing is refused.
  bool undo = true;          // bsp: a pull for the step just applied sees the values before it.
  bool stream_order = true;  // bsp: contributions are added in stream order.
  bool need_ids = true;      // A push whose ids are not at hand is not executed.
  bool stamps_kept = true;   // A restored partition knows which steps are in its rows.
  bool ahead_kept = true;    // Rows with more steps than their partition do not get them again.
  bool tail = true;          // What changes behind a snapshot's scan is written once more.
  bool since_check = true;   // An increment is one on what is on disk, and on nothing else.
  bool term_check = true;    // Whoever knows an older primary than this one is not served.
};

}  // namespace cairn
