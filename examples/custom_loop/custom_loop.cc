// A training loop of your own: logistic regression on generated data. Two workers, each a thread
// with a client, share two tables: a sparse one with a weight for each feature, and a dense one
// that holds the intercept. Ends with 0 if it has learnt what there is to learn.
//
// Against a real cluster only main() changes: Client::Join with the coordinator's address takes the
// place of LocalCluster::Start and NewClient.
#include <cairn/client.h>
#include <cairn/cluster.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <numeric>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace {

constexpr size_t kFeaturesPerRow = 8, kBatchRows = 500, kBatches = 40, kTestRows = 5'000;
constexpr int kEpochs = 4;
constexpr uint32_t kWorkers = 2;

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << "custom_loop: " << status.ToString() << "\n";
  std::exit(1);
}

float Sigmoid(float z) { return 1 / (1 + std::exp(-z)); }

struct Rows {
  std::vector<cairn::Key> keys;  // [rows x kFeaturesPerRow]; a feature that is there counts 1.
  std::vector<float> labels;
};

// The truth is a logistic model as well: feature k has the weight sin(k).
Rows Generate(uint64_t seed, size_t rows) {
  std::mt19937_64 random(seed);
  Rows made;
  for (size_t row = 0; row < rows; ++row) {
    float z = -0.5f;
    for (size_t f = 0; f < kFeaturesPerRow; ++f) {
      made.keys.push_back(random() % 2'000);
      z += std::sin(static_cast<float>(made.keys.back()));
    }
    made.labels.push_back(std::generate_canonical<float, 24>(random) < Sigmoid(z) ? 1 : 0);
  }
  return made;
}

// A model's weights for some rows, as they were pulled or read.
struct Model {
  std::vector<float> weights = {};  // As Rows::keys.
  std::vector<float> intercept = {0};

  float Logit(size_t row) const {
    const auto first = weights.begin() + static_cast<ptrdiff_t>(row * kFeaturesPerRow);
    return std::accumulate(first, first + kFeaturesPerRow, intercept[0]);
  }
};

class Worker {
 public:
  explicit Worker(std::unique_ptr<cairn::Client> client) : client_(std::move(client)) {}

  // One step. Keys repeat within a batch: the client asks for each only once, and adds up the
  // gradients of the same key.
  void Train(const Rows& batch) {
    Model model{std::vector<float>(batch.keys.size())};
    cairn::Step step = client_->NextStep();
    cairn::Pending weights = step.Pull(weights_, batch.keys, model.weights);
    cairn::Pending intercept = step.Pull(intercept_, kOnlyBlock, model.intercept);
    Check(weights.Wait());  // Both are under way at once.
    Check(intercept.Wait());
    std::vector<float> errors, gradients;
    for (size_t row = 0; row < batch.labels.size(); ++row) {
      errors.push_back(Sigmoid(model.Logit(row)) - batch.labels[row]);
      gradients.insert(gradients.end(), kFeaturesPerRow, errors.back());
    }
    step.Push(weights_, batch.keys, gradients);
    step.Push(intercept_, std::vector<cairn::Key>(errors.size(), 0), errors);
    Check(step.Commit({.rows = static_cast<uint32_t>(errors.size())}).Wait());
  }

  double LogLoss(const Rows& rows) {
    Model model{std::vector<float>(rows.keys.size())};
    Check(client_->Read(weights_, rows.keys, model.weights).Wait());
    Check(client_->Read(intercept_, kOnlyBlock, model.intercept).Wait());
    double sum = 0;
    for (size_t row = 0; row < rows.labels.size(); ++row) {
      sum += std::log1p(std::exp(rows.labels[row] == 1 ? -model.Logit(row) : model.Logit(row)));
    }
    return sum / static_cast<double>(rows.labels.size());
  }

 private:
  static constexpr cairn::Key kOnlyBlock[] = {0};

  const std::unique_ptr<cairn::Client> client_;
  const cairn::Table weights_ = client_->FindTable("weights").value();
  const cairn::Table intercept_ = client_->FindTable("intercept").value();
};

cairn::JobSpec MakeJob() {
  cairn::JobSpec job;
  job.tables.resize(2);
  job.tables[0].name = "weights";
  job.tables[0].parts[0].optimizer = {.name = "adagrad", .learning_rate = 0.2f};
  job.tables[1] = job.tables[0];
  job.tables[1].name = "intercept";
  job.tables[1].kind = cairn::TableSpec::Kind::kDense;
  job.tables[1].dense_size = 1;
  return job;
}

}  // namespace

int main() {
  const Rows test = Generate(1'000'000, kTestRows);
  const auto cluster = cairn::LocalCluster::Start({.job = MakeJob(), .servers = 2});
  Check(cluster.status());
  std::vector<std::unique_ptr<Worker>> workers;
  for (uint32_t w = 0; w < kWorkers; ++w) {
    auto client = (*cluster)->NewClient({});
    Check(client.status());
    workers.push_back(std::make_unique<Worker>(*std::move(client)));
  }
  std::cout << "before training: test loss " << workers[0]->LogLoss(test) << "\n";
  double loss = 0;
  for (int epoch = 1; epoch <= kEpochs; ++epoch) {
    std::vector<std::jthread> threads;
    for (uint32_t w = 0; w < kWorkers; ++w) {
      threads.emplace_back([w, worker = workers[w].get()] {
        for (size_t batch = w; batch < kBatches; batch += kWorkers) {
          worker->Train(Generate(batch, kBatchRows));
        }
      });
    }
    threads.clear();  // Joins them.
    loss = workers[0]->LogLoss(test);
    std::cout << "epoch " << epoch << ": test loss " << loss << std::endl;
  }
  workers.clear();
  Check((*cluster)->Finish());
  return loss < 0.52 ? 0 : 1;  // The truth itself scores about 0.453; an untrained model 0.693.
}
