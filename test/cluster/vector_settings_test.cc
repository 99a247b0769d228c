#include "cluster/vector_settings.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <string>

#include "base/status.h"

namespace cairn {
namespace {

TrainOptions Fm() {
  TrainOptions options;
  options.model = "fm";
  return options;
}

ModelSettings SettingsOf(const TrainOptions& options, const ModelSettings& before = {}) {
  ModelSettings settings;
  settings.model = options.model;
  settings.learning_rate = 0.25f;
  SetVectors(options, before, 10, &settings);
  return settings;
}

TEST_CASE("Vectors: defaults follow from the weight's settings and the prior") {
  TrainOptions options = Fm();
  CHECK(SettingsOf(options).dim == 8);
  CHECK(SettingsOf(options).vector_l2 == Approx(8 * std::sqrt(8.0)));
  CHECK(SettingsOf(options).vector_learning_rate == 0.25f);
  CHECK(SettingsOf(options).vector_optimizer == "rowwise_adagrad");
  CHECK(SettingsOf(options).init_scale == 0.1f);
  options.dim = 128;
  CHECK(SettingsOf(options).init_scale == 0.05f);
  options.dim = 4;
  CHECK(SettingsOf(options).init_scale == 0.1f);
  CHECK(SettingsOf(options).vector_l2 == 16);
  options.optimizer = "ftrl";
  CHECK(SettingsOf(options).vector_optimizer == "ftrl");
  options.vector_optimizer = "adam";
  options.vector_learning_rate = 0.5;
  options.vector_l2 = 0;
  options.init_scale = 0.5;
  const ModelSettings given = SettingsOf(options);
  CHECK(given.vector_optimizer == "adam");
  CHECK(given.vector_learning_rate == 0.5f);
  CHECK(given.vector_l2 == 0);
  CHECK(given.init_scale == 0.5f);
  options.model = "lr";
  CHECK(SettingsOf(options).dim == ModelSettings{}.dim);
  options = {};
  options.model = "ffm";
  CHECK(SettingsOf(options).dim == 4);
  CHECK(SettingsOf(options).vector_l2 == 8);
  CHECK(SettingsOf(options).init_scale == 0.1f);
}

TEST_CASE("Vectors: beside a network they have rates of their own, whatever its optimizer is") {
  TrainOptions options;
  options.model = GENERATE("wide_deep", "deepfm");
  options.optimizer = "sgd";
  const ModelSettings settings = SettingsOf(options);
  CHECK(settings.dim == 8);
  CHECK(settings.vector_optimizer == "rowwise_adagrad");
  CHECK(settings.vector_learning_rate == 0.2f);
  CHECK(settings.vector_l2 == Approx(8 * std::sqrt(8.0)));
  CHECK(settings.init_scale == 0.05f);
  options.vector_optimizer = "ftrl";
  options.vector_learning_rate = 0.5;
  CHECK(SettingsOf(options).vector_optimizer == "ftrl");
  CHECK(SettingsOf(options).vector_learning_rate == 0.5f);
}

TEST_CASE("Vectors: a saved model's are as long as they were") {
  ModelSettings before;
  before.model = "fm";
  before.dim = 16;
  CHECK(SettingsOf(Fm(), before).dim == 16);
  TrainOptions options = Fm();
  options.dim = 4;
  CHECK(SettingsOf(options, before).dim == 4);
  before.model = "ffm";
  CHECK(SettingsOf(Fm(), before).dim == 8);
}

TEST_CASE("Vectors: options are refused where there are none, and out of range") {
  CHECK(CheckVectorOptions(Fm()).ok());
  TrainOptions options = Fm();
  options.dim = 1025;
  CHECK(MessageOf(CheckVectorOptions(options)) == "--dim is 1025: 1 to 1024");
  options = {};
  CHECK(CheckVectorOptions(options).ok());
  options.dim = 4;
  CHECK(MessageOf(CheckVectorOptions(options)) ==
        "--dim is for --model fm, ffm, wide_deep or deepfm: lr has no vectors");
  options.dim = 0;
  options.vector_l2 = 0;
  CHECK(MessageOf(CheckVectorOptions(options)) ==
        "--l2-v is for --model fm, ffm, wide_deep or deepfm: lr has no vectors");
}

TEST_CASE("Vectors: as many steps at once as have a thousand rows") {
  TrainOptions options = Fm();
  CHECK(StepsAtOnce(options, 1000) == 1);
  CHECK(StepsAtOnce(options, 1050) == 1);
  CHECK(StepsAtOnce(options, 20'000) == 1);
  CHECK(StepsAtOnce(options, 500) == 2);
  CHECK(StepsAtOnce(options, 100) == 0);
  options.mode.consistency = Consistency::kBsp;
  CHECK(StepsAtOnce(options, 1000) == 0);
  CHECK(StepsAtOnce({}, 1000) == 0);
}

TEST_CASE("Vectors: batches are small where many streams take a step together") {
  CHECK(VectorBatchRowsMax(0) == 1000);
  CHECK(VectorBatchRowsMax(1) == 1000);
  CHECK(VectorBatchRowsMax(4) == 500);
  CHECK(VectorBatchRowsMax(400) == 5);
}

TEST_CASE("Vectors: a short training warms up for longer") {
  CHECK(VectorWarmupShare(10'000) == 0.1);
  CHECK(VectorWarmupShare(1'000) == 0.2);
  CHECK(VectorWarmupShare(100) == 0.3);
  CHECK(VectorWarmupShare(0) == 0.3);
}

TEST_CASE("Vectors: too many rows at once are noted") {
  TrainOptions options = Fm();
  options.workers = 30;
  CHECK(RowsAtOnceNote(options, 0, 1000).empty());
  options.workers = 40;
  CHECK(RowsAtOnceNote(options, 0, 1000) ==
        "--model fm: 40 workers with batches of 1,000 rows learn 40,000 of them from equal copies "
        "of the vectors, which overshoot beyond about 10,000: --batch 250 is safe");
  options.mode = {Consistency::kSsp, 9};
  CHECK(RowsAtOnceNote(options, 4, 1000)
            .starts_with(
                "--model fm: 4 streams that are up to 10 steps apart with batches of 1,000 rows"));
  options.mode = {Consistency::kBsp, 0};
  CHECK(RowsAtOnceNote(options, 4, 1000) == "");
  CHECK(RowsAtOnceNote(options, 4, 10'000) != "");
  options.model = "lr";
  CHECK(RowsAtOnceNote(options, 4, 10'000) == "");
}

}  // namespace
}  // namespace cairn
