#include "cli/show_training.h"

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/temp_directory.h"
#include "cli/options.h"
#include "cli/run_cairn.h"

namespace cairn {
namespace {

struct Shown {
  absl::Status status;
  std::string out, err;
};

// As `cairn train --train data` with these arguments, but what it runs is `train`.
Shown Show(std::vector<std::string> arguments, const Training& train) {
  arguments.insert(arguments.begin(), {"--train", "data"});
  const OptionValues values = ParseOptions(OptionsOf(Commands()[0]), arguments).value();
  const InterruptScope interrupt;
  std::ostringstream out, err;
  const absl::Status status = ShowTraining(values, {}, {&out, &err}, interrupt, train);
  return {status, out.str(), err.str()};
}

TEST_CASE("The result of a training is shown and reported", "[show_training]") {
  const TempDirectory directory;
  const std::string report = directory.PathOf("report.json");
  const Shown shown = Show({"--report", report}, [](const ProgressCallback& progress) {
    TrainProgress now;
    now.phase = "training";
    now.log_dir = "/logs/of/this";
    CHECK(progress(now));
    CHECK(progress(now));
    TrainReport result;
    result.model_digest = "abc";
    return result;
  });
  CHECK(shown.status == absl::OkStatus());
  CHECK_THAT(shown.out, Catch::StartsWith("cairn ") && Catch::Contains("model digest abc"));
  CHECK(shown.err == "note   logs of the processes: /logs/of/this\n");
  CHECK_THAT(ReadFile(report), Catch::Contains("\"model_digest\": \"abc\""));
}

TEST_CASE("A signal tells the training to end", "[show_training]") {
  const Shown shown = Show({}, [](const ProgressCallback& progress) -> absl::StatusOr<TrainReport> {
    CHECK(progress({}));
    ::raise(SIGINT);
    CHECK_FALSE(progress({}));
    return MakeError(absl::StatusCode::kCancelled, "interrupted");
  });
  CHECK(shown.status.code() == absl::StatusCode::kCancelled);
}

TEST_CASE("A training that fails leaves no report", "[show_training]") {
  const TempDirectory directory;
  const std::string report = directory.PathOf("report.json");
  const Shown shown = Show({"--report", report}, [](const ProgressCallback&) {
    return absl::StatusOr<TrainReport>(MakeError(absl::StatusCode::kOutOfRange, "diverged"));
  });
  CHECK(shown.status.code() == absl::StatusCode::kOutOfRange);
  CHECK(MessageOf(shown.status) == "diverged");
  CHECK_FALSE(std::filesystem::exists(report));
}

}  // namespace
}  // namespace cairn
