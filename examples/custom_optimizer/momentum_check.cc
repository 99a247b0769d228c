// Runs a job on a momentum_server: coordinator and client are in this process, the server is a
// process of its own. Usage: momentum_check PATH_OF_MOMENTUM_SERVER. Ends with 0 if the weights are
// those that momentum gives.
#include <cairn/client.h>
#include <cairn/coordinator.h>
#include <spawn.h>
#include <sys/wait.h>

#include <iostream>
#include <string>

extern char** environ;

namespace {

// One weight, and the same gradient twice: learning_rate * (1 + (1 + beta1)) = 0.25 * 2.5.
constexpr float kLearningRate = 0.25f, kBeta = 0.5f, kExpected = -0.625f;

cairn::JobSpec MakeJob() {
  cairn::JobSpec job;
  job.tables.resize(1);
  job.tables[0].name = "weights";
  job.tables[0].parts[0].optimizer = {
      .name = "momentum", .learning_rate = kLearningRate, .beta1 = kBeta};
  return job;
}

pid_t StartServer(std::string program, std::string coordinator) {
  std::string option = "--coordinator";
  char* arguments[] = {program.data(), option.data(), coordinator.data(), nullptr};
  pid_t server = 0;
  const int error = posix_spawn(&server, program.c_str(), nullptr, nullptr, arguments, environ);
  return error == 0 ? server : -1;
}

// Two pushes; then the weight as the server holds it.
absl::StatusOr<float> TrainTwoSteps(const std::string& coordinator) {
  const auto client = cairn::Client::Join({.coordinator = coordinator});
  if (!client.ok()) return client.status();
  const auto weights = (*client)->FindTable("weights");
  if (!weights.ok()) return weights.status();
  const cairn::Key keys[] = {42};
  const float gradient[] = {1};
  for (int step = 0; step < 2; ++step) {
    const absl::Status pushed = (*client)->Push(*weights, keys, gradient).Wait();
    if (!pushed.ok()) return pushed;
  }
  float weight[1];
  const absl::Status read = (*client)->Read(*weights, keys, weight).Wait();
  if (!read.ok()) return read;
  return weight[0];  // Leaving ends the job: no other client has come.
}

int Run(const std::string& program) {
  const auto coordinator = cairn::Coordinator::Start({.job = MakeJob()});
  if (!coordinator.ok()) {
    std::cerr << coordinator.status().ToString() << "\n";
    return 1;
  }
  const pid_t server = StartServer(program, (*coordinator)->address());
  if (server < 0) {
    std::cerr << program << " cannot be started\n";
    return 1;
  }
  const absl::StatusOr<float> weight = TrainTwoSteps((*coordinator)->address());
  const absl::Status end = (*coordinator)->Finish();
  int exit_status = 0;
  waitpid(server, &exit_status, 0);
  if (!weight.ok() || !end.ok() || exit_status != 0) {
    std::cerr << weight.status().ToString() << "\n"
              << end.ToString() << "\nthe server's exit status: " << exit_status << "\n";
    return 1;
  }
  std::cout << "weight after two steps: " << *weight << ", expected " << kExpected << "\n";
  return *weight == kExpected ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: momentum_check PATH_OF_MOMENTUM_SERVER\n";
    return 2;
  }
  return Run(argv[1]);
}
