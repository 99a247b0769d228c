// Trains Poisson regression, a model that is not Cairn's but this program's, and uses it.
//
// Usage: custom_model train DATA MODEL [PROGRAMS]   learns from DATA, and saves to the new
// directory
//                                                   MODEL; with PROGRAMS, a directory with Cairn's
//                                                   programs, in processes, else within this one
//        custom_model eval DATA MODEL               says how well the model fits
//        custom_model predict DATA MODEL            prints the count that it expects of each row
#include <cairn/train.h>

#include <filesystem>
#include <iostream>
#include <span>
#include <string>

#include "poisson.h"

namespace {

int End(const absl::Status& status) {
  if (!status.ok()) std::cerr << "custom_model: " << status.message() << "\n";
  return cairn::ExitCode(status);
}

// Learns from all rows at once, and often enough to come to the optimum: this is for small data.
absl::Status Train(const std::string& data, const std::string& model, const std::string& programs) {
  cairn::TrainOptions options;
  options.model = "poisson";
  options.models = Models();
  options.train = {data};
  options.save_dir = model;
  options.mode.consistency = cairn::Consistency::kBsp;
  options.batch_rows = 1'000'000;
  options.epochs = 300;
  options.constant_rate = true;
  options.workers = 2;
  if (!programs.empty()) {
    options.cluster = "local";
    options.program_dir = programs;
    const auto self = std::filesystem::canonical("/proc/self/exe");
    options.worker_program = self.parent_path() / "poisson_worker";
  }
  const auto report = cairn::Train(options);
  if (report.ok()) std::cout << "loss " << report->epochs.back().train_logloss << "\n";
  return report.status();
}

cairn::ScoreOptions ToScore(const std::string& data, const std::string& model) {
  cairn::ScoreOptions options;
  options.models = Models();
  options.model_dir = model;
  options.data = {data};
  return options;
}

absl::Status Evaluate(const std::string& data, const std::string& model) {
  const auto report = cairn::Evaluate(ToScore(data, model));
  if (report.ok()) std::cout << "loss " << report->logloss << "\n";
  return report.status();
}

absl::Status Predict(const std::string& data, const std::string& model) {
  return cairn::Predict(ToScore(data, model),
                        [](std::span<const float> prediction) {
                          std::cout << prediction[0] << "\n";
                          return absl::OkStatus();
                        })
      .status();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string command = argc < 2 ? "" : argv[1];
  std::cout.precision(8);
  if (command == "train" && (argc == 4 || argc == 5)) {
    return End(Train(argv[2], argv[3], argc == 5 ? argv[4] : ""));
  }
  if (command == "eval" && argc == 4) return End(Evaluate(argv[2], argv[3]));
  if (command == "predict" && argc == 4) return End(Predict(argv[2], argv[3]));
  std::cerr << "usage: custom_model train DATA MODEL [PROGRAMS]\n"
               "       custom_model eval DATA MODEL\n"
               "       custom_model predict DATA MODEL\n";
  return 2;
}
