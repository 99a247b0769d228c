#include "cluster/effective_settings.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <string>

namespace cairn {
namespace {

std::map<std::string, std::string> Of(const TrainOptions& options, const JobSpec& job) {
  TrainProgram program;
  program.model.optimizer = "adagrad";
  program.model.learning_rate = 0.3f;
  program.schedule.epochs = 6;
  std::map<std::string, std::string> settings;
  for (const auto& [name, value] : EffectiveSettings(options, program, job, 63.7)) {
    CHECK(settings.emplace(name, value).second);
  }
  return settings;
}

TEST_CASE("Defaults that were filled in are settings as given ones are", "[effective_settings]") {
  TrainOptions options;
  options.train = {"a", "b"};
  const auto settings = Of(options, {});
  CHECK(settings.at("model") == "lr");
  CHECK(settings.at("train") == "a\nb");
  CHECK(settings.at("optimizer") == "adagrad");
  CHECK(settings.at("cache") == "none");
  CHECK(settings.at("update") == "gradient");
  CHECK(settings.at("lr") == "0.3");
  CHECK(settings.at("batch") == "64");
  CHECK(settings.at("epochs") == "6");
  CHECK(settings.at("max-bad-rows") == "0");
  CHECK(settings.at("consistency") == "asp");
  CHECK(settings.at("wire-values") == "f32");
  CHECK(settings.at("device") == "auto");
  CHECK(settings.count("device-memory") == 0);
  options.device_bytes_max = 4'096;
  CHECK(Of(options, {}).at("device-memory") == "4096");
}

TEST_CASE("A saved program tells its settings by the command line's names",
          "[effective_settings]") {
  TrainProgram program;
  program.model.learning_rate = 0.3f;
  program.model.retention.admit_count = 3;
  program.schedule = {.epochs = 6, .decay = true};
  program.train.format = DataFormat::kLibffm;
  program.train.files = {{.path = "/d/a"}, {.path = "/d/b"}};
  program.valid.files = {{.path = "/d/v"}};
  const auto has = [&](const std::string& name, const std::string& value) {
    const auto settings = SettingsOf(program);
    return std::count(settings.begin(), settings.end(), std::pair(name, value)) == 1;
  };
  CHECK(has("model", "lr"));
  CHECK(has("train", "/d/a"));
  CHECK(has("train", "/d/b"));
  CHECK(has("valid", "/d/v"));
  CHECK(has("format", "libffm"));
  CHECK(has("order", "shuffled"));
  CHECK(has("lr", "0.3"));
  CHECK(has("rate", "decay"));
  CHECK(has("admit-count", "3"));
  CHECK(has("epochs", "6"));
  program.valid = program.train;
  program.train.part = DataPart::kLearnt;
  program.valid.part = DataPart::kHeldOut;
  program.train.held_out_of = program.valid.held_out_of = 10;
  program.schedule.decay = false;
  program.model.model_options = "depth=2";
  CHECK(has("valid-share", "0.1"));
  CHECK(!has("valid", "/d/a"));
  CHECK(has("rate", "constant"));
  CHECK(has("model-options", "depth=2"));
}

TEST_CASE("Vectors are settings of models that have them", "[effective_settings]") {
  CHECK(Of({}, {}).count("dim") == 0);
  TrainProgram program;
  program.model.model = "fm";
  program.model.dim = 4;
  program.model.vector_l2 = 2.5f;
  std::map<std::string, std::string> settings;
  for (const auto& [name, value] : EffectiveSettings({}, program, {}, 64)) settings[name] = value;
  CHECK(settings.at("dim") == "4");
  CHECK(settings.at("optimizer-v") == "rowwise_adagrad");
  CHECK(settings.at("lr-v") == "0.3");
  CHECK(settings.at("l2-v") == "2.5");
  CHECK(settings.at("init-scale") == "0.1");
  CHECK(settings.count("fields") == 0);
  program.model.fields = 39;
  const auto more = EffectiveSettings({}, program, {}, 64);
  CHECK(std::count(more.begin(), more.end(), std::pair<std::string, std::string>("fields", "39")) ==
        1);
}

TEST_CASE("What is switched off is no setting", "[effective_settings]") {
  const auto settings = Of({}, {});
  for (const char* name : {"init", "save", "valid", "max-steps", "max-seconds", "stop-metric",
                           "target", "patience", "min-delta", "relative-change", "streams"}) {
    INFO(name);
    CHECK(settings.count(name) == 0);
  }
}

TEST_CASE("Rules for stopping, folders and streams are settings where they hold",
          "[effective_settings]") {
  TrainOptions options;
  options.init_dir = "i";
  options.save_dir = "s";
  options.valid = {"v"};
  options.steps_max = 7;
  options.seconds_max = 1.5;
  options.stop_metric = "logloss";
  options.target = 0.5;
  options.patience = 3;
  options.min_delta = 0.001;
  options.relative_change = 0.01;
  JobSpec job;
  job.mode = {Consistency::kSsp, 2};
  job.streams = 4;
  const auto settings = Of(options, job);
  CHECK(settings.at("init") == "i");
  CHECK(settings.at("save") == "s");
  CHECK(settings.at("valid") == "v");
  CHECK(settings.at("max-steps") == "7");
  CHECK(settings.at("max-seconds") == "1.5");
  CHECK(settings.at("stop-metric") == "logloss");
  CHECK(settings.at("target") == "0.5");
  CHECK(settings.at("patience") == "3");
  CHECK(settings.at("min-delta") == "0.001");
  CHECK(settings.at("relative-change") == "0.01");
  CHECK(settings.at("consistency") == "ssp:2");
  CHECK(settings.at("streams") == "4");
}

TEST_CASE("What admits and expires features is a setting where it holds", "[effective_settings]") {
  TrainProgram program;
  program.model.retention = {.admit_count = 2, .expire_steps = 9, .bytes_max = 1000};
  std::map<std::string, std::string> settings;
  for (const auto& [name, value] : EffectiveSettings({}, program, {}, 1)) settings[name] = value;
  CHECK(settings.at("admit-count") == "2");
  CHECK(settings.at("sketch-bytes") == "16777216");
  CHECK(settings.at("expire-steps") == "9");
  CHECK(settings.at("table-bytes") == "1000");
  CHECK(settings.count("admit-probability") == 0);
  CHECK(settings.count("expire-below") == 0);
  program.model.retention = {.admit_probability = 0.1f, .expire_steps = 9, .expire_below = 0.2f};
  settings.clear();
  for (const auto& [name, value] : EffectiveSettings({}, program, {}, 1)) settings[name] = value;
  CHECK(settings.at("admit-probability") == "0.1");
  CHECK(settings.at("expire-below") == "0.2");
  CHECK(settings.count("admit-count") == 0);
  CHECK(settings.count("sketch-bytes") == 0);
}

TEST_CASE("Places and processes are settings, threads only where they are ours",
          "[effective_settings]") {
  TrainOptions options;
  JobSpec job;
  job.name = "mine";
  const auto embedded = Of(options, job);
  CHECK(embedded.at("cluster") == "embedded");
  CHECK(embedded.at("job") == "mine");
  CHECK(embedded.at("threads") == "1");
  CHECK(embedded.count("max-restarts") == 0);
  options.cluster = "local";
  CHECK(Of(options, job).at("max-restarts") == "100");
  options.cluster = "tcp://node1:7700";
  options.threads = options.executors = 0;
  options.cache.clear();
  CHECK(Of(options, job).count("threads") == 0);
  CHECK(Of(options, job).count("cache") == 0);
  CHECK(Of(options, job).count("executors") == 0);
}

TEST_CASE("The loss, the classes and the layers are settings", "[effective_settings]") {
  TrainProgram program;
  std::map<std::string, std::string> settings;
  program.model.loss = "softmax";
  program.model.hidden = "9,5";
  program.train.read.label.classes = 7;
  for (const auto& [name, value] : EffectiveSettings({}, program, {}, 1)) settings[name] = value;
  CHECK(settings.at("loss") == "softmax");
  CHECK(settings.at("hidden") == "9,5");
  CHECK(settings.at("classes") == "7");
  settings.clear();
  for (const auto& [name, value] : EffectiveSettings({}, {}, {}, 1)) settings[name] = value;
  CHECK(settings.at("loss") == "logistic");
  CHECK(settings.count("hidden") == 0);
  CHECK(settings.count("classes") == 0);
}

}  // namespace
}  // namespace cairn
