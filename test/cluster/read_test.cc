// Training on named columns, and scoring with what the model remembers of them.
#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "base/temp_directory.h"
#include "cairn/train.h"

namespace cairn {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

// Late if hour and city together say so: only their cross can tell.
struct Flight {
  uint64_t hour;
  uint64_t city;
  uint64_t day;
  bool late;
};

Flight FlightOf(uint64_t row) {
  const uint64_t random = Mix64(row);
  Flight flight{random % 24, (random >> 8) % 7, 1 + (random >> 16) % 28, false};
  flight.late = HashWords(flight.hour, flight.city) % 2 == 1;
  return flight;
}

std::string TimeOf(const Flight& flight) {
  const auto two = [](uint64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return "2001-02-" + two(flight.day) + "T" + two(flight.hour) + ":30";
}

class Flights {
 public:
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(directory.PathOf(name), std::ios::binary) << text;
    return directory.PathOf(name);
  }

  TrainOptions Options() const {
    TrainOptions options;
    std::string text = "time,delay,city\n";
    for (uint64_t row = 0; row < 3000; ++row) {
      const Flight flight = FlightOf(row);
      text += Concat(TimeOf(flight), flight.late ? ",40," : ",3,", "C", flight.city, "\n");
    }
    options.train = {Write("train.csv", text)};
    options.read.label = "delay>15";
    options.read.ignore = "time";
    options.read.derive = {"hour=hour(time)"};
    options.read.cross = {"hour*city"};
    options.l2 = 0;
    options.epochs = 4;
    options.partitions = 4;
    options.save_dir = directory.PathOf("model");
    return options;
  }

  ScoreOptions Score(const std::string& data) const {
    ScoreOptions options;
    options.model_dir = directory.PathOf("model");
    options.data = {data};
    return options;
  }

  TempDirectory directory;
};

std::vector<float> Predictions(const ScoreOptions& options) {
  std::vector<float> all;
  const absl::Status status = Predict(options, [&](std::span<const float> probability) {
                                all.push_back(probability[0]);
                                return absl::OkStatus();
                              }).status();
  INFO(MessageOf(status));
  CHECK(status.ok());
  return all;
}

std::string ErrorOf(const absl::Status& status, int exit_code) {
  CHECK(ExitCode(status) == exit_code);
  return std::string(MessageOf(status));
}

TEST_CASE("A cross of a derived column learns what its parts cannot", "[read]") {
  const Flights flights;
  const auto report = Train(flights.Options());
  INFO(MessageOf(report.status()));
  REQUIRE(report.ok());
  CHECK(report->features == 24 + 7 + 24 * 7);
  const auto setting = [&](const std::string& name) {
    for (const auto& [key, value] : report->settings) {
      if (key == name) return value;
    }
    return std::string("not there");
  };
  CHECK(setting("format") == "csv");
  CHECK(setting("label") == "delay>15");
  CHECK(setting("cross") == "hour*city");
  const EvalReport eval = Evaluate(flights.Score(flights.directory.PathOf("train.csv"))).value();
  CHECK(eval.rows == 3000);
  CHECK(eval.auc > 0.999);
}

TEST_CASE("A model scores files with other columns, as long as its own are there", "[read]") {
  const Flights flights;
  REQUIRE(Train(flights.Options()).ok());
  std::string same = "time,delay,city\n", turned = "more,city,time\n";
  for (uint64_t row = 5000; row < 5020; ++row) {
    const Flight flight = FlightOf(row);
    same += Concat(TimeOf(flight), ",NA,C", flight.city, "\n");
    turned += Concat("x,C", flight.city, ",", TimeOf(flight), "\n");
  }
  const auto expected = Predictions(flights.Score(flights.Write("same.csv", same)));
  REQUIRE(expected.size() == 20);
  for (uint64_t row = 0; row < 20; ++row) {
    CHECK((expected[row] > 0.5f) == FlightOf(5000 + row).late);
  }
  const std::string path = flights.Write("turned.csv", turned);
  CHECK(Predictions(flights.Score(path)) == expected);

  CHECK(ErrorOf(Evaluate(flights.Score(path)).status(), 3) ==
        path +
            ": the data has no column \"delay\", which is the label; the columns are: more, "
            "city, time");
  const std::string lacking = flights.Write("lacking.csv", "time,town\n2001-02-01,C1\n");
  const auto predict_error = [&](const std::string& path) {
    return ErrorOf(
        Predict(flights.Score(path), [](std::span<const float>) { return absl::OkStatus(); })
            .status(),
        3);
  };
  CHECK(predict_error(lacking) ==
        lacking +
            ": the data has no column \"city\", which is needed for the features; the "
            "columns are: time, town");
  const std::string tabs = flights.Write("tabs.csv", "time\tcity\n2001-02-01\tC1\n");
  CHECK(predict_error(tabs).ends_with("; between the cells are to be \",\""));
  const std::string bare = flights.Write("bare.csv", "2001-02-01,C1\n2001-02-01,C2\n");
  CHECK(predict_error(bare) ==
        bare +
            ":1: this is no header that names the columns of the training data; the columns are: "
            "time, delay, city");
  ScoreOptions other = flights.Score(path);
  other.format = "libsvm";
  CHECK(ErrorOf(Evaluate(other).status(), 2) ==
        "--format libsvm: the model was trained on csv, whose features are others");
}

TEST_CASE("Validation data may have its columns in another order", "[read]") {
  const Flights flights;
  TrainOptions options = flights.Options();
  std::string valid = "city,time,delay\n";
  for (uint64_t row = 5000; row < 5200; ++row) {
    const Flight flight = FlightOf(row);
    valid += Concat("C", flight.city, ",", TimeOf(flight), flight.late ? ",16\n" : ",15\n");
  }
  options.valid = {flights.Write("valid.csv", valid)};
  const auto report = Train(options);
  INFO(MessageOf(report.status()));
  REQUIRE(report.ok());
  CHECK(report->epochs.back().valid_auc > 0.999);
}

TEST_CASE("Options that do not fit the columns are usage errors, bad cells are data", "[read]") {
  const Flights flights;
  TrainOptions options = flights.Options();
  const std::string path = options.train[0];
  options.read.ignore = "tmie";
  CHECK(ErrorOf(Train(options).status(), 2) ==
        path +
            ": --ignore: there is no column \"tmie\"; did you mean \"time\"? The columns are: "
            "time, delay, city, hour");
  options = flights.Options();
  options.read.derive = {"hour=hour(city)"};
  const std::string bad_cell = ErrorOf(Train(options).status(), 3);
  CHECK_THAT(bad_cell, StartsWith(path + ":"));  // Any line: readers begin in the middle.
  CHECK_THAT(bad_cell, Contains(": hour(city): not a time as 2001-01-31T23:59, nor seconds since "
                                "1970: \"C"));
}

TEST_CASE("Weights change the loss and the evaluation as repeated rows do", "[read]") {
  const Flights flights;
  TrainOptions options = flights.Options();
  std::string weighted = "y,w,a,b\n", repeated = "y,a,b\n";
  for (uint64_t row = 0; row < 400; ++row) {
    const uint64_t random = Mix64(row), weight = random % 3;
    const std::string cells = Concat("A", random / 8 % 5, ",B", random / 64 % 3, "\n");
    const std::string label = (random >> 20) % 4 == 0 ? "1," : "0,";
    weighted += Concat(label, weight, ",", cells);
    for (uint64_t i = 0; i < weight; ++i) repeated += label + cells;
  }
  options.train = {flights.Write("weighted.csv", weighted)};
  options.read = {};
  options.read.weight = "w";
  options.valid = options.train;
  options.epochs = 1;
  options.batch_rows = 100'000;  // One step, from the same start.
  options.constant_rate = true;
  const TrainReport with_weights = Train(options).value();
  options.train = {flights.Write("repeated.csv", repeated)};
  options.valid = options.train;
  options.read = {};
  options.save_dir.clear();
  const TrainReport with_copies = Train(options).value();
  CHECK(with_weights.epochs[0].rows == 400);
  CHECK(with_weights.epochs[0].train_logloss == Approx(with_copies.epochs[0].train_logloss));
  CHECK(with_weights.epochs[0].valid_logloss == Approx(with_copies.epochs[0].valid_logloss));
  CHECK(with_weights.epochs[0].valid_auc == Approx(with_copies.epochs[0].valid_auc));
  const EvalReport eval = Evaluate(flights.Score(flights.directory.PathOf("weighted.csv"))).value();
  CHECK(eval.rows == 400);
  CHECK(eval.logloss == Approx(with_weights.epochs[0].valid_logloss));
  CHECK(eval.auc == Approx(with_weights.epochs[0].valid_auc));
}

}  // namespace
}  // namespace cairn
