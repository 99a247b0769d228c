// A job with checkpoints for tests of the coordinator core, and how its servers answer.
#pragma once

#include <string>
#include <utility>

#include "base/status.h"
#include "coordinator/coordinator_harness.h"

namespace cairn {

using Stage = SnapshotDone::Stage;

inline CoordinatorCore::Options WithCheckpoints(Consistency consistency) {
  CoordinatorCore::Options options = OptionsOf(consistency);
  options.given->plan.checkpoints = {"/checkpoints", 30, 2, 1, false};
  return options;
}

// Two servers and a worker of a training with checkpoints, the first of which has begun.
class Job : public CoordinatorHarness {
 public:
  explicit Job(Consistency consistency = Consistency::kAsp) : Job(WithCheckpoints(consistency)) {}
  explicit Job(CoordinatorCore::Options options) : CoordinatorHarness(std::move(options)) {
    Form();
    Tick(kSecond / 10);
  }

  void AnswerOf(uint32_t p, Stage stage, StepIndex version = 0, const std::string& error = "") {
    SnapshotDone done;
    done.checkpoint = stage == Stage::kNotLoaded ? state().restored : state().checkpoint;
    done.partition = p;
    done.term = state().partitions[p].term;
    done.file = Concat("p", p, "-c", done.checkpoint, ".snapshot");
    done.stage = stage;
    done.version = version;
    done.error = error;
    done.since = since;
    Receive(state().partitions[p].primary, done, kSelf.incarnation);
  }
  void Answer(Stage stage, StepIndex version = 0) {
    for (uint32_t p = 0; p < 4; ++p) AnswerOf(p, stage, version);
  }
  // The one that is being taken is complete.
  void Commit() {
    Answer(Stage::kWritten);
    REQUIRE(actions.manifest.has_value());
    const ManifestFile file = *actions.manifest;
    actions = {};
    core().ManifestWritten(file.checkpoint, {}, now, &actions);
  }
  // Time passes, and all three say that they live.
  void Wait(Micros time) { Pass(time, {servers[0], servers[1], worker}); }
  uint64_t since = 0;  // Of the files that are answered with.
  void LoseServer() {
    actions = {};
    core().ProcessDied({"h", 102, "was killed"}, now, &actions);
  }
};

}  // namespace cairn
