#include "cluster/warm_start.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "base/posix_file_system.h"
#include "base/status.h"
#include "base/temp_directory.h"
#include "cairn/inspect.h"
#include "cairn/train.h"
#include "cluster/linear_data.h"
#include "cluster/sample_model.h"

namespace cairn {
namespace {

struct CheckFixture {
  CheckFixture() {
    WriteSampleModel(dir, 4);
    job.init_dir = dir;
    job.name = "next";
  }
  absl::StatusOr<std::vector<std::string>> Check() { return CheckInit(&files, job); }

  TempDirectory temp;
  PosixFileSystem files;
  std::string dir = temp.PathOf("model");
  JobSpec job = test::SampleJob(16);
};

TEST_CASE_METHOD(CheckFixture, "The same tables are taken over without a word", "[warm_start]") {
  CHECK(Check().value().empty());
  std::reverse(job.tables.begin(), job.tables.end());
  job.tables[2].parts[0].optimizer.learning_rate = 7;
  job.tables[2].parts[1].initializer.scale = 7;
  CHECK(Check().value().empty());
}

TEST_CASE("A model of another loss is refused, in words of the command line", "[warm_start]") {
  const TempDirectory temp;
  TrainOptions options;
  options.train = {WriteLinearData(temp, "train", 200, 1)};
  options.epochs = 1;
  options.save_dir = temp.PathOf("model");
  REQUIRE(Train(options).ok());
  options.init_dir = std::exchange(options.save_dir, "");
  options.loss = "squared";
  CHECK(MessageOf(Train(options).status()) ==
        "the model in " + options.init_dir +
            " was trained with --loss logistic, and its weights mean nothing with --loss squared: "
            "say --loss logistic here too, or start without --init");
}

TEST_CASE_METHOD(CheckFixture, "Another optimizer, and a new table, start afresh", "[warm_start]") {
  job.tables[0].parts[1].optimizer = {.name = "adam"};
  job.tables[2].parts[0].optimizer = {.name = "sgd"};
  job.tables.push_back({.name = "more"});
  CHECK(Check().value() ==
        std::vector<std::string>{
            "table \"fm\", part 1: weights of rowwise_adagrad are kept, the state of adam starts "
            "afresh",
            "table \"counts\": weights of sum are kept, the state of sgd starts afresh",
            "table \"more\" is new: it starts afresh"});
}

TEST_CASE_METHOD(CheckFixture, "Tables of another shape are refused, and both are told",
                 "[warm_start]") {
  job.tables[0].parts[1].width = 4;
  const absl::Status wider = Check().status();
  CHECK(wider.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(MessageOf(wider) == "the model in " + dir +
                                ": table \"fm\" is saved as sparse, parts of widths 1+3, but the "
                                "job has it as sparse, parts of widths 1+4");
  job = test::SampleJob(16);
  job.init_dir = dir;
  job.tables.pop_back();
  const absl::Status missing = Check().status();
  CHECK(missing.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(MessageOf(missing).find("has a table \"counts\", which this job") !=
        std::string_view::npos);
}

TEST_CASE_METHOD(CheckFixture, "No model, and a damaged one", "[warm_start]") {
  std::filesystem::resize_file(dir + "/p0.snapshot", 40);
  CHECK(Check().status().code() == absl::StatusCode::kDataLoss);
  job.init_dir = temp.PathOf("none");
  CHECK(Check().status().code() == absl::StatusCode::kNotFound);
}

TEST_CASE("A model is not saved where it comes from, however that is written", "[warm_start]") {
  const TempDirectory temp;
  std::filesystem::create_directories(temp.PathOf("a/b"));
  std::filesystem::create_directory_symlink(temp.PathOf("a"), temp.PathOf("link"));
  CHECK(CheckInitAndSave("", "").ok());
  CHECK(CheckInitAndSave(temp.PathOf("a"), "").ok());
  CHECK(CheckInitAndSave(temp.PathOf("a"), temp.PathOf("a/b")).ok());
  CHECK(CheckInitAndSave(temp.PathOf("a"), temp.PathOf("none")).ok());
  CHECK_FALSE(CheckInitAndSave("none", "none").ok());
  for (const std::string same : {"a", "a/", "a/b/..", "link"}) {
    INFO(same);
    const absl::Status status = CheckInitAndSave(temp.PathOf("a"), temp.PathOf(same));
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    CHECK(MessageOf(status).starts_with("--init and --save are the same directory"));
  }
}

// ---- What training makes of it ----------------------------------------------------------------

struct TrainFixture {
  TrainFixture() {
    options.train = {WriteLinearData(temp, "old", 2000, 1)};
    options.epochs = 2;
    options.mode.consistency = Consistency::kBsp;
    options.partitions = 16;
    options.save_dir = old_dir;
    first = Train(options).value();
    options.train = {WriteLinearData(temp, "new", 1000, 2)};
    options.epochs = 1;
    options.init_dir = old_dir;
    options.save_dir = new_dir;
  }
  TableReport Table(const std::string& dir, const std::string& name) {
    InspectOptions inspect;
    inspect.model_dir = dir;
    inspect.table = name;
    inspect.top = 100;
    return Inspect(inspect).value().tables[0];
  }
  std::string Digest() {
    const std::string digest = Train(options).value().model_digest;
    std::filesystem::remove_all(new_dir);
    return digest;
  }

  TempDirectory temp;
  std::string old_dir = temp.PathOf("old-model"), new_dir = temp.PathOf("new-model");
  TrainOptions options;
  TrainReport first;
};

TEST_CASE_METHOD(TrainFixture, "In bsp a start from a model is the same on any cluster",
                 "[warm_start]") {
  const std::string alone = Digest();
  CHECK(alone != first.model_digest);
  for (const auto& [partitions, servers, workers] :
       {std::tuple(64, 1, 2), std::tuple(1, 1, 1), std::tuple(4, 3, 1), std::tuple(16, 2, 3)}) {
    INFO(partitions << " partitions");
    options.partitions = static_cast<uint32_t>(partitions);
    options.servers = static_cast<uint32_t>(servers);
    options.workers = static_cast<uint32_t>(workers);
    CHECK(Digest() == alone);
  }
  // And from the same model in other files.
  options.init_dir.clear();
  options.train = {temp.PathOf("old")};
  options.epochs = 2;
  options.partitions = 64;
  options.save_dir = temp.PathOf("old64");
  CHECK(Train(options).value().model_digest == first.model_digest);
  options.train = {temp.PathOf("new")};
  options.epochs = 1;
  options.init_dir = temp.PathOf("old64");
  options.save_dir = new_dir;
  options.partitions = 16;
  CHECK(Digest() == alone);
}

TEST_CASE_METHOD(TrainFixture, "How often rows were seen counts on", "[warm_start]") {
  const TrainReport second = Train(options).value();
  CHECK(second.notes.empty());
  const TableReport before = Table(old_dir, "weights"), after = Table(new_dir, "weights");
  // Features of a row, rows; of the first epoch. Large counts are kept to about an eighth.
  CHECK(static_cast<double>(before.seen_sum) == Approx(2 * 2000).epsilon(0.1));
  CHECK(static_cast<double>(after.seen_sum) == Approx(2 * (2000 + 1000)).epsilon(0.1));
}

TEST_CASE_METHOD(TrainFixture, "The bias goes on from the model, whatever the new rows' share",
                 "[warm_start]") {
  std::string rows;
  for (int i = 0; i < 1000; ++i) rows += "1 0:5000:1\n0 0:5000:1\n";
  std::ofstream(temp.PathOf("new")) << rows + rows + "1 0:5000:1\n1 0:5000:1\n1 0:5000:1\n";
  options.learning_rate = 1e-20;  // Nothing is learnt: what is there then was there before.
  REQUIRE(Train(options).ok());
  const TableReport before = Table(old_dir, "bias"), after = Table(new_dir, "bias");
  CHECK(after.min == before.min);
  CHECK(after.spec.parts[0].initializer.scale != before.spec.parts[0].initializer.scale);
}

TEST_CASE_METHOD(TrainFixture, "Another optimizer keeps the weights and says so", "[warm_start]") {
  options.optimizer = "adam";
  options.learning_rate = 1e-20;
  const TrainReport second = Train(options).value();
  CHECK(second.notes ==
        std::vector<std::string>{
            "table \"weights\": weights of adagrad are kept, the state of adam starts afresh",
            "table \"bias\": weights of adagrad are kept, the state of adam starts afresh"});
  const TableReport before = Table(old_dir, "weights"), after = Table(new_dir, "weights");
  CHECK(after.norm == before.norm);
  CHECK(after.state_floats != before.state_floats);
}

TEST_CASE_METHOD(TrainFixture, "Data that is read otherwise is told of", "[warm_start]") {
  options.read.cross = {"0*1"};
  CHECK(Train(options).value().notes ==
        std::vector<std::string>{"the model's data was read otherwise (now --cross '0*1'): "
                                 "features that differ start afresh"});
  options.init_dir = new_dir;
  options.save_dir.clear();
  CHECK(Train(options).value().notes.empty());
  options.read.cross = {"1*0"};
  CHECK(Train(options).value().notes ==
        std::vector<std::string>{"the model's data was read otherwise (then --cross '0*1', now "
                                 "--cross '1*0'): features that differ start afresh"});
  options.read.label = ">0";
  options.read.hash_bits = 20;
  CHECK(Train(options).value().notes ==
        std::vector<std::string>{
            "the model learnt another label (none, now --label '>0'): its weights predict another "
            "thing",
            "the model's --hash-bits were others: all features start afresh"});
}

TEST_CASE_METHOD(TrainFixture, "Data is read as the model's was if nothing is said",
                 "[warm_start]") {
  options.read.cross = {"0*1"};
  REQUIRE(Train(options).ok());
  options.init_dir = new_dir;
  options.save_dir = temp.PathOf("again");
  options.read = {};
  CHECK(Train(options).value().notes ==
        std::vector<std::string>{"the data is read as the model's was: --cross '0*1'"});
  CHECK(Table(options.save_dir, "weights").rows == Table(new_dir, "weights").rows);
}

TEST_CASE_METHOD(TrainFixture, "A model of another kind is no start", "[warm_start]") {
  options.model = "count";
  const absl::Status status = Train(options).status();
  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(MessageOf(status).starts_with("the model in " + old_dir));
  options.model = "fm";
  options.dim = 3;
  CHECK(MessageOf(Train(options).status()) ==
        "the model in " + old_dir +
            " was trained with --model lr, which keeps other numbers for a feature than --model fm "
            "--dim 3: say --model lr here too, or start without --init");
  options.dim = 0;
  options.model = "lr";
  options.save_dir = old_dir + "/.";
  CHECK(Train(options).status().code() == absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace cairn
