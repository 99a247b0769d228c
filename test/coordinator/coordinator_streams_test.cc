// Streams, epochs and evaluations.
#include <catch2/catch.hpp>
#include <cmath>
#include <string>

#include "coordinator/coordinator_harness.h"

namespace cairn {
namespace {

TEST_CASE("CoordinatorCore: a silent worker's streams go to another, under a new attempt") {
  CoordinatorHarness harness(OptionsOf(Consistency::kBsp));
  harness.Form();
  harness.Report({0, 1}, 2, 20);
  harness.Pass(6 * kSecond, harness.servers);
  const ProcessId other = harness.Join(Role::kWorker, 202);
  for (const ProcessId& server : harness.servers) harness.Beat(server);
  harness.Beat(other);
  CHECK(harness.state().streams.at(0).worker == harness.worker.process);
  harness.Tick(5 * kSecond);
  CHECK(!harness.state().members.contains(harness.worker.process));
  CHECK(harness.state().streams.at(0).worker == other.process);
  const Grants* grants = harness.SentTo<Grants>(202);
  if (grants == nullptr) {
    harness.Beat(other);
    grants = harness.SentTo<Grants>(202);
  }
  REQUIRE(grants != nullptr);
  REQUIRE(grants->grants.size() == 2);
  CHECK(grants->grants[0].ref == StreamRef{0, 2});
  CHECK(grants->grants[0].base == 2);
  // The dead one's report of old is nobody's.
  harness.Report({0, 1}, 3);
  CHECK(harness.state().streams.at(0).progress == 2);
}

TEST_CASE("CoordinatorCore, asp: epochs follow each other, with new streams and a higher floor") {
  CoordinatorHarness harness(OptionsOf(Consistency::kAsp));
  harness.Form();
  harness.Report({0, 1}, 4, 40);
  CHECK(harness.state().epochs.empty());
  harness.Report({1, 1}, 3, 30);
  harness.Report({1, 1}, 4, 40);
  CHECK(harness.state().epochs.size() == 1);
  CHECK(harness.state().epochs[0].rows == 80);
  CHECK(harness.state().floor == 2);
  CHECK(harness.state().opened == 4);
  harness.Report({2, 1}, 4, 40);
  harness.Report({3, 1}, 4, 40);
  CHECK(harness.state().ended);
  CHECK(harness.core().result().code == 0);
  CHECK(harness.core().result().rows == 160);
  REQUIRE(harness.SentTo<JobEnd>(201) != nullptr);
}

TEST_CASE("CoordinatorCore, bsp: the streams stay, only their limit rises") {
  CoordinatorHarness harness(OptionsOf(Consistency::kBsp));
  harness.Form();
  CHECK(harness.state().streams.at(0).limit == 4);
  harness.Report({0, 1}, 4);
  harness.Report({1, 1}, 4);
  CHECK(harness.state().opened == 2);
  CHECK(harness.state().streams.at(0).limit == 8);
  CHECK(harness.SentTo<Grants>(201)->grants[0].ref == StreamRef{0, 1});
  harness.Report({0, 1}, 8);
  CHECK(harness.state().closed == std::vector<StreamId>{0});
  harness.Report({1, 1}, 8);
  CHECK(harness.state().ended);
}

TEST_CASE("CoordinatorCore: a loss that is no number ends the job with its place") {
  const bool is_bsp = GENERATE(true, false);
  auto options = OptionsOf(is_bsp ? Consistency::kBsp : Consistency::kAsp);
  const bool warm = GENERATE(true, false);
  if (warm) options.given->spec.init_dir = "/models/a";
  CoordinatorHarness harness(options);
  harness.Form();
  harness.Report({1, 1}, 2, 20);
  CHECK_FALSE(harness.state().ended);
  harness.Receive(harness.worker, Progress{{1, 1}, 3, 30, std::nan("")}, kSelf.incarnation);
  REQUIRE(harness.state().ended);
  CHECK(harness.state().end.code == 6);
  CHECK_THAT(
      harness.state().end.message,
      Catch::StartsWith("the training diverged in epoch 1, batch 7 of 8 (stream 1, step 3)"));
  CHECK_THAT(harness.state().end.message, Catch::Contains("nothing is saved"));
  CHECK_THAT(harness.state().end.message, Catch::Contains("smaller --lr"));
  CHECK((harness.state().end.message.find("/models/a") != std::string::npos) == warm);
}

TEST_CASE("CoordinatorCore: validation data is scored between the epochs") {
  auto options = OptionsOf(Consistency::kBsp);
  options.given->plan.evaluation_batches = 1;
  CoordinatorHarness harness(options);
  harness.Form();
  harness.Report({0, 1}, 4);
  harness.Report({1, 1}, 4);
  CHECK(harness.state().epochs.empty());
  const StreamRef evaluation{kEvaluationBit, 1};
  REQUIRE(harness.state().streams.contains(evaluation.stream));
  // Scores for a training stream are not scores.
  harness.Receive(harness.worker, EvaluationResult{{0, 1}, 1, {9}, {0}}, kSelf.incarnation);
  CHECK(harness.state().epochs.empty());
  harness.Receive(harness.worker, EvaluationResult{evaluation, 1, {1, -1}, {1, 0}},
                  kSelf.incarnation);
  CHECK(harness.SentTo<EvaluationAck>(201) != nullptr);
  REQUIRE(harness.state().epochs.size() == 1);
  CHECK(harness.state().epochs[0].valid_auc == 1);
}

TEST_CASE("CoordinatorCore: scores that come while nobody runs their stream close it") {
  auto options = OptionsOf(Consistency::kAsp);
  options.given->plan.evaluation_batches = 8;
  CoordinatorHarness harness(options);
  harness.Form();
  harness.Report({0, 1}, 4);
  harness.Report({1, 1}, 4);
  REQUIRE(harness.state().streams.contains(kEvaluationBit + 1));
  const auto score = [&](StreamId stream, uint32_t attempt) {
    const StepIndex last = harness.state().streams.at(stream).work.last;
    for (StepIndex step = 1; step <= last; ++step) {
      const StreamRef ref{stream, attempt};
      harness.Receive(harness.worker, EvaluationResult{ref, step, {1, -1}, {1, 0}},
                      kSelf.incarnation);
    }
  };
  // The worker was taken for dead, and is back: what it can take on is not known yet.
  harness.Pass(11 * kSecond, harness.servers);
  harness.Join(Role::kWorker, harness.worker.incarnation, harness.worker.process);
  REQUIRE(harness.state().streams.at(kEvaluationBit).worker == 0);
  score(kEvaluationBit, 1);
  CHECK(!harness.state().streams.contains(kEvaluationBit));
  harness.Beat(harness.worker);
  REQUIRE(harness.state().streams.at(kEvaluationBit + 1).worker == harness.worker.process);
  while (harness.state().epochs.empty()) score(harness.state().streams.begin()->first, 2);
  CHECK(harness.state().epochs.size() == 1);
}

}  // namespace
}  // namespace cairn
