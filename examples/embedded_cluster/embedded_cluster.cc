// A whole cluster inside a program, twice. The first job is bulk synchronous: two clients count in
// lock step, and the model is saved. The second job starts from that model, with other servers and
// partitions, asynchronously: one round trip for push and pull, and callbacks in place of waiting.
// Ends with 0 if every number is what it has to be.
#include <cairn/client.h>
#include <cairn/cluster.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <future>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr uint32_t kClients = 2;
constexpr int kSteps = 10;
const std::vector<cairn::Key> kKeys = {7, 0, UINT64_MAX};  // Any keys, in any order.

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << "embedded_cluster: " << status.ToString() << "\n";
  std::exit(1);
}

void Expect(const std::string& what, float value, float expected) {
  std::cout << what << ": " << value << std::endl;
  if (value == expected) return;
  std::cerr << "embedded_cluster: expected " << expected << "\n";
  std::exit(1);
}

std::unique_ptr<cairn::LocalCluster> Start(const cairn::LocalCluster::Options& options) {
  auto cluster = cairn::LocalCluster::Start(options);
  Check(cluster.status());
  return *std::move(cluster);
}

std::unique_ptr<cairn::Client> Join(cairn::LocalCluster* cluster) {
  auto client = cluster->NewClient({});
  Check(client.status());
  return *std::move(client);
}

cairn::JobSpec CountingJob() {
  cairn::JobSpec job;
  job.tables.resize(1);
  job.tables[0].name = "counts";
  job.tables[0].parts[0].optimizer.name = "sum";
  return job;
}

// At its step t a client sees what all clients have pushed in the steps before, and nothing else.
void CountInLockStep(cairn::Client* client) {
  const cairn::Table counts = client->FindTable("counts").value();
  const std::vector<float> ones(kKeys.size(), 1);
  std::vector<float> seen(kKeys.size());
  for (int step = 1; step <= kSteps; ++step) {
    Check(client->Pull(counts, kKeys, seen).Wait());
    for (const float value : seen) {
      if (value != static_cast<float>(kClients * (step - 1))) std::exit(1);
    }
    Check(client->Push(counts, kKeys, ones).Wait());
  }
}

void RunSynchronousJob(const std::string& save_dir) {
  cairn::JobSpec job = CountingJob();
  job.mode.consistency = cairn::Consistency::kBsp;
  job.streams = kClients;
  const auto cluster = Start({.job = job, .servers = 2, .save_dir = save_dir});
  std::vector<std::jthread> threads;
  for (uint32_t i = 0; i < kClients; ++i) {
    threads.emplace_back([&cluster] { CountInLockStep(Join(cluster.get()).get()); });
  }
  threads.clear();  // Joins them.
  Check(cluster->Finish());
}

void RunAsynchronousJob(const std::string& init_dir) {
  cairn::JobSpec job = CountingJob();
  job.partitions = 4;
  job.init_dir = init_dir;
  const auto cluster = Start({.job = job, .servers = 3});
  const auto client = Join(cluster.get());
  const cairn::Table counts = client->FindTable("counts").value();
  constexpr float kSaved = kClients * kSteps;

  std::vector<float> seen(kKeys.size());
  std::promise<absl::Status> answered;
  cairn::Pending pull = client->Pull(counts, kKeys, seen);
  pull.Then([&answered](const absl::Status& status) { answered.set_value(status); });
  Check(answered.get_future().get());
  Expect("after the first job", seen[2], kSaved);

  const std::vector<float> gradients(kKeys.size(), 0.5f);
  Check(client->PushPull(counts, kKeys, gradients, kKeys, seen).Wait());
  Expect("after one more push", seen[0], kSaved + 0.5f);
}

}  // namespace

int main() {
  std::string folder = (std::filesystem::temp_directory_path() / "cairn-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return 1;
  RunSynchronousJob(folder + "/model");
  RunAsynchronousJob(folder + "/model");
  std::filesystem::remove_all(folder);
  return 0;
}
