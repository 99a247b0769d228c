#include "cluster/loss_plan.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/status.h"
#include "base/temp_directory.h"
#include "cluster/linear_data.h"
#include "kernels/gemm.h"

namespace cairn {
namespace {

TrainOptions Mlp() {
  TrainOptions options;
  options.model = "mlp";
  return options;
}

DataSample TwoClasses() {
  DataSample sample;
  sample.labels_are_binary = sample.labels_are_classes = true;
  sample.largest_label = 1;
  return sample;
}

DataSample Classes(float largest) {
  DataSample sample;
  sample.labels_are_classes = true;
  sample.largest_label = largest;
  return sample;
}

struct Planned {
  ModelSettings settings;
  DataDefinition definition;
  std::vector<std::string> notes;
};

Planned Plan(const TrainOptions& options, const DataSample& sample) {
  Planned planned;
  REQUIRE(PlanLoss(options, sample, &planned.settings, &planned.definition, &planned.notes) ==
          absl::OkStatus());
  return planned;
}

std::string ErrorOf(const TrainOptions& options, const DataSample& sample) {
  Planned planned;
  const absl::Status status =
      PlanLoss(options, sample, &planned.settings, &planned.definition, &planned.notes);
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  return std::string(MessageOf(status));
}

TEST_CASE("The loss follows from the labels", "[loss_plan]") {
  CHECK(Plan(Mlp(), TwoClasses()).settings.loss == kLogisticLoss);
  const Planned ten = Plan(Mlp(), Classes(9));
  CHECK(ten.settings.loss == kSoftmaxLoss);
  CHECK(ten.settings.classes == 10);
  CHECK(ten.definition.read.label.classes == 10);
  REQUIRE(ten.notes.size() == 1);
  CHECK_THAT(ten.notes[0], Catch::StartsWith("labels 0 .. 9 are taken for 10 classes"));
  CHECK(Plan(Mlp(), Classes(100)).settings.loss == kSquaredLoss);  // Amounts.
  DataSample numbers;
  numbers.mean_label = 5;
  numbers.label_deviation = 0.5;
  const Planned squared = Plan(Mlp(), numbers);
  CHECK(squared.settings.loss == kSquaredLoss);
  CHECK(squared.settings.label_mean == 5);
  CHECK(squared.settings.label_scale == 0.5f);
  CHECK(squared.definition.read.label.classes == 0);
  DataSample one;
  one.only_label = 3;
  CHECK(Plan(Mlp(), one).settings.loss == kLogisticLoss);
}

TEST_CASE("The loss is what the options say", "[loss_plan]") {
  TrainOptions options = Mlp();
  options.classes = 12;
  CHECK(Plan(options, Classes(9)).settings.classes == 12);
  CHECK(Plan(options, Classes(9)).notes.empty());
  options = Mlp();
  options.loss = "squared";
  DataSample constant = TwoClasses();
  constant.label_deviation = 0;
  CHECK(Plan(options, constant).settings.label_scale == 1);
  options.loss = "softmax";
  CHECK(Plan(options, TwoClasses()).settings.classes == 2);
  CHECK(Plan(options, Classes(0)).settings.classes == 2);
  CHECK_THAT(ErrorOf(options, {}), Catch::Contains("labels must be whole numbers from 0 to 999"));
  options.loss = "hinge";
  CHECK(ErrorOf(options, {}) == "--loss \"hinge\": auto, logistic, softmax or squared");
  options.loss = "squared";
  options.classes = 3;
  CHECK(ErrorOf(options, {}) == "--classes needs --loss softmax, not squared");
  options.loss = "auto";
  options.classes = 1;
  CHECK(ErrorOf(options, {}) == "--classes is 1: 2 to 1000");
  options = {};
  options.loss = "softmax";
  CHECK(ErrorOf(options, {}) == "the model lr has one result: --loss softmax needs --model mlp");
  options.loss = "auto";
  options.classes = 3;
  CHECK(ErrorOf(options, {}) == "the model lr has one result: --classes needs --model mlp");
}

TEST_CASE("Linear models and factorization machines learn numbers if they are told to",
          "[loss_plan]") {
  TrainOptions options;
  options.model = GENERATE("lr", "fm", "ffm");
  DataSample numbers;
  numbers.mean_label = 5;
  numbers.label_deviation = 0.5;
  CHECK(Plan(options, numbers).settings.loss == kLogisticLoss);  // What is no label is a bad row.
  options.loss = "squared";
  const Planned squared = Plan(options, numbers);
  CHECK(squared.settings.loss == kSquaredLoss);
  CHECK(squared.settings.label_mean == 5);
  CHECK(squared.settings.label_scale == 0.5f);
  options.update = "sequential";
  CHECK_THAT(ErrorOf(options, numbers),
             Catch::StartsWith("--loss squared needs --update gradient"));
  options.model = "count";
  CHECK_THAT(ErrorOf(options, numbers),
             Catch::EndsWith("the model count learns nothing of labels"));
}

TEST_CASE("Models whose network has other parts beside it have one result", "[loss_plan]") {
  TrainOptions options;
  options.model = "deepfm";
  CHECK(Plan(options, TwoClasses()).settings.loss == kLogisticLoss);
  const Planned stars = Plan(options, Classes(5));
  CHECK(stars.settings.loss == kSquaredLoss);
  CHECK(stars.notes.empty());
  options.loss = "softmax";
  CHECK(ErrorOf(options, Classes(5)) ==
        "the model deepfm has one result: --loss softmax needs --model mlp");
}

TEST_CASE("What stops a training is a metric that the loss has", "[loss_plan]") {
  ModelSettings settings;
  TrainOptions options;
  CHECK(StopMetricOf(options, settings).value() == "auc");
  settings.loss = kSoftmaxLoss;
  CHECK(StopMetricOf(options, settings).value() == "accuracy");
  settings.loss = kSquaredLoss;
  CHECK(StopMetricOf(options, settings).value() == "logloss");
  options.stop_metric = "accuracy";
  CHECK(MessageOf(StopMetricOf(options, settings).status()) ==
        "--stop-metric accuracy: there is none with --loss squared; take logloss");
  settings.loss = kSoftmaxLoss;
  CHECK(StopMetricOf(options, settings).value() == "accuracy");
  options.stop_metric = "auc";
  CHECK(MessageOf(StopMetricOf(options, settings).status()) ==
        "--stop-metric auc: there is none with --loss softmax; take accuracy or logloss");
  CHECK(MetricOf("auc") == StopRules::Metric::kAuc);
  CHECK(MetricOf("accuracy") == StopRules::Metric::kAccuracy);
  CHECK(MetricOf("logloss") == StopRules::Metric::kLogLoss);
}

TEST_CASE("Layers, rates and arithmetic of a network", "[loss_plan]") {
  const TempDirectory directory;
  const auto source = DataSource::Open({WriteLinearData(directory, "train", 10, 1)}, {}).value();
  DataSample sample;
  sample.squares_per_row = 800;
  sample.features_per_row = 10;
  const auto plan = [&](const TrainOptions& options, double batch_rows = 100) {
    ModelSettings settings;
    const absl::Status status = PlanNetwork(options, *source, sample, batch_rows, &settings);
    return status.ok() ? absl::StatusOr<ModelSettings>(settings) : status;
  };
  const ModelSettings settings = plan(Mlp()).value();
  CHECK(settings.optimizer == "adam");
  CHECK(settings.learning_rate == 0.001f);
  CHECK(settings.l2 == 8);
  CHECK(settings.first_rate == 0.2f);
  CHECK(settings.hidden == "64,32");
  CHECK(settings.inputs == 0);
  CHECK(settings.first_scale == Approx(0.05));
  CHECK(settings.gemm == kAnyGemm);
  TrainOptions options;
  options.model = "deepfm";
  const ModelSettings deep = plan(options).value();
  CHECK(deep.optimizer == "adam");
  CHECK(deep.learning_rate == 0.001f);
  CHECK(deep.l2 == 0);  // As it was: one for each feature of a linear model.
  CHECK(deep.hidden == "64,32");
  options = Mlp();
  options.mode.consistency = Consistency::kBsp;
  options.hidden = "7";
  options.optimizer = "sgd";
  const ModelSettings bsp = plan(options).value();
  CHECK(bsp.gemm == GemmMathName(GemmKernel::Available().front()->math()));
  CHECK(bsp.hidden == "7");
  CHECK(bsp.learning_rate == 0.1f);
  options.hidden = "-1";
  CHECK_THAT(std::string(MessageOf(plan(options).status())), Catch::Contains("--hidden -1"));
  options.hidden = "65536";
  CHECK_THAT(std::string(MessageOf(plan(options, 1e6).status())),
             Catch::Contains("a batch of 1000000 rows takes 488.3 GiB"));
}

}  // namespace
}  // namespace cairn
