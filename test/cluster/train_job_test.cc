#include "cluster/train_job.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "cluster/fake_job.h"

namespace cairn {
namespace {

struct Run {
  FakeJob* job;
  std::unique_ptr<ClusterRun> run;

  Run() {
    auto owned = std::make_unique<FakeJob>();
    job = owned.get();
    run = RunOf(std::move(owned));
  }
};

TrainPlan PlanOf(uint64_t epochs) {
  TrainPlan plan;
  plan.setup.plan.schedule.epochs = epochs;
  plan.data_description = "some data";
  return plan;
}

TEST_CASE("directories become absolute for processes elsewhere", "[train_job]") {
  TrainOptions options;
  options.save_dir = "a/../model";
  const std::string here = std::filesystem::current_path().string();
  CHECK(WithAbsoluteDirectories(options).save_dir == here + "/model");
  CHECK(WithAbsoluteDirectories(options).init_dir.empty());
  options.init_dir = "/b";
  CHECK(WithAbsoluteDirectories(options).init_dir == "/b");
}

TEST_CASE("input that is read first is shown, to whom it may concern", "[train_job]") {
  CHECK_FALSE(SpoolingTo({}));
  uint64_t bytes = 0;
  const SpoolProgress spooling = SpoolingTo([&](const TrainProgress& progress) {
    CHECK(std::string(progress.phase) == "spooling");
    bytes = progress.bytes_spooled;
    return false;
  });
  CHECK_FALSE(spooling(77));
  CHECK(bytes == 77);
}

TEST_CASE("a training is followed to its end, and reported", "[train_job]") {
  Run run;
  run.job->polls_left = 3;
  run.job->now.phase = JobPhase::kTraining;
  run.job->now.epoch = 1;
  run.job->now.batches = 10;
  run.job->now.batches_done = 5;
  run.job->now.rows = 100;
  run.job->now.loss_sum = 50;
  run.job->now.members.resize(2);
  run.job->now.members[0].usage.rss_bytes = 1000;
  run.job->now.members[1].usage.rss_bytes = 2000;
  run.job->result.message = "all epochs are done";
  run.job->result.rows = 300;
  run.job->result.train_seconds = 2;
  run.job->result.bytes_sent = 7;
  TrainOptions options;
  options.cluster = "tcp://node1:7700";
  int shown = 0;
  const auto report = FollowTraining(options, PlanOf(3), run.run.get(), [&](const auto& progress) {
    ++shown;
    CHECK(std::string(progress.phase) == "training");
    CHECK(progress.epoch == 2);
    CHECK(progress.epochs == 3);
    CHECK(progress.epoch_share == 0.5);
    CHECK(progress.loss == 0.5);
    return true;
  });
  REQUIRE(report.status() == absl::OkStatus());
  CHECK(shown == 4);
  CHECK(report->cluster == "tcp://node1:7700");
  CHECK(report->data == "some data");
  CHECK(report->rows == 300);
  CHECK(report->rows_per_second == 150);
  CHECK(report->peak_rss_bytes == 3000);
  CHECK(report->bytes_sent == 7);
  CHECK(report->stop_reason == "all epochs are done");
  CHECK(report->setup_seconds == 0);
}

TEST_CASE("who shows the progress may end the training", "[train_job]") {
  Run run;
  run.job->polls_left = 100;
  const absl::Status status =
      FollowTraining({}, PlanOf(1), run.run.get(), [](const auto&) { return false; }).status();
  CHECK(status.code() == absl::StatusCode::kCancelled);
  CHECK(MessageOf(status) == "interrupted within epoch 1; nothing is saved");
  CHECK(run.job->stops.size() == 1);
  Run later;
  later.job->now.epochs_listed.resize(5);
  CHECK(MessageOf(FollowTraining({}, PlanOf(9), later.run.get(), [](const auto&) {
                    return false;
                  }).status()) == "interrupted after epoch 5; nothing is saved");
}

TEST_CASE("what is known before the first epoch and after the last is noted", "[train_job]") {
  Run run;
  TrainPlan plan = PlanOf(3);
  plan.notes = {"mind"};
  plan.stop_metric = "auc";
  plan.loss = "logistic";
  plan.sample.positive_share = 0.5;
  const double auc[] = {0.6, 0.7, 0.7};
  for (uint64_t i = 0; i < 3; ++i) {
    EpochRecord record;
    record.epoch = i;
    record.train_logloss = 2;
    record.valid_auc = auc[i];
    record.valid_logloss = 1 - 0.1 * static_cast<double>(i);
    run.job->result.epochs.push_back(record);
  }
  TrainOptions options;
  const auto train = [&] {
    return FollowTraining(options, plan, run.run.get(),
                          [](const TrainProgress& progress) {
                            CHECK(progress.notes == std::vector<std::string>{"mind"});
                            return true;
                          })
        .value();
  };
  const TrainReport report = train();
  CHECK(report.best_epoch == 2);
  REQUIRE(report.notes.size() == 2);
  CHECK_THAT(report.notes[1], Catch::StartsWith("the training loss is worse"));
  CHECK_FALSE(report.bad_rows.has_value());
  plan.stop_metric = "logloss";
  CHECK(train().best_epoch == 3);
}

TEST_CASE("a job that fails fails the training, and nobody need watch", "[train_job]") {
  Run run;
  run.job->result.code = 6;
  run.job->result.message = "the loss is not finite";
  const absl::Status status = FollowTraining({}, PlanOf(1), run.run.get(), {}).status();
  CHECK(status.code() == absl::StatusCode::kOutOfRange);
  CHECK(MessageOf(status) == "the loss is not finite");
}

}  // namespace
}  // namespace cairn
