// Checkpoints while the job goes on, and going back to one. Every moment of many lives: the
// simulator's sweep, where servers die.
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "coordinator/checkpoint_file.h"
#include "coordinator/checkpoint_harness.h"
#include "coordinator/manifest.h"

namespace cairn {
namespace {

TEST_CASE("Checkpoint: the first is taken at once, the next ones in their time") {
  Job job;
  REQUIRE(job.state().taking.has_value());
  const auto* request = job.SentTo<SnapshotRequest>(101);
  REQUIRE(request != nullptr);
  CHECK(request->checkpoint == 1);
  CHECK(request->directory == "/checkpoints/checkpoint-1");
  CHECK(request->cut == kOwnMoment);
  job.Report({0, 1}, 2, 20);  // Comes too late for this one.
  job.Commit();
  REQUIRE(job.state().checkpoints.size() == 1);
  CHECK(job.state().checkpoints[0].training.streams.at(0).progress == 0);
  CHECK(job.core().status(job.now).checkpoint == 1);
  job.Wait(29 * kSecond);
  CHECK(!job.state().taking.has_value());
  job.Wait(2 * kSecond);
  REQUIRE(job.state().taking.has_value());
  CHECK(job.state().taking->id == 2);
  CHECK(job.state().taking->training.streams.at(0).progress == 2);
  CHECK(job.state().taking->training.rows_total == 20);
}

TEST_CASE("Checkpoint: the manifest names all files, and the job as of that moment") {
  Job job;
  job.Answer(Stage::kWritten);
  REQUIRE(job.actions.manifest.has_value());
  const absl::StatusOr<Manifest> manifest = ParseManifest(job.actions.manifest->text);
  REQUIRE(manifest.ok());
  CHECK(manifest->files.size() == 4);
  CHECK(manifest->state.name == "JOB");
  CHECK(manifest->state.bytes == job.actions.manifest->state.size());
  const absl::StatusOr<JobState> saved = DecodeCheckpoint(job.actions.manifest->state);
  REQUIRE(saved.ok());
  CHECK(saved->job == job.state().job);
  CHECK(saved->checkpoints.back().id == 1);
  CHECK(saved->checkpoints.back().files.size() == 4);
  CHECK(saved->members.empty());
}

TEST_CASE("Checkpoint: so many are kept, and what else there is may go") {
  Job job;
  job.Commit();
  for (uint64_t id = 2; id <= 4; ++id) {
    job.Wait(31 * kSecond);
    job.Commit();
    REQUIRE(job.actions.prune.has_value());
    CHECK(job.actions.prune->kept == std::set<uint64_t>{id - 1, id});
    CHECK(job.actions.prune->below == id + 1);
  }
}

TEST_CASE("Checkpoint: what is left of one that a job ended in goes when nobody writes any more") {
  Job job;
  job.Commit();
  job.Wait(31 * kSecond);
  REQUIRE(job.state().taking.has_value());
  job.core().Stop(1, "enough", job.now, &job.actions);
  for (const ProcessId& member : {job.servers[0], job.worker, job.servers[1]}) {
    CHECK(!job.core().finished());
    job.Receive(member, Goodbye{}, kSelf.incarnation);
  }
  CHECK(job.core().finished());
  REQUIRE(job.actions.prune.has_value());
  CHECK(job.actions.prune->kept == std::set<uint64_t>{1});
  CHECK(job.actions.prune->below == 3);
}

// Keeps `kept`, of which up to `full_every` build on each other. Answers as servers do that have
// written all former ones.
class Chains : public Job {
 public:
  Chains(uint32_t kept, uint32_t full_every) : Job(Plan(kept, full_every)) {}

  static CoordinatorCore::Options Plan(uint32_t kept, uint32_t full_every) {
    CoordinatorCore::Options options = WithCheckpoints(Consistency::kAsp);
    options.given->plan.checkpoints.kept = kept;
    options.given->plan.checkpoints.full_every = full_every;
    return options;
  }
  // What the next one may be an increment on.
  uint64_t Next() {
    if (!state().taking.has_value()) Wait(31 * kSecond);
    const auto* request = SentTo<SnapshotRequest>(101);
    REQUIRE(request != nullptr);
    CHECK(request->is_checkpoint);
    CHECK(request->checkpoint == state().taking->id);
    since = request->since;
    Commit();
    return since;
  }
  std::vector<uint64_t> Kept() const {
    std::vector<uint64_t> ids;
    for (const CheckpointState& each : state().checkpoints) ids.push_back(each.id);
    return ids;
  }
};

TEST_CASE("Checkpoint: one of all rows, then increments, on two bases before the first one") {
  using Ids = std::vector<uint64_t>;
  Chains job(2, 3);
  CHECK(job.Next() == 0);             // 1
  CHECK(job.Next() == 0);             // 2: the only base must not be the end of all.
  CHECK(job.Next() == 2);             // 3
  CHECK(job.Kept() == Ids{1, 2, 3});  // 2 and 3 have files in common.
  CHECK(job.Next() == 3);             // 4: three files of each partition.
  CHECK(job.Kept() == Ids{1, 3, 4});
  CHECK(job.actions.prune->kept == std::set<uint64_t>{1, 2, 3, 4});
  CHECK(job.Next() == 0);  // 5
  CHECK(job.Kept() == Ids{4, 5});
  CHECK(job.Next() == 5);  // 6
  CHECK(job.Kept() == Ids{4, 5, 6});
  const CheckpointState& last = job.state().checkpoints.back();
  REQUIRE(last.files.size() == 8);
  CHECK(last.files[2].partition == 1);
  CHECK(last.files[2].checkpoint == 5);
  CHECK(last.files[3].partition == 1);
  CHECK(last.files[3].checkpoint == 6);
}

TEST_CASE("Checkpoint: who keeps one has one chain, who wants no increments has none") {
  Chains one(1, 3);
  std::vector<uint64_t> since;
  for (int i = 0; i < 7; ++i) since.push_back(one.Next());
  CHECK(since == std::vector<uint64_t>{0, 1, 2, 0, 4, 5, 0});
  CHECK(one.Kept() == std::vector<uint64_t>{7});
  Chains none(2, 1);
  for (int i = 0; i < 4; ++i) CHECK(none.Next() == 0);
}

TEST_CASE("Checkpoint: the manifest of increments names the files that they build on") {
  Chains job(1, 8);
  job.Next();
  job.Wait(31 * kSecond);
  job.since = 1;
  job.Answer(Stage::kWritten);
  REQUIRE(job.actions.manifest.has_value());
  const Manifest manifest = ParseManifest(job.actions.manifest->text).value();
  REQUIRE(manifest.files.size() == 8);
  CHECK(manifest.files[0].name == "../checkpoint-1/p0-c1.snapshot");
  CHECK(manifest.files[1].name == "p0-c2.snapshot");
  CHECK(manifest.files[7].partition == 3);
  const JobState saved = DecodeCheckpoint(job.actions.manifest->state).value();
  CHECK(saved.checkpoints.back().files.size() == 8);
  CHECK(saved.checkpoints.back().since == 1);
}

TEST_CASE("Checkpoint: a partition that could not write an increment has one file, others two") {
  Chains job(1, 8);
  job.Next();
  job.Wait(31 * kSecond);
  job.since = 1;
  for (uint32_t p = 0; p < 3; ++p) job.AnswerOf(p, Stage::kWritten);
  job.since = 0;
  job.AnswerOf(3, Stage::kWritten);
  const Manifest manifest = ParseManifest(job.actions.manifest->text).value();
  REQUIRE(manifest.files.size() == 7);
  CHECK(manifest.files[6].name == "p3-c2.snapshot");
  CHECK(manifest.files[5].partition == 2);
}

TEST_CASE("Checkpoint: going back, all files of a chain are read, and the next one has all rows") {
  Chains job(1, 8);
  CHECK(job.Next() == 0);
  CHECK(job.Next() == 1);
  job.LoseServer();
  job.Join(Role::kServer, 103);
  const MapUpdate map = job.state().MakeMap();
  REQUIRE(map.restored.size() == 8);
  CHECK(map.restored[0].path == "/checkpoints/checkpoint-1/p0-c1.snapshot");
  CHECK(map.restored[1].path == "/checkpoints/checkpoint-2/p0-c2.snapshot");
  CHECK(map.restored[1].partition == 0);
  CHECK(map.restored[2].partition == 1);
}

TEST_CASE("Checkpoint: after an interrupt there is one more, and then the end") {
  Job job;
  job.Commit();
  job.Wait(kSecond);
  const auto stop = [&] {
    job.actions = {};
    job.core().Stop(130, "interrupted", job.now, &job.actions);
  };
  stop();
  REQUIRE(job.state().taking.has_value());
  CHECK(job.state().taking->id == 2);
  CHECK(!job.state().ended);
  stop();  // It is repeated.
  CHECK(!job.state().ended);
  SECTION("when it is there") {
    job.Commit();
    CHECK(job.state().checkpoints.back().id == 2);
  }
  SECTION("when the disk is full") { job.AnswerOf(0, Stage::kWritten, 0, "the disk is full"); }
  SECTION("when it takes too long") { job.Wait(10 * kSecond); }
  SECTION("when a server is lost") { job.LoseServer(); }
  job.Wait(kSecond / 10);
  CHECK(job.state().ended);
  CHECK(job.state().end.code == 130);
  CHECK(job.state().end.message == "interrupted");
}

TEST_CASE("Checkpoint: one that is under way is the last one after an interrupt") {
  Job job;
  job.core().Stop(130, "interrupted", job.now, &job.actions);
  CHECK(job.state().taking->id == 1);
  job.Commit();
  CHECK(job.state().end.code == 130);
  CHECK(job.state().checkpoints.size() == 1);
}

TEST_CASE("Checkpoint: a disk that is full is an alarm, and the training goes on") {
  Job job;
  job.AnswerOf(0, Stage::kWritten);
  job.AnswerOf(1, Stage::kWritten, 0, "the disk is full");
  CHECK(!job.state().taking.has_value());
  CHECK(!job.state().ended);
  CHECK_THAT(job.core().status(job.now).alarm, Catch::Contains("the disk is full"));
  REQUIRE(job.actions.warnings.size() == 1);
  CHECK(job.actions.prune->kept.empty());
  job.Wait(31 * kSecond);
  CHECK(job.state().taking->id == 2);
  job.Commit();
  CHECK(job.core().status(job.now).alarm.empty());
}

TEST_CASE("Checkpoint: in bsp the step is chosen when all rows are scanned") {
  CoordinatorCore::Options options = WithCheckpoints(Consistency::kBsp);
  options.given->plan.schedule.batches_per_epoch = 2'000;
  Job job(std::move(options));
  CHECK(job.SentTo<SnapshotRequest>(101)->cut == kCutToCome);
  for (uint32_t p = 0; p < 3; ++p) job.AnswerOf(p, Stage::kScanned, 5);
  CHECK(job.state().taking->cut == kCutToCome);
  job.AnswerOf(3, Stage::kScanned, 6);
  CHECK(job.state().taking->cut == 6 + 64);
  CHECK(job.SentTo<SnapshotRequest>(101)->cut == 70);
  // What is recorded: whoever goes on from it passes the steps in between, and counts their rows.
  CHECK(job.state().taking->training.streams.at(0).progress == 0);
  job.AnswerOf(0, Stage::kPassed, 71);  // Word of it came too late.
  CHECK(!job.state().taking.has_value());
  job.Wait(kSecond);
  job.Answer(Stage::kScanned, 80);
  CHECK(job.state().taking->cut == 80 + 128);
}

// What is evaluated after going back to it is the model after this epoch, and no later one.
TEST_CASE("Checkpoint: in bsp its step is of the epoch that is open") {
  Job job(Consistency::kBsp);
  job.Answer(Stage::kScanned, 1);
  CHECK(job.state().taking->cut == 4);
}

TEST_CASE("Rollback: all partitions and streams go back, and older attempts mean nothing") {
  Job job;
  job.Report({0, 1}, 2, 20);
  job.Commit();
  job.Wait(31 * kSecond);
  job.Commit();  // With that progress.
  job.Report({0, 1}, 3, 30);
  job.Report({1, 1}, 4, 40);
  job.LoseServer();
  CHECK(!job.state().ended);
  CHECK_THAT(job.core().status(job.now).waiting_for, Catch::Contains("a server in the place of"));
  const ProcessId next = job.Join(Role::kServer, 103);
  CHECK(job.state().rollbacks == 1);
  CHECK(job.state().restored == 2);
  CHECK(job.state().rollback_index == job.state().map_index);
  for (const PartitionEntry& entry : job.state().partitions) {
    CHECK(entry.term == 2);
    CHECK((entry.primary == job.servers[0] || entry.primary == next));
  }
  const auto* map = job.SentTo<MapUpdate>(103);
  REQUIRE(map != nullptr);
  CHECK(map->rollback_index == job.state().rollback_index);
  REQUIRE(map->restored.size() == 4);
  CHECK(map->restored[3].path == "/checkpoints/checkpoint-2/p3-c2.snapshot");
  CHECK(job.SentTo<Grants>(201)->rollback_index == job.state().rollback_index);
  // What was there of it is there again, and its books with it.
  CHECK(job.state().streams.at(0).progress == 2);
  CHECK(job.state().streams.at(1).progress == 0);
  CHECK(job.state().rows_total == 20);
  CHECK(job.state().streams.at(0).attempt == 2);
  job.Report({0, 1}, 4, 50);  // Of the past that is taken back.
  CHECK(job.state().streams.at(0).progress == 2);
  job.Report({0, 2}, 4, 30);
  CHECK(job.state().rows_total == 50);
}

TEST_CASE("Rollback: without a server in its place those that are left do its work") {
  Job job;
  job.Commit();
  job.LoseServer();
  job.Pass(4 * kSecond, {job.servers[0], job.worker});
  CHECK(job.state().rollbacks == 0);
  job.Pass(2 * kSecond, {job.servers[0], job.worker});
  CHECK(job.state().rollbacks == 1);
  for (const PartitionEntry& entry : job.state().partitions) {
    CHECK(entry.primary == job.servers[0]);
  }
}

TEST_CASE("Rollback: a server that comes before word of the loss waits for it") {
  Job job;
  job.Commit();
  job.Receive({kUnassignedProcess, 103}, CoordinatorHarness::HelloOf(Role::kServer, 103), 0);
  CHECK(job.SentTo<Wait>(103) != nullptr);
  CHECK(job.state().members.size() == 3);
  job.LoseServer();
  CHECK(job.state().rollbacks == 0);
  job.Join(Role::kServer, 103);  // It asks again.
  CHECK(job.state().rollbacks == 1);
  // One that waits until the end hears of it, and is not waited for then.
  job.Receive({kUnassignedProcess, 104}, CoordinatorHarness::HelloOf(Role::kServer, 104), 0);
  REQUIRE(job.SentTo<Wait>(104) != nullptr);
  job.core().Stop(1, "over", job.now, &job.actions);
  for (const auto& [process, member] : std::map(job.state().members)) {
    job.Receive(member.id, Goodbye{}, kSelf.incarnation);
  }
  CHECK(!job.core().finished());
  job.Receive({kUnassignedProcess, 104}, CoordinatorHarness::HelloOf(Role::kServer, 104), 0);
  REQUIRE(job.SentTo<JobEnd>(104) != nullptr);
  CHECK(job.SentTo<JobEnd>(104)->code == 1);  // The job's.
  CHECK(job.SentTo<JobEnd>(104)->message == "over");
  CHECK(job.core().finished());
}

TEST_CASE("Rollback: a server that comes from a lost one's address is in its place") {
  Job job;
  job.Commit();
  Hello again = CoordinatorHarness::HelloOf(Role::kServer, 777);
  again.address = "sim://102";
  job.Receive({kUnassignedProcess, 777}, again, 0);
  CHECK(job.state().rollbacks == 1);
  CHECK(job.SentTo<Welcome>(777) != nullptr);
}

TEST_CASE("Rollback: a server that was only silent comes back, and nothing is taken back") {
  Job job;
  job.Commit();
  job.Pass(21 * kSecond, {job.servers[0], job.worker});
  // It was missed, and the others have waited for another one since.
  job.Join(Role::kServer, 102, job.servers[1].process);
  CHECK(job.state().rollbacks <= 1);
  CHECK(!job.state().ended);
}

TEST_CASE("Rollback: without any checkpoint, or a directory of them, the job ends with the cause") {
  Job early;
  early.LoseServer();
  CHECK(early.state().ended);
  CHECK_THAT(early.state().end.message, Catch::Contains("no checkpoint was complete yet"));
  Job without(OptionsOf(Consistency::kAsp));
  without.LoseServer();
  CHECK(without.state().end.code == 1);
  CHECK_THAT(without.state().end.message, Catch::Contains("--checkpoint-dir"));
}

TEST_CASE("Rollback: with no server at all the job waits, and then says where to resume") {
  Job job;
  job.Commit();
  job.LoseServer();
  job.core().ProcessDied({"h", 101, "was killed"}, job.now, &job.actions);
  job.Pass(50 * kSecond, {job.worker});
  CHECK(!job.state().ended);
  job.Pass(12 * kSecond, {job.worker});
  CHECK(job.state().end.code == 5);
  CHECK_THAT(job.state().end.message, Catch::Contains("--resume goes on from checkpoint 1"));
}

TEST_CASE("Rollback: a damaged checkpoint is named, and the one before it used") {
  Job job;
  job.Commit();
  job.Wait(31 * kSecond);
  job.Commit();
  job.LoseServer();
  job.servers[1] = job.Join(Role::kServer, 103);
  REQUIRE(job.state().restored == 2);
  job.AnswerOf(1, Stage::kNotLoaded, 0, "block 3 is damaged");
  CHECK(job.state().restored == 1);
  CHECK(job.state().rollbacks == 2);
  CHECK(job.state().checkpoints.size() == 1);
  CHECK_THAT(job.actions.warnings.front(), Catch::Contains("block 3 is damaged"));
  job.AnswerOf(1, Stage::kNotLoaded, 0, "it is not there");
  CHECK(job.state().ended);
  CHECK(job.state().end.code == 4);
}

TEST_CASE("Rollback: to an epoch before, whose streams are as they were") {
  Job job;
  job.Commit();
  job.Report({0, 1}, 4);
  job.Report({1, 1}, 4);
  REQUIRE(job.state().epochs.size() == 1);
  // Streams that a rollback runs again are not closed for good.
  CHECK(job.state().floor == 0);
  job.LoseServer();
  job.Join(Role::kServer, 103);
  CHECK(job.state().epochs.empty());
  CHECK(job.core().status(job.now).phase == JobPhase::kTraining);
  REQUIRE(job.state().streams.size() == 2);
  CHECK(job.state().streams.at(0).attempt > 1);
  // Those of the next epoch are the same as before, since partitions may have steps of them, in
  // attempts that there never were.
  const uint32_t attempt = job.state().streams.at(0).attempt;
  job.Report({0, attempt}, 4);
  job.Report({1, attempt}, 4);
  REQUIRE(job.state().epochs.size() == 1);
  REQUIRE(job.state().streams.size() == 2);
  CHECK(job.state().streams.begin()->first == 2);
  CHECK(job.state().streams.at(2).attempt > 1);
  CHECK(job.state().floor == 0);
}

TEST_CASE("Checkpoint: a coordinator that is started again gives up what was being taken") {
  Job job;
  job.Commit();
  job.Wait(31 * kSecond);
  REQUIRE(job.state().taking.has_value());
  CoordinatorCore::Options options;
  options.self = {kCoordinatorProcess, 6};
  options.job_id = 1;
  options.resumed = job.state();
  CoordinatorHarness next(std::move(options));
  CHECK(!next.state().taking.has_value());
  CHECK(next.state().checkpoints.size() == 1);
  CHECK(next.state().checkpoint == 2);  // That number is not used again.
}

TEST_CASE("Resume: another cluster goes on from a checkpoint") {
  Job job;
  job.Report({0, 1}, 2, 20);
  job.Commit();
  job.Wait(31 * kSecond);
  job.Commit();
  const absl::StatusOr<JobState> saved =
      DecodeCheckpoint(EncodeCheckpoint(StateAsOf(job.state(), job.state().checkpoints.back())));
  REQUIRE(saved.ok());
  CoordinatorCore::Options options = WithCheckpoints(Consistency::kAsp);
  options.given->plan.servers = 1;
  options.opened.restored = std::make_shared<const JobState>(*saved);
  options.opened.checkpoint = 5;
  CoordinatorHarness next(std::move(options));
  CHECK(next.state().job_id == kJobId);
  // Who comes first hears nothing of the former log, whose positions are higher than this one's.
  const ProcessId worker = next.Join(Role::kWorker, 502);
  next.Beat(worker);
  CHECK(next.SentTo<Grants>(502) == nullptr);
  next.Join(Role::kServer, 501);
  REQUIRE(next.SentTo<Grants>(502) != nullptr);
  CHECK(next.SentTo<Grants>(502)->index <= next.state().index);
  CHECK(next.SentTo<Grants>(502)->rollback_index == next.state().rollback_index);
  CHECK(next.core().status(next.now).phase == JobPhase::kTraining);
  CHECK(next.state().restored == 2);
  CHECK(next.state().checkpoint == 5);
  CHECK(next.state().streams.at(0).progress == 2);
  CHECK(next.state().streams.at(0).worker == worker.process);
  CHECK(next.core().status(next.now).rows == 20);
}

TEST_CASE("Resume: a program that joins before the servers has a stream all the same") {
  for (const Consistency consistency : {Consistency::kAsp, Consistency::kBsp}) {
    CoordinatorCore::Options options = WithCheckpoints(consistency);
    options.given->plan.schedule = {};
    Job job(options);
    job.Join(Role::kClient, 301);
    job.Answer(Stage::kScanned);
    job.Commit();
    options.opened.restored =
        std::make_shared<const JobState>(StateAsOf(job.state(), job.state().checkpoints.back()));
    CoordinatorHarness next(options);
    const ProcessId client = next.Join(Role::kClient, 302);
    CHECK(next.SentTo<JobEnd>(302) == nullptr);
    next.Join(Role::kServer, 501);
    next.Join(Role::kServer, 502);
    REQUIRE(next.SentTo<Grants>(302) != nullptr);
    const std::vector<Grant> grants = next.SentTo<Grants>(302)->grants;
    REQUIRE(grants.size() == 1);
    CHECK(grants[0].work.kind == StreamWork::Kind::kClient);
    CHECK(grants[0].ref.attempt > next.state().attempt_base);
    CHECK(next.state().streams.at(grants[0].ref.stream).worker == client.process);
  }
}

TEST_CASE("Rollback: a program that has not heard of its stream yet gets another one") {
  CoordinatorCore::Options options = WithCheckpoints(Consistency::kAsp);
  options.given->plan.schedule = {};
  Job job(options);
  job.Commit();
  const ProcessId client = job.Join(Role::kClient, 301);
  job.LoseServer();
  job.Join(Role::kServer, 103);
  REQUIRE(job.state().rollbacks == 1);
  REQUIRE(job.SentTo<Grants>(301) != nullptr);
  REQUIRE(job.SentTo<Grants>(301)->grants.size() == 1);
  CHECK(job.state().streams.at(job.SentTo<Grants>(301)->grants[0].ref.stream).worker ==
        client.process);
}

TEST_CASE("Rollback: a program that comes before it waits for it") {
  CoordinatorCore::Options options = WithCheckpoints(Consistency::kAsp);
  options.given->plan.schedule = {};
  Job job(options);
  job.Commit();
  job.LoseServer();
  const bool was_silent = GENERATE(true, false);
  const ProcessId client = job.Join(Role::kClient, 301);
  CHECK(job.state().streams.empty());
  if (was_silent) {
    job.Join(Role::kServer, 102, job.servers[1].process);
  } else {
    job.Join(Role::kServer, 103);
  }
  CHECK(job.state().rollbacks == (was_silent ? 0 : 1));
  REQUIRE(job.state().streams.size() == 1);
  CHECK(job.state().streams.begin()->second.worker == client.process);
}

TEST_CASE("Resume: what contradicts the checkpoint is said") {
  Job job;
  job.Commit();
  const JobState& saved = job.state();
  JobDefinition wanted{saved.job, saved.plan};
  wanted.plan.servers = 7;
  wanted.plan.workers = 9;
  wanted.plan.save_dir = "/elsewhere";
  CHECK(CheckSameJob(saved, wanted).ok());
  JobDefinition other = wanted;
  other.spec.seed = 99;
  CHECK_THAT(std::string(MessageOf(CheckSameJob(saved, other))), Catch::Contains("--seed"));
  other = wanted;
  other.spec.tables[0].parts[0].width = 3;
  CHECK_THAT(std::string(MessageOf(CheckSameJob(saved, other))), Catch::Contains("tables"));
  other = wanted;
  other.plan.schedule.epochs = 99;
  CHECK_THAT(std::string(MessageOf(CheckSameJob(saved, other))), Catch::Contains("--epochs"));
  other = wanted;
  other.spec.program = "another";
  CHECK(!CheckSameJob(saved, other).ok());
}

}  // namespace
}  // namespace cairn
