// Trainings whose steps are computed on a device, from files to a report. The CPU can be one, too:
// so that all of this runs where there is no GPU.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/temp_directory.h"
#include "cairn/train.h"
#include "cluster/linear_data.h"
#include "kernels/backend.h"

namespace cairn {
namespace {

struct Data {
  TempDirectory directory;
  std::string train = WriteLinearData(directory, "train", 3'000, 1);
  std::string valid = WriteLinearData(directory, "valid", 500, 2);

  TrainOptions Options(const std::string& model) const {
    TrainOptions options;
    options.model = model;
    options.train = {train};
    options.valid = {valid};
    options.partitions = 8;
    options.batch_rows = 200;
    options.epochs = 4;
    if (model == "mlp") options.learning_rate = 0.01;
    return options;
  }
};

std::string SettingOf(const TrainReport& report, const std::string& name) {
  for (const auto& [each, value] : report.settings) {
    if (each == name) return value;
  }
  return "";
}

size_t NotesWith(const TrainReport& report, const std::string& text) {
  return static_cast<size_t>(
      std::count_if(report.notes.begin(), report.notes.end(),
                    [&](const std::string& note) { return note.find(text) != note.npos; }));
}

TEST_CASE("Steps that are cut to fit learn as well as whole ones", "[device]") {
  const Data data;
  const std::string model = GENERATE("lr", "fm", "mlp");
  TrainOptions options = data.Options(model);
  options.workers = 2;
  CAPTURE(model);
  const TrainReport whole = Train(options).value();
  options.device = "cpu";
  options.device_bytes_max = 2'048;
  if (model == "lr") options.device_bytes_max = 512;
  std::vector<std::string> shown;
  const TrainReport cut = Train(options, [&](const TrainProgress& progress) {
                            CHECK(progress.notes.size() >= shown.size());  // It only grows.
                            shown = progress.notes;
                            return true;
                          }).value();
  CHECK(cut.rows == whole.rows);
  CHECK(cut.epochs.back().valid_auc > 0.98);
  CHECK(cut.epochs.back().valid_auc == Approx(whole.epochs.back().valid_auc).margin(0.01));
  CHECK(SettingOf(cut, "device") == "cpu");
  CHECK(SettingOf(cut, "device-memory") == std::to_string(options.device_bytes_max));
  CHECK(NotesWith(cut, "device cpu, at most ") == 1);
  CHECK(NotesWith(cut, "device cpu: steps are cut in ") == 1);  // Of two workers.
  CHECK(NotesWith(whole, "device") == 0);
  REQUIRE(shown.size() <= cut.notes.size());
  CHECK(std::equal(shown.begin(), shown.end(), cut.notes.begin()));
}

TEST_CASE("With bsp a step that fits gives the same bits as without a device", "[device]") {
  const Data data;
  const std::string model = GENERATE("lr", "fm", "mlp");
  TrainOptions options = data.Options(model);
  options.mode.consistency = Consistency::kBsp;
  options.workers = 2;
  CAPTURE(model);
  const std::string digest = Train(options).value().model_digest;
  options.device_bytes_max = 1 << 20;
  CHECK(Train(options).value().model_digest == digest);
  options.device_bytes_max = 512;
  const absl::Status status = Train(options).status();
  CHECK(ExitCode(status) == 2);
  CHECK_THAT(std::string(MessageOf(status)),
             Catch::Contains("with bsp steps are computed whole, since slices change last bits"));
}

TEST_CASE("Memory that no row fits into ends the training as a mistake of its options",
          "[device]") {
  const Data data;
  TrainOptions options = data.Options("fm");
  options.device_bytes_max = 100;
  const absl::Status status = Train(options).status();
  CHECK(ExitCode(status) == 2);
  CHECK_THAT(std::string(MessageOf(status)),
             Catch::Contains("a step of 1 row takes 512 B, and may take 100 B") &&
                 Catch::Contains("allow more --device-memory"));
}

TEST_CASE("A GPU that is not there is missed before the data", "[device]") {
  TrainOptions options;
  options.train = {"/nowhere/at/all"};
  options.device = "cuda:255";
  const absl::Status status = Train(options).status();
  CHECK(ExitCode(status) == 2);
  CHECK_THAT(std::string(MessageOf(status)), Catch::StartsWith("--device cuda:255: "));
  CHECK(PreviewTraining(options).status() == status);
}

TEST_CASE("Training on a GPU is as good as on the CPU", "[device]") {
  if (!ResolveDevice("cuda").ok()) {
    WARN("skipped, nothing was run on a GPU: " << ResolveDevice("cuda").status());
    return;
  }
  const Data data;
  const std::string model = GENERATE("lr", "fm", "mlp");
  const Consistency consistency = GENERATE(Consistency::kAsp, Consistency::kBsp);
  TrainOptions options = data.Options(model);
  options.mode.consistency = consistency;
  options.device = "cpu";
  CAPTURE(model, consistency);
  const TrainReport cpu = Train(options).value();
  options.device = "cuda";
  options.workers = 2;
  const TrainReport gpu = Train(options).value();
  CHECK(gpu.epochs.back().valid_auc == Approx(cpu.epochs.back().valid_auc).margin(0.01));
  CHECK(SettingOf(gpu, "device") == "cuda");
  CHECK(NotesWith(gpu, "device cuda:0") == 1);
  if (consistency != Consistency::kBsp) return;
  options.workers = 1;
  CHECK(Train(options).value().model_digest == gpu.model_digest);
}

}  // namespace
}  // namespace cairn
