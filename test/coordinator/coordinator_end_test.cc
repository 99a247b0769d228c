// How a job ends.
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "base/status.h"
#include "coordinator/coordinator_harness.h"

namespace cairn {
namespace {

TEST_CASE("CoordinatorCore: a lost server ends the job and says what is lost") {
  CoordinatorHarness harness(OptionsOf(Consistency::kAsp));
  harness.Form();
  harness.Tick(21 * kSecond);
  CHECK(harness.state().ended);
  CHECK(harness.state().end.code == 1);
  CHECK(harness.state().end.message.find("silent") != std::string::npos);
}

TEST_CASE("CoordinatorCore: digests of all partitions make the model's") {
  auto options = OptionsOf(Consistency::kAsp);
  options.given->plan.want_digest = true;
  options.given->plan.schedule.epochs = 1;
  CoordinatorHarness harness(options);
  harness.Form();
  harness.Report({0, 1}, 4);
  harness.Report({1, 1}, 4);
  CHECK(!harness.state().ended);
  CHECK(harness.SentTo<SnapshotRequest>(101) != nullptr);
  for (uint32_t p = 0; p < 4; ++p) {
    SnapshotDone done;
    done.checkpoint = 1;
    done.partition = p;
    done.term = 1;
    done.rows = 3;
    done.digest_low = ~uint64_t{0};
    const ProcessId& primary = harness.state().partitions[p].primary;
    const ProcessId& other = harness.servers[p < 2 ? 1 : 0];
    harness.Receive(other, done, kSelf.incarnation);  // Not its partition.
    harness.Receive(primary, done, kSelf.incarnation);
    harness.Receive(primary, done, kSelf.incarnation);
  }
  CHECK(harness.state().ended);
  CHECK(harness.core().result().features == 12);
  CHECK(harness.core().result().digest_low == ~uint64_t{0} - 3);
  CHECK(harness.core().result().digest_high == 3);  // Carried.
}

// A training with patience of which the test decides how good its epochs are.
struct Patient {
  explicit Patient(const std::string& save_dir) : harness(Options(save_dir)) { harness.Form(); }

  static CoordinatorCore::Options Options(const std::string& save_dir) {
    auto options = OptionsOf(Consistency::kBsp);
    options.given->plan.evaluation_batches = 1;
    options.given->plan.schedule.epochs = 9;
    options.given->plan.stop.patience = 2;
    options.given->plan.want_digest = true;
    options.given->plan.save_dir = save_dir;
    return options;
  }

  // Ends the epoch with an AUC of 1, or of 0.
  void EndEpoch(bool is_good) {
    ++epochs;
    harness.Report({0, 1}, 4 * epochs);
    harness.Report({1, 1}, 4 * epochs);
    const StreamRef evaluation{kEvaluationBit + epochs - 1, 1};
    harness.Receive(harness.worker,
                    EvaluationResult{evaluation, 1, {is_good ? 1.0f : -1.0f, 0}, {1, 0}},
                    kSelf.incarnation);
  }
  void AnswerSnapshots(uint64_t checkpoint, uint64_t digest) {
    for (uint32_t p = 0; p < 4; ++p) {
      SnapshotDone done;
      done.checkpoint = checkpoint;
      done.partition = p;
      done.term = 1;
      done.file = Concat("p", p, "-c", checkpoint);
      done.rows = 5;
      done.digest_low = digest;
      harness.Receive(harness.state().partitions[p].primary, done, kSelf.incarnation);
    }
  }

  CoordinatorHarness harness;
  uint64_t epochs = 0;
};

TEST_CASE("CoordinatorCore: with patience, the model is that of the best epoch") {
  Patient job("/model");
  CoordinatorHarness& harness = job.harness;
  job.EndEpoch(false);
  REQUIRE(harness.SentTo<SnapshotRequest>(101) != nullptr);
  CHECK(harness.SentTo<SnapshotRequest>(101)->directory == "/model");
  CHECK(harness.state().streams.at(0).limit == 4);  // Nobody goes on before it is complete.
  job.AnswerSnapshots(1, 100);
  CHECK(harness.state().streams.at(0).limit == 8);
  job.EndEpoch(true);
  job.AnswerSnapshots(1, 100);  // Late: of the snapshots before.
  CHECK(harness.state().streams.at(0).limit == 8);
  job.AnswerSnapshots(2, 200);
  CHECK(harness.actions.obsolete == std::vector<std::string>{"p0-c1", "p1-c1", "p2-c1", "p3-c1"});
  job.EndEpoch(false);
  CHECK(harness.SentTo<SnapshotRequest>(101) == nullptr);
  CHECK(harness.state().streams.at(0).limit == 16);
  job.EndEpoch(false);
  REQUIRE(harness.actions.manifest.has_value());
  CHECK_THAT(harness.actions.manifest->text, Catch::Contains("p3-c2"));
  harness.Tick(kSecond);
  CHECK(harness.SentTo<SnapshotRequest>(101) == nullptr);
  harness.core().ManifestWritten(0, {}, harness.now, &harness.actions);
  CHECK(harness.state().end.code == 0);
  CHECK(harness.state().end.message == "valid auc has not improved for 2 epochs");
  CHECK(harness.core().result().digest_low == 800);
  CHECK(harness.core().result().features == 20);
}

TEST_CASE("CoordinatorCore: what is kept is the model even if the training diverges then") {
  Patient job("/model");
  CoordinatorHarness& harness = job.harness;
  job.EndEpoch(true);
  job.AnswerSnapshots(1, 100);
  harness.Receive(harness.worker, Progress{{0, 1}, 6, 10, std::nan("")}, kSelf.incarnation);
  REQUIRE(harness.actions.manifest.has_value());
  harness.core().ManifestWritten(0, {}, harness.now, &harness.actions);
  CHECK(harness.state().end.code == 6);
  CHECK_THAT(harness.state().end.message, Catch::Contains("epoch 2, batch ") &&
                                              Catch::Contains("saved is the model of epoch 1"));
}

TEST_CASE("CoordinatorCore: what was kept goes if the job fails or is stopped") {
  Patient job("/model");
  CoordinatorHarness& harness = job.harness;
  job.EndEpoch(true);
  job.AnswerSnapshots(1, 100);
  harness.actions = {};
  harness.core().Stop(130, "interrupted", harness.now, &harness.actions);
  CHECK(harness.actions.obsolete.size() == 4);
  CHECK(harness.state().end.code == 130);
}

TEST_CASE("CoordinatorCore: who is told to finish while the best epoch is kept, finishes with it") {
  Patient job("");
  CoordinatorHarness& harness = job.harness;
  job.EndEpoch(true);
  harness.core().Stop(0, "finished", harness.now, &harness.actions);
  CHECK_FALSE(harness.state().ended);
  job.AnswerSnapshots(1, 100);
  CHECK(harness.state().end.message == "finished");
  CHECK(harness.core().result().digest_low == 400);
}

TEST_CASE("CoordinatorCore: an error of a worker ends the job with its code, for everybody") {
  CoordinatorHarness harness(OptionsOf(Consistency::kAsp));
  harness.Form();
  harness.Receive(harness.worker, Goodbye{3, "data.csv:7: not a number"}, kSelf.incarnation);
  CHECK(harness.core().result().code == 3);
  REQUIRE(harness.SentTo<JobEnd>(101) != nullptr);
  CHECK(harness.SentTo<JobEnd>(101)->message == "data.csv:7: not a number");
  CHECK(!harness.core().finished());
  for (const ProcessId& server : harness.servers) {
    harness.Receive(server, Goodbye{}, kSelf.incarnation);
  }
  CHECK(harness.core().finished());
}

TEST_CASE("CoordinatorCore: a cluster that is never formed ends and says what is missing") {
  CoordinatorHarness harness(OptionsOf(Consistency::kAsp));
  harness.Join(Role::kServer, 101);
  for (int i = 0; i < 7; ++i) {
    harness.Beat({1, 101});
    harness.Tick(10 * kSecond);
  }
  CHECK(harness.core().result().code == 5);
  CHECK(harness.core().result().message.find("1 of 2 servers") != std::string::npos);
}

TEST_CASE("CoordinatorCore: a server lost before the workers came ends the job") {
  CoordinatorHarness harness(OptionsOf(Consistency::kAsp));
  const ProcessId first = harness.Join(Role::kServer, 101);
  harness.Join(Role::kServer, 102);
  REQUIRE(!harness.state().partitions.empty());
  harness.Pass(21 * kSecond, {first});
  CHECK(harness.state().end.code == 1);
  CHECK(harness.state().end.message.find("server 2 at sim://102") != std::string::npos);
}

TEST_CASE("CoordinatorCore: training waits for workers to come back, but not for ever") {
  CoordinatorHarness harness(OptionsOf(Consistency::kBsp));
  harness.Form();
  harness.Pass(11 * kSecond, harness.servers);  // The lease of the only worker.
  CHECK(harness.state().members.size() == 2);
  harness.Pass(50 * kSecond, harness.servers);
  CHECK(!harness.state().ended);
  CHECK(harness.core().status(harness.now).waiting_for.find("a worker for") == 0);
  SECTION("one comes in time") {
    harness.worker = harness.Join(Role::kWorker, 202);
    harness.Beat(harness.worker);
    CHECK(harness.state().streams.at(0).worker == harness.worker.process);
    harness.Pass(100 * kSecond, {harness.servers[0], harness.servers[1], harness.worker});
    CHECK(!harness.state().ended);
    // The time begins anew.
    harness.Pass(69 * kSecond, harness.servers);
    CHECK(!harness.state().ended);
  }
  SECTION("none comes") {
    harness.Pass(10 * kSecond, harness.servers);
    CHECK(harness.state().end.code == 5);
    CHECK(harness.state().end.message ==
          "no worker has been there for 60 s; the last one lost: worker 3 at sim://201 (h, pid 201)"
          " has been silent for 10 s");
  }
}

TEST_CASE("CoordinatorCore: saving waits for each next answer only so long") {
  auto options = OptionsOf(Consistency::kAsp);
  options.given->plan.schedule.epochs = 1;
  options.given->plan.want_digest = true;
  CoordinatorHarness harness(options);
  harness.Form();
  harness.Report({0, 1}, 4);
  harness.Report({1, 1}, 4);
  for (uint32_t p = 0; p < 3; ++p) {
    harness.Pass(59 * kSecond, {harness.servers[0], harness.servers[1], harness.worker});
    REQUIRE(!harness.state().ended);
    SnapshotDone done;
    done.checkpoint = 1;
    done.partition = p;
    done.term = 1;
    harness.Receive(harness.state().partitions[p].primary, done, kSelf.incarnation);
  }
  harness.Pass(61 * kSecond, {harness.servers[0], harness.servers[1], harness.worker});
  CHECK(harness.state().end.code == 1);
  CHECK(harness.state().end.message ==
        "the model could not be saved: no answer for 60 s about partition 3 of server 2 at "
        "sim://102");
}

}  // namespace
}  // namespace cairn
