#include "cli/checkpoint_view.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/status.h"
#include "cluster/sample_checkpoint.h"

namespace cairn {
namespace {

constexpr Micros kWritten = 1'764'496'538'123'456;  // 2025-11-30, 09:55:38.

Manifest SampleManifest() {
  Manifest manifest;
  manifest.job = "clicks";
  manifest.files = {{0, "p0.snapshot", 1'000, 1, 700}, {1, "p1.snapshot", 1'100, 2, 534}};
  return manifest;
}

ShownCheckpoint Complete() {
  ShownCheckpoint shown;
  shown.info.number = 7;
  shown.info.path = "/c/checkpoint-7";
  shown.info.has_manifest = true;
  shown.info.files = 4;
  shown.info.bytes = 2'560;
  shown.info.manifest = SampleManifest();
  shown.info.job = SampleJobState(7, shown.info.manifest);
  shown.written = kWritten;
  return shown;
}

ShownCheckpoint Incomplete() {
  ShownCheckpoint shown;
  shown.info.number = 8;
  shown.info.path = "/c/checkpoint-8";
  shown.info.files = 1;
  shown.info.bytes = 300;
  return shown;
}

ShownCheckpoint Damaged() {
  ShownCheckpoint shown = Incomplete();
  shown.info.number = 6;
  shown.info.path = "/c/checkpoint-6";
  shown.info.has_manifest = true;
  shown.info.fault = DataLoss("/c/checkpoint-6/JOB: not what the manifest says");
  return shown;
}

ModelReport SampleReport() {
  ModelReport report;
  report.model = "lr";
  report.seed = 11;
  report.partitions = 2;
  report.digest = "00112233445566778899aabbccddeeff";
  report.settings = {{"epochs", "5"}, {"train", "/d/a"}};
  report.tables.resize(2);
  report.tables[0].spec.name = "weights";
  report.tables[0].rows = 1'234;
  report.tables[1].spec.name = "bias";
  report.tables[1].spec.kind = TableSpec::Kind::kDense;
  report.tables[1].spec.dense_size = 1;
  report.tables[1].spec.parts = {{.width = 1}};
  report.tables[1].rows = 1;
  return report;
}

TEST_CASE("checkpoint list: a line for each", "[checkpoint_view]") {
  const std::vector<ShownCheckpoint> all = {Damaged(), Complete(), Incomplete()};
  CHECK(CheckpointsAsText(all) ==
        "  number  written               rows   bytes    files  holds     epoch         state\n"
        "  6       -                     -      300 B    1      -         -             damaged: "
        "/c/checkpoint-6/JOB: not what the manifest says\n"
        "  7       2025-11-30T09:55:38Z  1,234  2.5 KiB  4      all rows  2 of 5, 63 %  complete\n"
        "  8       -                     -      300 B    1      -         -             "
        "incomplete: no "
        "MANIFEST; it is being taken, or was left over\n");
}

TEST_CASE("checkpoint list: jobs without data have no epochs", "[checkpoint_view]") {
  ShownCheckpoint shown = Complete();
  shown.info.job.plan.schedule.epochs = 0;
  CHECK_THAT(CheckpointsAsText({{shown}}), Catch::Contains("  no epochs  complete\n"));
}

TEST_CASE("checkpoint list: what programs read", "[checkpoint_view]") {
  std::vector<ShownCheckpoint> all = {Damaged(), Complete()};
  all[1].info.strays = {"p9.snapshot"};
  CHECK(CheckpointsAsJson(all) ==
        "[\n"
        "  {\n"
        "    \"checkpoint\": 6,\n"
        "    \"path\": \"/c/checkpoint-6\",\n"
        "    \"written\": \"\",\n"
        "    \"state\": \"damaged\",\n"
        "    \"why\": \"/c/checkpoint-6/JOB: not what the manifest says\",\n"
        "    \"files\": 1,\n"
        "    \"bytes\": 300,\n"
        "    \"strays\": []\n"
        "  },\n"
        "  {\n"
        "    \"checkpoint\": 7,\n"
        "    \"path\": \"/c/checkpoint-7\",\n"
        "    \"written\": \"2025-11-30T09:55:38.123Z\",\n"
        "    \"state\": \"complete\",\n"
        "    \"why\": \"\",\n"
        "    \"files\": 4,\n"
        "    \"bytes\": 2560,\n"
        "    \"strays\": [\n"
        "      \"p9.snapshot\"\n"
        "    ],\n"
        "    \"job\": \"clicks\",\n"
        "    \"rows\": 1234,\n"
        "    \"since\": 0,\n"
        "    \"epoch\": 2,\n"
        "    \"epochs\": 5,\n"
        "    \"batches_done\": 63,\n"
        "    \"batches\": 100\n"
        "  }\n"
        "]\n");
}

TEST_CASE("checkpoint verify: a line for each, and for files that are no part of it",
          "[checkpoint_view]") {
  CheckpointInfo info = Complete().info;
  info.strays = {"p9.snapshot"};
  CHECK(VerifiedAsText(info) ==
        "checkpoint 7  whole: 1,234 rows, 2.5 KiB in 4 files\n"
        "checkpoint 7  p9.snapshot is no part of it\n");
  CHECK(VerifiedAsText(Damaged().info) ==
        "checkpoint 6  damaged: /c/checkpoint-6/JOB: not what the manifest says\n");
  CHECK(VerifiedAsText(Incomplete().info) ==
        "checkpoint 8  incomplete: no MANIFEST; it is being taken, or was left over\n");
  info.fault = MakeError(absl::StatusCode::kPermissionDenied, "open /c/x: Permission denied");
  CHECK_THAT(VerifiedAsText(info),
             Catch::StartsWith("checkpoint 7  unreadable: open /c/x: Permission denied\n"));
}

TEST_CASE("checkpoint show: the job, how far it was, and what is in it", "[checkpoint_view]") {
  CHECK(CheckpointAsText(Complete(), SampleReport()) ==
        "checkpoint    7 in /c/checkpoint-7\n"
        "written       2025-11-30T09:55:38Z\n"
        "model         lr\n"
        "job           clicks, seed 11\n"
        "training      epoch 2 of 5, 63 % of its batches; 1,630 rows learnt so far\n"
        "consistency   asp\n"
        "streams       2 open: 4 at step 12 of 32, 5 at step 15 of 32\n"
        "kept          checkpoint 7 at that time\n"
        "partitions    2\n"
        "on disk       2.5 KiB in 4 files\n"
        "holds         all rows\n"
        "digest        00112233445566778899aabbccddeeff, recomputed from the rows\n"
        "\n"
        "  epoch  rows   train loss  valid loss  valid auc  seconds\n"
        "  1      1,000  0.5000      0.0000      0.7500     1.5\n"
        "\n"
        "trained with\n"
        "  epochs  5\n"
        "  train   /d/a\n"
        "\n"
        "table weights, sparse: 1,234 rows\n"
        "table bias, dense: 1 float in 1 block\n");
}

TEST_CASE("checkpoint show: a bsp job that has gone back, of a program of its own",
          "[checkpoint_view]") {
  ShownCheckpoint shown = Complete();
  JobState& job = shown.info.job;
  job.job.mode.consistency = Consistency::kBsp;
  job.plan.schedule.fixed_streams = 10;
  job.rollbacks = 2;
  job.checkpoints.insert(job.checkpoints.begin(), CheckpointState{6, 4, {}, {}});
  job.checkpoints.back().cut = 14;
  job.kept = {1, job.checkpoints.back().files};
  job.streams.clear();
  for (StreamId id = 0; id < 10; ++id) {
    job.streams[id].progress = 14;
    job.streams[id].work.last = 50;
  }
  job.streams[kEvaluationBit].work.kind = StreamWork::Kind::kEvaluate;
  ModelReport report = SampleReport();
  report.model.clear();
  report.settings.clear();
  const std::string text = CheckpointAsText(shown, report);
  for (const char* line :
       {"model         of a program of its own\n",
        "training      epoch 2 of 5, 40 % of its batches\n",
        "as of         step 14 of every stream\n",
        "streams       10 open: 0 at step 14 of 50, 1 at step 14 of 50, ",
        "7 at step 14 of 50, ...\n", "kept          checkpoints 6, 7 at that time\n",
        "best model    of epoch 1, in /model\n", "gone back     2 times\n"}) {
    CHECK_THAT(text, Catch::Contains(line));
  }
  CHECK_THAT(text, !Catch::Contains("trained with"));
}

TEST_CASE("checkpoint show: without data, and between epochs", "[checkpoint_view]") {
  ShownCheckpoint shown = Complete();
  shown.info.job.streams.clear();
  shown.info.job.epochs.clear();
  CHECK_THAT(CheckpointAsText(shown, SampleReport()), Catch::Contains("streams       none open\n"));
  shown.info.job.plan.schedule.epochs = 0;
  shown.info.job.streams[2].work.kind = StreamWork::Kind::kClient;
  shown.info.job.streams[2].progress = 9;
  const std::string text = CheckpointAsText(shown, SampleReport());
  CHECK_THAT(text, Catch::Contains("training      without data: programs push what they like\n"));
  CHECK_THAT(text, Catch::Contains("streams       1 open: 2 at step 9\n"));
}

TEST_CASE("checkpoint show: what programs read", "[checkpoint_view]") {
  ShownCheckpoint shown = Complete();
  shown.info.job.checkpoints.back().cut = 14;
  shown.info.job.plan.schedule.fixed_streams = 10;
  const std::string json = CheckpointAsJson(shown, SampleReport());
  for (const char* part :
       {"\"checkpoint\": 7,\n",    "\"state\": \"complete\",\n",
        "\"epoch\": 2,\n",         "\"consistency\": \"asp\",\n",
        "\"cut\": 14,\n",          "\"rows_recorded\": 1630,\n",
        "\"rollbacks\": 0,\n",     "\"kept\": [\n    7\n  ],\n",
        "\"stream\": 5,\n",        "\"step\": 15,\n",
        "\"last\": 32\n",          "\"epochs_done\": [\n",
        "\"valid_auc\": 0.75,\n",  "\"model\": \"lr\",\n",
        "\"seed\": 11,\n",         "\"digest\": \"00112233445566778899aabbccddeeff\",\n",
        "\"name\": \"train\",\n",  "\"value\": \"/d/a\"\n",
        "\"kind\": \"sparse\",\n", "\"rows\": 1234\n"}) {
    CHECK_THAT(json, Catch::Contains(part));
  }
  CHECK_THAT(json, !Catch::Contains("best_model_epoch"));
}

TEST_CASE("checkpoint list and show: what an increment builds on") {
  ShownCheckpoint shown = Complete();
  CheckpointInfo& info = shown.info;
  info.manifest.files = {{0, "../checkpoint-6/p0", 9, 9, 1'000}, {0, "p0", 9, 9, 1'234}};
  info.job.checkpoints.back().since = 6;
  CHECK(info.rows() == 1'234);
  CHECK_THAT(CheckpointsAsText(std::vector{shown}), Catch::Contains("  since 6  "));
  CHECK_THAT(CheckpointsAsJson(std::vector{shown}), Catch::Contains("\"since\": 6,"));
  CHECK_THAT(CheckpointAsText(shown, SampleReport()),
             Catch::Contains("what changed since checkpoint 6; needs its files, too"));
}

}  // namespace
}  // namespace cairn
