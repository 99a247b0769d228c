// A program that joins a running cluster and learns on it, together with others like itself: linear
// regression by stochastic gradient descent, one row of weights a feature. run.sh starts the
// cluster. Usage: join_cluster COORDINATOR NUMBER. NUMBER chooses the rows that this one learns
// from. Ends with 0 if the weights that all have learnt together are right.
#include <cairn/client.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

constexpr uint64_t kFeatures = 100;
constexpr size_t kFeaturesPerRow = 4;
constexpr int kSteps = 2'000;
constexpr float kErrorMax = 0.01f;

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << "join_cluster: " << status.ToString() << "\n";
  std::exit(1);
}

// What is to be learnt.
float Truth(cairn::Key feature) { return static_cast<float>(feature % 7) - 3; }

// One row of data at a time: its label is the sum of its features' true weights.
void Learn(cairn::Client* client, const cairn::Table& weights, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<cairn::Key> features(kFeaturesPerRow);
  std::vector<float> values(kFeaturesPerRow), gradients(kFeaturesPerRow);
  for (int step = 0; step < kSteps; ++step) {
    float label = 0;
    for (cairn::Key& feature : features) {
      feature = random() % kFeatures;
      label += Truth(feature);
    }
    Check(client->Pull(weights, features, values).Wait());
    float error = -label;
    for (const float value : values) error += value;
    // Half the squared error, shared out among the features.
    gradients.assign(kFeaturesPerRow, error / kFeaturesPerRow);
    Check(client->Push(weights, features, gradients).Wait());
  }
}

float LargestError(cairn::Client* client, const cairn::Table& weights) {
  std::vector<cairn::Key> features(kFeatures);
  std::vector<float> values(kFeatures);
  for (uint64_t i = 0; i < kFeatures; ++i) features[i] = i;
  Check(client->Read(weights, features, values).Wait());
  float largest = 0;
  for (uint64_t i = 0; i < kFeatures; ++i) {
    largest = std::max(largest, std::abs(values[i] - Truth(i)));
  }
  return largest;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: join_cluster COORDINATOR NUMBER\n";
    return 2;
  }
  auto client = cairn::Client::Join({.coordinator = argv[1]});
  Check(client.status());
  const auto weights = (*client)->FindTable("weights");
  Check(weights.status());
  Learn(client->get(), *weights, static_cast<uint32_t>(std::atoi(argv[2])));
  const float error = LargestError(client->get(), *weights);
  std::cout << "join_cluster " << argv[2] << ": largest error of a weight " << error << "\n";
  return error <= kErrorMax ? 0 : 1;  // Leaving ends the job once the other one has left, too.
}
