#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/coordinator_harness.h"

// Every moment of many lives: the simulator's sweep, in which some data kills whoever works on it.

namespace cairn {
namespace {

using Notes = std::vector<StepNote>;

constexpr auto kAlone = StepNote::Kind::kAlone;
constexpr auto kSkipped = StepNote::Kind::kSkipped;

// A job whose worker is lost again and again.
class Job : public CoordinatorHarness {
 public:
  explicit Job(Consistency consistency = Consistency::kAsp, uint64_t evaluation_batches = 0)
      : CoordinatorHarness(WithEvaluation(OptionsOf(consistency), evaluation_batches)) {
    Form();
  }
  // Of training data.
  void FinishEpoch() {
    const std::map<StreamId, StreamState> open = state().streams;
    for (const auto& [id, stream] : open) {
      Report({id, stream.attempt}, std::min(stream.limit, stream.work.last), 10);
    }
  }
  void Score(StreamId stream) {
    const StreamRef ref{stream, state().streams.at(stream).attempt};
    Receive(worker, EvaluationResult{ref, 1, {1, -1}, {1, 0}}, kSelf.incarnation);
  }
  // As the `number`th announcement; 0: the next one.
  void Announce(StreamId stream, StepIndex step, uint64_t number = 0) {
    announced_ = std::max(announced_ + 1, number);
    const StepAlone alone{{stream, state().streams.at(stream).attempt}, step};
    actions = {};
    core().Receive(MakeMessage({worker, kSelf, number == 0 ? announced_ : number, 0}, alone), now,
                   &actions);
  }
  // Another one comes in its place: what it is told.
  Notes Replace() {
    actions = {};
    core().ProcessDied({"h", life_, "was killed"}, now, &actions);
    warnings = actions.warnings;
    worker = Join(Role::kWorker, ++life_);
    Beat(worker);
    const Grants* grants = SentTo<Grants>(life_);
    return grants == nullptr ? Notes{} : grants->notes;
  }

  std::vector<std::string> warnings;

 private:
  static CoordinatorCore::Options WithEvaluation(CoordinatorCore::Options options,
                                                 uint64_t batches) {
    options.given->plan.evaluation_batches = batches;
    return options;
  }

  uint64_t announced_ = 0;
  uint32_t life_ = 201;
};

TEST_CASE("Suspects: what a lost worker was about is run alone, further after each death") {
  Job job(Consistency::kBsp);  // Streams of 8 steps.
  job.Report({0, 1}, 2, 20);
  CHECK(job.Replace() == Notes{{kAlone, 0, 8}, {kAlone, 1, 8}});
  CHECK(job.state().streams.at(0).suspicions == 1);
  CHECK(job.warnings.empty());
  job.Replace();
  CHECK(job.state().streams.at(0).suspicions == 2);
  job.Report({0, job.state().streams.at(0).attempt}, 3, 30);
  CHECK(job.state().streams.at(0).suspicions == 0);
}

TEST_CASE("Suspects: what is done alone when the worker is lost has killed it") {
  Job job;  // Streams of 4 steps.
  job.Report({0, 1}, 2, 20);
  job.Replace();
  job.Announce(0, 3);
  REQUIRE(job.SentTo<StepAloneAck>(202) != nullptr);
  CHECK(*job.SentTo<StepAloneAck>(202) == StepAloneAck{{0, 2}, 3});
  const uint32_t suspicions = job.state().streams.at(1).suspicions;
  CHECK(job.Replace().front() == StepNote{kAlone, 0, 4});
  CHECK(job.state().streams.at(1).suspicions == suspicions);  // It was not that one.
  CHECK(job.state().skipped() == 0);
  job.Announce(0, 3);
  const Notes notes = job.Replace();
  REQUIRE(notes.size() >= 2);
  CHECK(notes[1] == StepNote{kSkipped, 0, 3});
  CHECK(job.state().skipped() == 1);
  REQUIRE(job.warnings.size() == 1);
  CHECK(
      job.warnings[0] ==
      "epoch 1, batch 3 of 8 (stream 0, step 3) has killed 3 workers, and is left out from now on");
}

TEST_CASE("Suspects: who says that it is over, or is not asked, is not to blame") {
  Job job;
  job.Replace();
  job.Announce(0, 1);
  job.Announce(0, 0);
  REQUIRE(job.SentTo<StepAloneAck>(202) != nullptr);
  CHECK(job.SentTo<StepAloneAck>(202)->step == 0);
  job.Replace();
  CHECK(job.state().blames.empty());
  // An announcement that comes late, or twice, says nothing any more.
  job.Announce(0, 1, 10);
  job.Announce(0, 0, 11);
  job.Announce(0, 1, 10);
  CHECK(job.SentTo<StepAloneAck>(203) == nullptr);
  job.Replace();
  CHECK(job.state().blames.empty());
  // A stream that is somebody else's by now.
  job.Receive(job.worker, StepAlone{{0, 1}, 1}, kSelf.incarnation);
  CHECK(job.SentTo<StepAloneAck>(204) == nullptr);
  job.Replace();
  CHECK(job.state().blames.empty());
  // One that it came to the end of.
  job.Announce(0, 1);
  job.Report({0, job.state().streams.at(0).attempt}, 1, 10);
  job.Replace();
  CHECK(job.state().blames.empty());
}

TEST_CASE("Suspects: one batch may be left out, and more only of very many") {
  Job job;
  job.Replace();
  for (const StepIndex step : {1, 2}) {
    for (int death = 0; death < 2; ++death) {
      job.Announce(0, step);
      job.Replace();
    }
    CHECK(job.state().ended == (step == 2));
    if (step == 1) job.Report({0, job.state().streams.at(0).attempt}, 1, 10);
  }
  CHECK(job.state().end.code == 1);
  CHECK_THAT(job.state().end.message,
             Catch::Contains("; 2 batches that killed workers were left out: too many"));
}

TEST_CASE("Suspects: a batch of validation data is left out of every evaluation") {
  Job job(Consistency::kAsp, 3);
  job.FinishEpoch();
  constexpr StreamId kFirst = kEvaluationBit;  // Of streams of one batch each.
  REQUIRE(job.state().streams.size() == 3);
  CHECK(job.Replace() ==
        Notes{{kAlone, kFirst, 1}, {kAlone, kFirst + 1, 1}, {kAlone, kFirst + 2, 1}});
  job.Score(kFirst);
  job.Announce(kFirst + 1, 1);
  job.Replace();
  CHECK(job.state().skipped() == 0);
  job.Announce(kFirst + 1, 1);
  job.Replace();
  CHECK(job.state().skipped() == 1);
  REQUIRE(job.warnings.size() == 1);
  CHECK(job.warnings[0] ==
        "epoch 1, batch 2 of 3 of the validation data has killed 3 workers, and is left out from "
        "now on");
  CHECK(!job.state().streams.contains(kFirst + 1));
  CHECK(job.state().epochs.empty());
  job.Score(kFirst + 2);
  REQUIRE(job.state().epochs.size() == 1);
  CHECK(job.state().epochs[0].valid_auc == 1);
  // The next one does not ask for it.
  job.FinishEpoch();
  REQUIRE(job.state().streams.size() == 2);
  for (const auto& [id, stream] : std::map(job.state().streams)) {
    CHECK(stream.work.first_batch != 1);
    job.Score(id);
  }
  CHECK(job.state().epochs.size() == 2);
}

TEST_CASE("Suspects: an evaluation ends with the loss of whom its last batch has killed") {
  Job job(Consistency::kBsp, 2);
  job.FinishEpoch();
  job.Score(kEvaluationBit);
  job.Replace();
  for (int death = 0; death < 2; ++death) {
    CHECK(job.state().epochs.empty());
    job.Announce(kEvaluationBit + 1, 1);
    job.Replace();
  }
  CHECK(job.state().epochs.size() == 1);
  CHECK(!job.state().ended);
}

TEST_CASE("Suspects: who has scored a batch has not died of it") {
  Job job(Consistency::kAsp, 2);
  job.FinishEpoch();
  job.Announce(kEvaluationBit + 1, 1);
  job.Score(kEvaluationBit + 1);
  job.Replace();
  CHECK(job.state().blames.empty());
}

TEST_CASE("Suspects: the end says what was left out") {
  Job job;
  job.Replace();
  for (int death = 0; death < 2; ++death) {
    job.Announce(0, 1);
    job.Replace();
  }
  job.core().Stop(0, "that is enough", job.now, &job.actions);
  CHECK(job.state().end.message == "that is enough; 1 batch that killed workers was left out");
}

}  // namespace
}  // namespace cairn
