#include "cairn/tune.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <fstream>
#include <string>

#include "base/hash.h"
#include "base/numbers.h"
#include "base/status.h"
#include "base/temp_directory.h"
#include "cluster/linear_data.h"

namespace cairn {
namespace {

// Labels that no feature knows anything of, and features that come a few times each: whatever is
// learnt is noise, so the best prior is far stronger than any default.
std::string WriteNoise(const TempDirectory& directory, uint64_t rows) {
  std::ofstream file(directory.PathOf("noise"));
  for (uint64_t row = 0; row < rows; ++row) {
    file << HashWords(row, 1) % 2;
    for (uint64_t field = 0; field < 4; ++field) {
      file << ' ' << field << ':' << field * 10'000 + HashWords(row, field, 2) % 1'000 << ":1";
    }
    file << '\n';
  }
  return directory.PathOf("noise");
}

TuneOptions Options(const std::string& train) {
  TuneOptions options;
  options.train.train = {train};
  options.train.partitions = 8;
  options.train.epochs = 4;
  options.train.mode = {Consistency::kBsp, 0};  // What is found must not depend on the timing.
  return options;
}

std::string ValueOf(const TuneSettings& settings, const std::string& name) {
  const auto found = std::find_if(settings.begin(), settings.end(),
                                  [&](const auto& setting) { return setting.first == name; });
  return found == settings.end() ? "" : found->second;
}

TEST_CASE("Tune finds a prior that is far from the default", "[tune]") {
  const TempDirectory directory;
  const TuneOptions options = Options(WriteNoise(directory, 4'000));
  size_t shown = 0;
  const auto report = Tune(options, [&](const TuneProgress& progress) {
    shown = std::max(shown, progress.done.size());
    return true;
  });
  REQUIRE(report.status() == absl::OkStatus());
  CHECK(shown + 1 >= report->trials.size());
  CHECK_FALSE(report->defaults_are_as_good);
  const TuneTrial& best = report->trials[report->best];
  const TuneTrial& defaults = report->trials[report->defaults];
  CHECK(defaults.is_default);
  CHECK(best.last.valid_logloss < 0.95 * defaults.last.valid_logloss);
  const double l2 = ParseDouble(ValueOf(report->advice, "l2")).value();
  CHECK(l2 >= 15 * ParseDouble(ValueOf(defaults.settings, "l2")).value());
  // What is advised gives what was promised, also without the search.
  TrainOptions advised = options.train;
  advised.valid_share = 0.1;
  advised.l2 = l2;
  const std::string lr = ValueOf(report->advice, "lr");
  if (!lr.empty()) advised.learning_rate = ParseDouble(lr).value();
  const auto trained = Train(advised);
  REQUIRE(trained.ok());
  CHECK(trained->epochs.back().valid_logloss == Approx(best.last.valid_logloss).epsilon(0.01));
}

TEST_CASE("Tune says so where the defaults are as good", "[tune]") {
  const TempDirectory directory;
  TuneOptions options = Options(WriteLinearData(directory, "train", 4'000, 1));
  options.train.learning_rate = 0.3;
  options.train.l2 = 0;
  options.train.model = "fm";
  // Vectors stay at nothing, so their dimensions do not matter.
  options.train.vector_learning_rate = options.train.init_scale = 1e-6;
  options.train.vector_l2 = 0;
  options.train.mode.consistency = Consistency::kBsp;
  const auto report = Tune(options);
  REQUIRE(report.status() == absl::OkStatus());
  CHECK(report->trials.size() == 3);
  CHECK(report->trials[0].settings.size() == 1);  // The dimensions: nothing else is left.
  CHECK(report->defaults_are_as_good);
  CHECK(report->advice.empty());
}

TEST_CASE("Tune of a network changes its units", "[tune]") {
  const TempDirectory directory;
  TuneOptions options = Options(WriteLinearData(directory, "train", 1'000, 1));
  options.train.model = "mlp";
  options.train.learning_rate = 0.001;
  options.train.l2 = 0;
  options.train.epochs = 1;
  const auto report = Tune(options);
  REQUIRE(report.status() == absl::OkStatus());
  REQUIRE(report->trials.size() == 3);
  CHECK(report->trials[0].settings == TuneSettings{{"hidden", "64,32"}});
  CHECK(report->trials[1].settings == TuneSettings{{"hidden", "32,16"}});
  CHECK(report->trials[2].settings == TuneSettings{{"hidden", "128,64"}});
}

TEST_CASE("Tune ends when its time is up, and when it is told to", "[tune]") {
  const TempDirectory directory;
  TuneOptions options = Options(WriteLinearData(directory, "train", 1'000, 1));
  options.seconds_max = 1e-6;
  const absl::Status none = Tune(options).status();
  CHECK(none.code() == absl::StatusCode::kDeadlineExceeded);
  CHECK_THAT(std::string(MessageOf(none)), Catch::Contains("not enough for a single trial"));
  options.seconds_max = 0;
  const auto stopped =
      Tune(options, [](const TuneProgress& progress) { return progress.done.empty(); });
  CHECK(ExitCode(stopped.status()) == 130);
}

TEST_CASE("Tune: what contradicts it is refused by name", "[tune]") {
  const TempDirectory directory;
  const TuneOptions good = Options(WriteLinearData(directory, "train", 1'000, 1));
  const auto error = [&](auto change) {
    TuneOptions options = good;
    change(&options);
    const absl::Status status = Tune(options).status();
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    return std::string(MessageOf(status));
  };
  CHECK_THAT(error([](TuneOptions* o) { o->train.model = "count"; }), Catch::Contains("count"));
  CHECK_THAT(error([](TuneOptions* o) { o->train.save_dir = "m"; }), Catch::Contains("saved"));
  CHECK_THAT(error([](TuneOptions* o) { o->train.cluster = "local"; }), Catch::Contains("local"));
  CHECK_THAT(error([](TuneOptions* o) { o->train.patience = 1; }),
             Catch::Contains("no other rule"));
  CHECK_THAT(error([](TuneOptions* o) { o->train.learning_rate = o->train.l2 = 1; }),
             Catch::StartsWith("nothing is left to be tuned"));
  CHECK_THAT(error([](TuneOptions* o) { o->seconds_max = -1; }), Catch::Contains("--max-seconds"));
}

}  // namespace
}  // namespace cairn
