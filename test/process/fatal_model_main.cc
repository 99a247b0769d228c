// A model that counts the features of each row, and kills its process when it sees a row labelled
// 13: a bug that one row in many finds.
//
// Usage: cairn_fatal_model train DATA VALIDATION MODEL PROGRAM_DIR CONSISTENCY BATCH_ROWS EPOCHS
// VALIDATION may be empty.
// Prints how the training ended; with any other arguments it is a worker that has the model.
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/model.h"
#include "cairn/train.h"

namespace cairn {
namespace {

constexpr float kFatalLabel = 13;

class FatalModel final : public CustomModel {
 public:
  Labels labels() const override { return Labels::kNumbers; }
  std::vector<TableSpec> Tables() const override {
    std::vector<TableSpec> tables(1);
    tables[0].name = "counts";
    tables[0].parts[0].optimizer.name = "sum";
    return tables;
  }
  double Learn(const ModelBatch& batch, std::span<const ModelTable> tables) const override {
    MaybeDie(batch);
    for (size_t feature = 0; feature < batch.keys.size(); ++feature) {
      tables[0].gradient(feature)[0] += 1;
    }
    return 0;
  }
  void Score(const ModelBatch& batch, std::span<const ModelTable>,
             std::span<float> scores) const override {
    MaybeDie(batch);
    std::ranges::fill(scores, 0.0f);
  }
  double Loss(float, float) const override { return 0; }

 private:
  static void MaybeDie(const ModelBatch& batch) {
    if (std::ranges::find(batch.labels, kFatalLabel) != batch.labels.end()) std::raise(SIGKILL);
  }
};

CustomModels Models() {
  return {{"fatal", [](const ModelSpec&) -> absl::StatusOr<std::unique_ptr<CustomModel>> {
             return std::make_unique<FatalModel>();
           }}};
}

int TrainAs(std::span<char* const> arguments) {
  TrainOptions options;
  options.model = "fatal";
  options.models = Models();
  options.train = {arguments[0]};
  if (*arguments[1] != '\0') options.valid = {arguments[1]};
  options.save_dir = arguments[2];
  options.cluster = "local";
  options.program_dir = arguments[3];
  options.worker_program = std::filesystem::canonical("/proc/self/exe");
  options.workers = 2;
  options.mode.consistency =
      std::string_view(arguments[4]) == "bsp" ? Consistency::kBsp : Consistency::kAsp;
  options.batch_rows = std::stoull(arguments[5]);
  options.epochs = std::stoull(arguments[6]);
  options.restarts_max = 1000;
  const auto report = cairn::Train(options);
  std::cout << (report.ok() ? report->stop_reason : std::string(report.status().message())) << "\n";
  return ExitCode(report.status());
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  if (argc == 9 && std::string_view(argv[1]) == "train") return cairn::TrainAs({argv + 2, 7});
  return cairn::WorkerMain(argc, argv, cairn::Models());
}
