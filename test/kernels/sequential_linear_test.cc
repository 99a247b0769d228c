#include "kernels/sequential_linear.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "kernels/losses.h"
#include "kernels/optimizers.h"

namespace cairn {
namespace {

constexpr uint32_t kFeatures = 20;
constexpr float kBias = -0.75f;

// Rows of 0 to 5 features out of kFeatures; in some, one occurs more than once.
struct Data {
  Data(uint64_t seed, size_t rows, bool with_values, bool with_weights) {
    for (size_t row = 0; row < rows; ++row) {
      const uint64_t hash = HashWords(seed, row);
      for (uint32_t k = 0; k < hash % 6; ++k) {
        const auto random_index = static_cast<uint32_t>(hash >> 8) % 4;
        indices.push_back(row % 5 == 0 ? random_index + k / 2 : random_index + 4 * k);
        const auto random = static_cast<float>(UnitInterval(HashWords(seed, row, k)));
        if (with_values) values.push_back(2 * random - 0.5f);
      }
      offsets.push_back(static_cast<uint32_t>(indices.size()));
      labels.push_back(static_cast<float>(hash >> 32 & 1));
      if (with_weights) weights.push_back(row % 3 == 0 ? 1 : 0.25f * static_cast<float>(row % 7));
    }
  }
  float value(size_t k) const { return values.empty() ? 1 : values[k]; }
  float weight(size_t row) const { return weights.empty() ? 1 : weights[row]; }

  std::vector<uint32_t> offsets = {0}, indices;
  std::vector<float> values, labels, weights;
};

// The model as a server and a worker of one row at a time would have it.
class Reference {
 public:
  explicit Reference(const OptimizerSpec& spec)
      : spec_(spec), optimizer_(MakeRowOptimizer(spec, {}).value()) {
    OptimizerSpec of_bias = spec;
    of_bias.l1 = 0;
    bias_optimizer_ = MakeRowOptimizer(of_bias, {}).value();
    for (Weight& each : features) Init(&each);
    Init(&bias);
    bias.w = kBias;
  }

  struct Weight {
    float w = 0;
    std::vector<float> state;
    float seen = 0;
    bool is_late = false;
  };

  double Learn(const Data& data, float factor, uint64_t epoch) {
    double loss = 0;
    for (size_t row = 0; row < data.labels.size(); ++row) {
      float margin = bias.w;
      for (size_t k = data.offsets[row]; k < data.offsets[row + 1]; ++k) {
        margin += features[data.indices[k]].w * data.value(k);
      }
      loss += data.weight(row) * LogisticLoss(margin, data.labels[row]);
      const float slope = data.weight(row) * LogisticGradient(margin, data.labels[row]);
      for (size_t k = data.offsets[row]; k < data.offsets[row + 1]; ++k) {
        Weight& feature = features[data.indices[k]];
        if (feature.seen == 0) feature.is_late = epoch > 0;
        if (epoch == 0 || feature.is_late) ++feature.seen;
        Step(*optimizer_, slope * data.value(k), factor, spec_.l2 / feature.seen, &feature);
      }
      Step(*bias_optimizer_, slope, factor, 0, &bias);
    }
    return loss;
  }

  std::vector<Weight> features = std::vector<Weight>(kFeatures);
  Weight bias;

 private:
  void Init(Weight* weight) const {
    weight->state.resize(optimizer_->StateFloats(1));
    optimizer_->InitState(weight->state);
  }
  void Step(const RowOptimizer& optimizer, float gradient, float factor, float prior,
            Weight* to) const {
    optimizer.Apply({{&gradient, 1}, {&to->w, 1}, to->state, spec_.learning_rate * factor, prior});
  }

  const OptimizerSpec spec_;
  std::unique_ptr<RowOptimizer> optimizer_, bias_optimizer_;
};

// A model that batches of any size learn on, and add to.
struct Model {
  explicit Model(const OptimizerSpec& spec)
      : linear(SequentialLinear::Make(spec, kBias).value()),
        features(kFeatures * linear.row_width()),
        bias(linear.bias_width()) {}

  double Learn(const Data& data, size_t batch_rows, SequentialLinear::Step step) {
    double loss = 0;
    for (size_t begin = 0; begin < data.labels.size(); begin += batch_rows) {
      const size_t end = std::min(begin + batch_rows, data.labels.size());
      std::vector<uint32_t> offsets;
      for (size_t row = begin; row <= end; ++row) {
        offsets.push_back(data.offsets[row] - data.offsets[begin]);
      }
      const auto slice = [](const auto& all, size_t from, size_t to) {
        return std::span(all).subspan(all.empty() ? 0 : from, all.empty() ? 0 : to - from);
      };
      const size_t first = data.offsets[begin], last = data.offsets[end];
      std::vector<float> change = features, bias_change = bias;
      loss += linear.Learn(
          {{offsets, slice(data.indices, first, last), slice(data.values, first, last)},
           slice(data.labels, begin, end),
           slice(data.weights, begin, end)},
          step, change, bias_change);
      Add(change, &features);
      Add(bias_change, &bias);
    }
    return loss;
  }
  std::vector<float> Weights() const {
    std::vector<float> weights(kFeatures);
    linear.WeightsOf(features, weights);
    return weights;
  }
  static void Add(const std::vector<float>& change, std::vector<float>* to) {
    for (size_t i = 0; i < change.size(); ++i) (*to)[i] += change[i];
  }

  SequentialLinear linear;
  std::vector<float> features, bias;
};

OptimizerSpec Spec(const std::string& name) {
  OptimizerSpec spec;
  spec.name = name;
  spec.learning_rate = 0.2f;
  spec.l2 = 0.5f;
  if (name == "ftrl") spec.l1 = 0.3f;
  return spec;
}

TEST_CASE("Rows in batches of any size are learnt as one after the other", "[sequential]") {
  const OptimizerSpec spec = Spec(GENERATE("sgd", "adagrad", "ftrl"));
  const size_t batch_rows = GENERATE(1, 7, 1000);
  const bool with_values = GENERATE(false, true), with_weights = GENERATE(false, true);
  CAPTURE(spec.name, batch_rows, with_values, with_weights);
  Reference reference(spec);
  Model model(spec);
  const Data first(1, 300, with_values, with_weights), second(2, 200, with_values, with_weights);
  CHECK(model.Learn(first, batch_rows, {.rate_factor = 0.5f, .is_first_epoch = true}) ==
        Approx(reference.Learn(first, 0.5f, 0)).epsilon(1e-5));
  CHECK(model.Learn(second, batch_rows, {.rate_factor = 0.75f}) ==
        Approx(reference.Learn(second, 0.75f, 1)).epsilon(1e-5));
  const std::vector<float> weights = model.Weights();
  for (uint32_t i = 0; i < kFeatures; ++i) {
    CHECK(weights[i] == Approx(reference.features[i].w).epsilon(1e-4).margin(1e-5));
  }
  CHECK(model.linear.BiasOf(model.bias) == Approx(reference.bias.w).epsilon(1e-4));
}

TEST_CASE("A model of zeros has its bias, and weights of 0", "[sequential]") {
  const Model model(Spec(GENERATE("sgd", "adagrad", "ftrl")));
  CHECK(model.linear.BiasOf(model.bias) == Approx(kBias));
  CHECK(model.Weights() == std::vector<float>(kFeatures));
}

TEST_CASE("A feature that comes late counts on in later epochs", "[sequential]") {
  const uint32_t offsets[] = {0, 1, 2}, indices[] = {0, 0};
  const float labels[] = {1, 0};
  const SequentialLinear linear = SequentialLinear::Make(Spec("sgd"), 0).value();
  REQUIRE(linear.row_width() == 2);
  const auto seen = [&](float before, bool is_first_epoch) {
    std::vector<float> row = {0, before}, bias = {0};
    linear.Learn({{offsets, indices, {}}, labels, {}}, {1, is_first_epoch}, row, bias);
    return before + row[1];
  };
  CHECK(seen(0, true) == 2);
  CHECK(seen(2, true) == 4);
  CHECK(seen(4, false) == 4);
  CHECK(seen(0, false) == -2);
  CHECK(seen(-2, false) == -4);
  CHECK(seen(-4, true) == -6);
}

TEST_CASE("What l1 pulls to 0 is 0 exactly", "[sequential]") {
  OptimizerSpec spec = Spec("ftrl");
  spec.l1 = 100;
  Model model(spec);
  model.Learn(Data(3, 100, true, false), 10, {.is_first_epoch = true});
  CHECK(model.Weights() == std::vector<float>(kFeatures));
  CHECK(model.linear.BiasOf(model.bias) != Approx(kBias));
}

TEST_CASE("A value that is too large leaves what is not finite to be seen", "[sequential]") {
  Data data(4, 3, true, false);
  for (float& value : data.values) value = std::numeric_limits<float>::max();
  Model model(Spec("adagrad"));
  model.Learn(data, 3, {.is_first_epoch = true});
  const bool finite = std::all_of(model.features.begin(), model.features.end(),
                                  [](float value) { return std::isfinite(value); });
  CHECK_FALSE(finite);
}

TEST_CASE("Optimizers that see more than a weight are refused by name", "[sequential]") {
  const std::string name = GENERATE("rowwise_adagrad", "adam", "sum");
  const absl::Status status = SequentialLinear::Make({.name = name}, 0).status();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK(MessageOf(status) == "rows cannot be learnt one by one with optimizer \"" + name +
                                 "\", only with sgd, adagrad or ftrl");
  CHECK_FALSE(SequentialLinear::Make({.name = "adagrad", .learning_rate = -1}, 0).ok());
}

}  // namespace
}  // namespace cairn
