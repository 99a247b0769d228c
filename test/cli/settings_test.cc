#include "cli/settings.h"

#include <catch2/catch.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "base/option_sources.h"
#include "base/status.h"
#include "cli/options.h"

namespace cairn {
namespace {

absl::StatusOr<TrainOptions> Parse(const std::string& line) {
  std::istringstream words(line);
  std::vector<std::string> arguments;
  for (std::string word; words >> word;) arguments.push_back(word);
  CAIRN_ASSIGN_OR_RETURN(const OptionValues values,
                         ParseOptions(OptionsOf(Commands()[0]), arguments));
  return MakeTrainOptions(values);
}

std::string Error(const std::string& line) {
  const absl::Status status = Parse(line).status();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  return std::string(MessageOf(status));
}

TEST_CASE("With nothing but data, the settings are the library's defaults", "[settings]") {
  const auto options = Parse("--train a");
  REQUIRE(options.ok());
  const TrainOptions defaults;
  CHECK(options->train == std::vector<std::string>{"a"});
  CHECK(options->model == defaults.model);
  CHECK(options->valid == defaults.valid);
  CHECK(options->format == defaults.format);
  CHECK(options->optimizer == defaults.optimizer);
  CHECK(options->update == defaults.update);
  CHECK(options->learning_rate == defaults.learning_rate);
  CHECK(options->l1 == defaults.l1);
  CHECK(options->l2 == defaults.l2);
  CHECK(options->batch_rows == defaults.batch_rows);
  CHECK(options->epochs == defaults.epochs);
  CHECK(options->steps_max == defaults.steps_max);
  CHECK(options->shuffle == defaults.shuffle);
  CHECK(options->constant_rate == defaults.constant_rate);
  CHECK(options->bad_rows_share == defaults.bad_rows_share);
  CHECK(options->seed == defaults.seed);
  CHECK(options->mode == defaults.mode);
  CHECK(options->streams == defaults.streams);
  CHECK(options->partitions == defaults.partitions);
  CHECK(options->servers == defaults.servers);
  CHECK(options->workers == defaults.workers);
  CHECK(options->cache == defaults.cache);
  CHECK(options->cache_bytes_max == defaults.cache_bytes_max);
  CHECK(options->device == defaults.device);
  CHECK(options->device_bytes_max == defaults.device_bytes_max);
  CHECK(options->threads == defaults.threads);
  CHECK(options->executors == defaults.executors);
  CHECK(options->init_dir == defaults.init_dir);
  CHECK(options->save_dir == defaults.save_dir);
  CHECK(options->stop_metric == defaults.stop_metric);
  CHECK(options->loss == defaults.loss);
  CHECK(options->classes == defaults.classes);
  CHECK(options->hidden == defaults.hidden);
  CHECK(options->target == defaults.target);
  CHECK(options->patience == defaults.patience);
  CHECK(options->min_delta == defaults.min_delta);
  CHECK(options->relative_change == defaults.relative_change);
  CHECK(options->seconds_max == defaults.seconds_max);
}

TEST_CASE("Every option of training reaches the library", "[settings]") {
  const auto options = Parse(
      "--model lr --train a b --valid c d --format libffm --optimizer ftrl --lr 0.5 --l1 2 --l2 3 "
      "--cache memory --cache-mib 3 --update sequential --batch 64 --epochs 5 --max-steps 77 "
      "--order file --rate constant --loss softmax --classes 7 --hidden 9,5 "
      "--max-bad-rows 0.25 "
      "--seed 9 --consistency ssp:3 --streams 8 --partitions 16 --servers 2 --workers 4 "
      "--threads 6 --executors 7 --device cpu --device-memory 5000 --cluster embedded --init i "
      "--save s --stop-metric logloss "
      "--target 0.4 --patience 10 --min-delta 0.001 --relative-change 0.01 --max-seconds 1.5");
  REQUIRE(options.ok());
  CHECK(options->train == std::vector<std::string>{"a", "b"});
  CHECK(options->valid == std::vector<std::string>{"c", "d"});
  CHECK(options->format == "libffm");
  CHECK(options->optimizer == "ftrl");
  CHECK(options->update == "sequential");
  CHECK(options->loss == "softmax");
  CHECK(options->classes == 7);
  CHECK(options->hidden == "9,5");
  CHECK(options->learning_rate == 0.5);
  CHECK(options->l1 == 2);
  CHECK(options->l2 == 3);
  CHECK(options->batch_rows == 64);
  CHECK(options->epochs == 5);
  CHECK(options->steps_max == 77);
  CHECK_FALSE(options->shuffle);
  CHECK(options->constant_rate);
  CHECK(options->bad_rows_share == 0.25);
  CHECK(options->seed == 9);
  CHECK(options->mode == ConsistencyMode{Consistency::kSsp, 3});
  CHECK(options->streams == 8);
  CHECK(options->partitions == 16);
  CHECK(options->servers == 2);
  CHECK(options->workers == 4);
  CHECK(options->cache == "memory");
  CHECK(options->cache_bytes_max == uint64_t{3} << 20);
  CHECK(options->threads == 6);
  CHECK(options->executors == 7);
  CHECK(options->device == "cpu");
  CHECK(options->device_bytes_max == 5'000);
  CHECK(options->init_dir == "i");
  CHECK(options->save_dir == "s");
  CHECK(options->stop_metric == "logloss");
  CHECK(options->target == 0.4);
  CHECK(options->patience == 10);
  CHECK(options->min_delta == 0.001);
  CHECK(options->relative_change == 0.01);
  CHECK(options->seconds_max == 1.5);
}

TEST_CASE("Every option of vectors reaches the library", "[settings]") {
  const auto options = Parse(
      "--train a --model fm --dim 16 --fields 9 --optimizer-v adam --lr-v 0.5 --l2-v 0.25 "
      "--init-scale 0.125");
  REQUIRE(options.ok());
  CHECK(options->model == "fm");
  CHECK(options->dim == 16);
  CHECK(options->fields == 9);
  CHECK(options->vector_optimizer == "adam");
  CHECK(options->vector_learning_rate == 0.5);
  CHECK(options->vector_l2 == 0.25);
  CHECK(options->init_scale == 0.125);
  const auto none = Parse("--train a");
  CHECK(none->dim == 0);
  CHECK(none->fields == 0);
  CHECK(none->vector_optimizer.empty());
  CHECK(none->vector_learning_rate < 0);
  CHECK(none->vector_l2 < 0);
  CHECK(none->init_scale < 0);
}

TEST_CASE("Every option of features reaches the library", "[settings]") {
  const auto options = Parse(
      "--train a --admit-count 3 --sketch-bytes 1048576 --expire-steps 99 --expire-below "
      "0.25 --table-bytes 8589934592");
  REQUIRE(options.ok());
  CHECK(options->retention == RetentionSpec{.admit_count = 3,
                                            .admit_probability = 1,
                                            .sketch_bytes = 1u << 20,
                                            .expire_steps = 99,
                                            .expire_below = 0.25f,
                                            .bytes_max = uint64_t{1} << 33});
  CHECK(Parse("--train a --admit-probability 0.125")->retention ==
        RetentionSpec{.admit_probability = 0.125f});
  CHECK(Parse("--train a")->retention == RetentionSpec{});
  CHECK_THAT(std::string(MessageOf(Parse("--train a --sketch-bytes 1048576").status())),
             Catch::Contains("--sketch-bytes needs --admit-count"));
  CHECK_THAT(std::string(MessageOf(Parse("--train a --expire-below 1").status())),
             Catch::Contains("--expire-below needs --expire-steps"));
}

TEST_CASE("Every option of reading reaches the library", "[settings]") {
  const auto options = Parse(
      "--train a --columns time,delay,b,t,w --delimiter tab --label delay>15 --weight w "
      "--numeric b --ignore time --multi t:| u:; --derive h=hour(time) --cross b*t --hash-bits 9");
  INFO(MessageOf(options.status()));
  REQUIRE(options.ok());
  const RowOptions& read = options->read;
  CHECK(read.columns == "time,delay,b,t,w");
  CHECK(read.delimiter == "tab");
  CHECK(read.label == "delay>15");
  CHECK(read.weight == "w");
  CHECK(read.numeric == "b");
  CHECK(read.ignore == "time");
  CHECK(read.multi == std::vector<std::string>{"t:|", "u:;"});
  CHECK(read.derive == std::vector<std::string>{"h=hour(time)"});
  CHECK(read.cross == std::vector<std::string>{"b*t"});
  CHECK(read.hash_bits == 9);
  const RowOptions none = Parse("--train a")->read;
  CHECK(none.columns.empty());
  CHECK(none.delimiter.empty());
  CHECK(none.label.empty());
  CHECK(none.derive.empty());
  CHECK(none.hash_bits == 0);
}

TEST_CASE("An l2 and a learning rate that are given are not the defaults", "[settings]") {
  const auto options = Parse("--train a --l2 0");
  REQUIRE(options.ok());
  CHECK(options->l2 == 0);
}

TEST_CASE("Options that contradict one another are errors", "[settings]") {
  CHECK(Error("--train a --streams 4").starts_with("--streams needs --consistency bsp or ssp:K"));
  CHECK(Error("--train a --consistency asp --streams 4").starts_with("--streams needs"));
  CHECK(Parse("--train a --consistency bsp --streams 4").ok());
  CHECK(Parse("--train a --wire-values bf16+f8")->wire_values == WireValues::kBf16F8);
  CHECK(Parse("--train a")->wire_values == WireValues::kF32);
  CHECK(Error("--train a --consistency bsp --wire-values bf16")
            .starts_with("--wire-values bf16 needs --consistency asp or ssp:K"));
  CHECK(Error("--train a --patience 2") == "--patience needs --valid");
  CHECK(Error("--train a --target 0.7") == "--target needs --valid");
  CHECK(Error("--train a --stop-metric auc") == "--stop-metric needs --valid");
  CHECK(Error("--train a --valid b --min-delta 1") == "--min-delta needs --patience");
  CHECK(Error("--train a --l1 1").starts_with("--l1 needs --optimizer ftrl"));
  CHECK(Error("--train a --l1 1 --optimizer sgd").starts_with("--l1 needs --optimizer ftrl"));
  CHECK(Error("--train a --consistency spp:2") ==
        "--consistency: \"spp:2\" is none of asp, bsp, ssp:K (K steps, 0 to 1,000,000); did you "
        "mean ssp:2?");
  CHECK(Error("--train a --servers 100") == "--servers 100 needs --partitions 128 or more");
  CHECK(Error("--train a --servers 2 --partitions 1") ==
        "--servers 2 needs --partitions 2 or more");
  CHECK(Parse("--train a --servers 64").ok());
}

TEST_CASE("A contradiction is called as whoever set it did", "[settings]") {
  const std::vector<std::string> environment = {"CAIRN_TRAIN_STREAMS=4"};
  const std::vector<OptionSpec> specs = OptionsOf(Commands()[0]);
  const std::vector<std::string> arguments = {"--train", "a"};
  const auto values = ReadOptions({specs, "CAIRN_TRAIN_"}, {arguments, environment});
  REQUIRE(values.ok());
  CHECK(MessageOf(MakeTrainOptions(*values).status()).starts_with("CAIRN_TRAIN_STREAMS needs"));
}

TEST_CASE("Every option of scoring reaches the library", "[settings]") {
  for (const size_t command : {1, 2}) {
    const std::vector<std::string> arguments = {
        "--model-dir",    "m",   "--data",   "a", "b", "--format", "libsvm",
        "--max-bad-rows", "0.5", "--output", "o"};
    const std::span<const std::string> both(arguments.begin(), arguments.end() - 2);
    const auto values = ParseOptions(OptionsOf(Commands()[command]),
                                     command == 1 ? both : std::span<const std::string>(arguments));
    REQUIRE(values.ok());
    const ScoreOptions options = MakeScoreOptions(*values);
    CHECK(options.model_dir == "m");
    CHECK(options.data == std::vector<std::string>{"a", "b"});
    CHECK(options.format == "libsvm");
    CHECK(options.bad_rows_share == 0.5);
  }
}

TEST_CASE("Where the processes are, how patient they are, and whose logs", "[settings]") {
  const auto local = Parse(
      "--train a --cluster local --job mine --log-dir logs --max-restarts 7 --form-timeout 2 "
      "--orphan-timeout 3 --threads 4 --executors 5");
  REQUIRE(local.ok());
  CHECK(local->cluster == "local");
  CHECK(local->job == "mine");
  CHECK(local->log_dir == "logs");
  CHECK(local->restarts_max == 7);
  CHECK(local->form_timeout == absl::Seconds(2));
  CHECK(local->orphan_timeout == absl::Seconds(3));
  CHECK(local->threads == 4);
  CHECK(local->executors == 5);
  const auto remote = Parse("--train a --cluster tcp://node1:7700 --join-timeout 0.5");
  REQUIRE(remote.ok());
  CHECK(remote->cluster == "tcp://node1:7700");
  CHECK(remote->join_timeout == absl::Milliseconds(500));
}

TEST_CASE("What means nothing where the processes are is refused", "[settings]") {
  CHECK(Error("--train a --log-dir logs") ==
        "--log-dir means nothing with --cluster embedded: only processes started by --cluster "
        "local have logs here");
  for (const char* line :
       {"--max-restarts 1", "--form-timeout 1", "--join-timeout 1", "--orphan-timeout 1",
        "--cluster local --join-timeout 1", "--cluster tcp://a:1 --threads 2",
        "--cluster tcp://a:1 --executors 2", "--cluster tcp://a:1 --form-timeout 1"}) {
    INFO(line);
    CHECK_THAT(Error(std::string("--train a ") + line), Catch::Contains(" means nothing with "));
  }
}

}  // namespace
}  // namespace cairn
