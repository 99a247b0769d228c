#include "cluster/train_plan.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <string>

#include "base/status.h"
#include "base/temp_directory.h"
#include "cluster/linear_data.h"
#include "train/program.h"

namespace cairn {
namespace {

class Harness {
 public:
  TrainOptions Options() const {
    TrainOptions options;
    options.train = {train_};
    return options;
  }
  TrainOptions WithValid() const {
    TrainOptions options = Options();
    options.valid = {valid_};
    return options;
  }
  const TempDirectory directory;

 private:
  const std::string train_ = WriteLinearData(directory, "train", 2000, 1);
  const std::string valid_ = WriteLinearData(directory, "valid", 300, 2);
};

std::string ErrorOf(const TrainOptions& options) {
  const auto plan = MakeTrainPlan(options);
  REQUIRE(!plan.ok());
  CHECK(plan.status().code() == absl::StatusCode::kInvalidArgument);
  return std::string(MessageOf(plan.status()));
}

TEST_CASE("A plan depends on the data and never on the cluster") {
  const Harness harness;
  TrainOptions options = harness.WithValid();
  options.mode.consistency = Consistency::kBsp;
  const TrainPlan small = MakeTrainPlan(options).value();
  options.servers = 3;
  options.workers = 5;
  options.threads = 2;
  options.executors = 4;
  const TrainPlan large = MakeTrainPlan(options).value();
  CHECK(large.setup.job == small.setup.job);
  CHECK(large.setup.plan.servers == 3);
  CHECK(large.setup.plan.workers == 5);
  CHECK(large.setup.plan.schedule == small.setup.plan.schedule);
  CHECK(large.setup.plan.evaluation_batches == small.setup.plan.evaluation_batches);
}

TEST_CASE("A plan's program is what the workers read") {
  const Harness harness;
  TrainOptions options = harness.WithValid();
  options.epochs = 3;
  options.learning_rate = 0.125;
  options.l2 = 0.5;
  options.constant_rate = true;
  options.shuffle = false;
  options.seed = 9;
  const TrainPlan plan = MakeTrainPlan(options).value();
  const TrainProgram program = DecodeProgram(plan.setup.job.program).value();
  CHECK(program.schedule == plan.setup.plan.schedule);
  CHECK(program.schedule.epochs == 3);
  CHECK(program.schedule.batches_per_epoch == BatchCount(program.train));
  CHECK(program.schedule.fixed_streams == 0);  // asp.
  CHECK(!program.schedule.decay);
  CHECK(program.model.learning_rate == 0.125f);
  CHECK(program.model.l2 == 0.5f);
  CHECK(program.train.order == DataOrder::kFile);
  CHECK(program.train.seed == 9);
  CHECK(plan.setup.job.seed == 9);
  CHECK(plan.setup.plan.evaluation_batches == BatchCount(program.valid));
  CHECK(plan.setup.job.tables.size() == 2);
}

TEST_CASE("A factorization machine's defaults are the data's, and a saved model's dim") {
  const Harness harness;
  TrainOptions options = harness.Options();
  options.model = "fm";
  options.workers = 40;
  options.batch_rows = 500;
  const TrainPlan plan = MakeTrainPlan(options).value();
  const auto model_of = [](const TrainOptions& of) {
    return DecodeProgram(MakeTrainPlan(of).value().setup.job.program).value().model;
  };
  const double share = 2000.0 / 50'000;
  CHECK(model_of(options).l2 == Approx(2.0 / 4 * share).epsilon(0.1));
  CHECK(model_of(options).vector_l2 == Approx(0.8 * 2 * std::sqrt(8.0) * share).epsilon(0.1));
  CHECK(plan.setup.job.tables[0].width() == 9);
  CHECK(DecodeProgram(plan.setup.job.program).value().steps_at_once == 2);
  CHECK(std::count(plan.settings.begin(), plan.settings.end(),
                   std::pair<std::string, std::string>("dim", "8")) == 1);
  CHECK(plan.setup.plan.schedule.warmup_share > 0.1f);  // 30 epochs of 4 batches.
  options.batch_rows = 0;
  options.mode.consistency = Consistency::kBsp;
  options.streams = 256;
  CHECK(MakeTrainPlan(options).value().setup.plan.schedule.batches_per_epoch > 2000 / 64);
  options.mode.consistency = Consistency::kAsp;
  options.streams = 0;
  options.workers = 1;
  options.dim = 3;
  options.save_dir = harness.directory.PathOf("model");
  REQUIRE(Train(options).ok());
  options.init_dir = options.save_dir;
  options.save_dir.clear();
  options.dim = 0;
  CHECK(model_of(options).dim == 3);
  options.dim = 4;
  const absl::Status other = MakeTrainPlan(options).status();
  CHECK(other.code() == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(std::string(MessageOf(other)), Catch::Contains("say --model fm --dim 3 here too"));
  options = harness.Options();
  options.dim = 4;
  CHECK(ErrorOf(options) == "--dim is for --model fm, ffm, wide_deep or deepfm: lr has no vectors");
}

TEST_CASE("A field-aware factorization machine's defaults, and a saved model's fields") {
  const Harness harness;
  TrainOptions options = harness.WithValid();
  options.model = "ffm";
  const auto program_of = [](const TrainOptions& of) {
    return DecodeProgram(MakeTrainPlan(of).value().setup.job.program).value();
  };
  TrainProgram program = program_of(options);
  const double share = 2000.0 / 50'000;
  CHECK(program.model.learning_rate == 0.2f);
  CHECK(program.model.vector_learning_rate == 0.2f);
  CHECK(program.model.vector_l2 == Approx(0.4 * 2 * 2 * share).epsilon(0.1));
  CHECK(program.model.fields == 2);
  CHECK(program.train.read.fields == 2);
  CHECK(program.valid.read.fields == 2);
  CHECK(MakeTrainPlan(options).value().setup.job.tables[0].width() == 1 + 2 * 4);
  options.fields = 5;
  options.save_dir = harness.directory.PathOf("model");
  REQUIRE(Train(options).ok());
  options.init_dir = options.save_dir;
  options.save_dir.clear();
  options.fields = 0;
  CHECK(program_of(options).model.fields == 5);
  options.fields = 6;
  const absl::Status other = MakeTrainPlan(options).status();
  CHECK(other.code() == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(std::string(MessageOf(other)),
             Catch::Contains("say --model ffm --dim 4 --fields 5 here too"));
  options.model = "fm";
  options.fields = 0;
  CHECK_THAT(std::string(MessageOf(MakeTrainPlan(options).status())),
             Catch::Contains("say --model ffm --dim 4 --fields 5 here too"));
  options.fields = 6;
  CHECK(ErrorOf(options) ==
        "--fields is for --model ffm, wide_deep or deepfm: fm has no use for them");
}

TEST_CASE("From a saved model, a few epochs with the whole prior are the default") {
  const Harness harness;
  TrainOptions options = harness.Options();
  const auto program_of = [&] {
    return DecodeProgram(MakeTrainPlan(options).value().setup.job.program).value();
  };
  CHECK(program_of().schedule.epochs == 30);  // 2,000 rows are few.
  CHECK(program_of().model.l2 == Approx(2.0 / 4 * 2000 / 50'000).epsilon(0.1));
  options.save_dir = harness.directory.PathOf("model");
  REQUIRE(Train(options).ok());
  options.init_dir = options.save_dir;
  options.save_dir.clear();
  CHECK(program_of().schedule.epochs == 3);
  CHECK(program_of().model.l2 == Approx(2.0 / 4));
  CHECK(program_of().schedule.decay);
  CHECK(program_of().schedule.warmup_share > 0);
  options.epochs = 7;
  options.l2 = 0.125;
  CHECK(program_of().schedule.epochs == 7);
  CHECK(program_of().model.l2 == 0.125f);
}

TEST_CASE("The settings that held are told, defaults filled in") {
  const Harness harness;
  TrainOptions options = harness.Options();
  options.mode = {Consistency::kSsp, 2};
  const TrainPlan plan = MakeTrainPlan(options).value();
  const std::map<std::string, std::string> settings(plan.settings.begin(), plan.settings.end());
  CHECK(settings.size() == plan.settings.size());
  CHECK(settings.at("format") == "libffm");
  CHECK(settings.at("optimizer") == "adagrad");
  CHECK(settings.at("consistency") == "ssp:2");
  CHECK(settings.at("streams") == std::to_string(plan.setup.job.streams));
  CHECK(plan.valid == nullptr);
  CHECK(plan.setup.plan.evaluation_batches == 0);
}

TEST_CASE("Learning row by row: rows apart are noted, and the bias of a model keeps its start") {
  const Harness harness;
  TrainOptions options = harness.Options();
  options.update = "sequential";
  options.batch_rows = 1000;
  options.workers = 3;
  const TrainPlan plan = MakeTrainPlan(options).value();
  REQUIRE(plan.notes.size() == 1);
  CHECK(plan.notes[0].starts_with("--update sequential: 3 workers with batches of "));
  CHECK(std::count(plan.settings.begin(), plan.settings.end(),
                   std::pair<std::string, std::string>("update", "sequential")) == 1);
  options.save_dir = harness.directory.PathOf("model");
  REQUIRE(Train(options).ok());
  options.init_dir = options.save_dir;
  options.save_dir.clear();
  options.read.label = "label<1";  // The other class, and another base rate.
  const auto settings = [](const TrainPlan& of) {
    return DecodeProgram(of.setup.job.program).value().model;
  };
  CHECK(settings(MakeTrainPlan(options).value()).base_rate == settings(plan).base_rate);
  options.init_dir.clear();
  CHECK(settings(MakeTrainPlan(options).value()).base_rate != settings(plan).base_rate);
}

TEST_CASE("What is wrong with the labels of the sample is noted") {
  const Harness harness;
  TrainOptions options = harness.Options();
  CHECK(MakeTrainPlan(options).value().notes.empty());
  options.read.label = "label>5";
  const std::vector<std::string> notes = MakeTrainPlan(options).value().notes;
  REQUIRE(notes.size() == 1);
  CHECK(notes[0] == "all 2,000 sampled labels are 0: is --label 'label>5' what you mean?");
}

TEST_CASE("Options that contradict themselves are refused by their flag") {
  const Harness harness;
  TrainOptions options;
  CHECK(ErrorOf(options).find("--train") != std::string::npos);
  options = harness.Options();
  options.streams = 4;
  CHECK(ErrorOf(options).find("--streams") != std::string::npos);
  options = harness.Options();
  options.servers = 0;
  CHECK(ErrorOf(options).find("--servers") != std::string::npos);
  options = harness.Options();
  options.workers = 0;
  CHECK(ErrorOf(options).find("--workers") != std::string::npos);
  options = harness.Options();
  options.patience = 2;
  CHECK(ErrorOf(options).find("--valid") != std::string::npos);
  options = harness.WithValid();
  options.stop_metric = "f1";
  CHECK(ErrorOf(options) == "--stop-metric \"f1\": auto, auc, accuracy or logloss");
  options = harness.Options();
  options.bad_rows_share = 1.5;
  CHECK(ErrorOf(options).find("--max-bad-rows") != std::string::npos);
  options = harness.Options();
  options.format = "xml";
  CHECK(ErrorOf(options).find("\"xml\"") != std::string::npos);
  options = harness.Options();
  options.model = "tree";
  CHECK(ErrorOf(options).find("\"tree\"") != std::string::npos);
  options = harness.Options();
  options.model = "count";
  options.update = "sequential";
  CHECK(ErrorOf(options) == "--update sequential is for --model lr, not for count");
  options = harness.Options();
  options.update = "sequential";
  options.wire_values = WireValues::kBf16;
  CHECK(ErrorOf(options).starts_with("--wire-values bf16 needs --update gradient"));
  options = harness.Options();
  options.update = "sometimes";
  CHECK(ErrorOf(options).find("\"sometimes\"") != std::string::npos);
  options = harness.Options();
  options.cache = harness.directory.PathOf("missing");
  CHECK(ErrorOf(options).starts_with("--cache \""));
  options = harness.Options();
  options.partitions = 3;
  CHECK(ErrorOf(options).find("partitions") != std::string::npos);
  options = harness.Options();
  options.partitions = 2;
  options.servers = 3;
  CHECK(ErrorOf(options) == "--servers 3 needs --partitions 4 or more");
}

TEST_CASE("Data that cannot be read is an error about data") {
  const Harness harness;
  TrainOptions options = harness.Options();
  options.train = {harness.directory.PathOf("missing")};
  const absl::Status missing = MakeTrainPlan(options).status();
  CHECK(missing.code() == absl::StatusCode::kNotFound);
  CHECK(MessageOf(missing).find("missing") != std::string_view::npos);
  options.train = {harness.directory.PathOf("missing*")};
  CHECK(ExitCode(MakeTrainPlan(options).status()) == 3);
}

TEST_CASE("A directory stands for its files, and the job names them by absolute paths") {
  const Harness harness;
  TrainOptions options = harness.Options();
  const TempDirectory directory;
  const std::string b = WriteLinearData(directory, "b", 100, 1);
  const std::string a = WriteLinearData(directory, "a", 100, 2);
  std::ofstream(directory.PathOf("_SUCCESS")) << "";
  options.train = {directory.path()};
  const TrainPlan plan = MakeTrainPlan(options).value();
  const TrainProgram program = DecodeProgram(plan.setup.job.program).value();
  REQUIRE(program.train.files.size() == 2);
  CHECK(program.train.files[0].path == a);
  CHECK(program.train.files[1].path == b);
}

}  // namespace
}  // namespace cairn
