#include "kernels/optimizers.h"

#include <hwy/targets.h>

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/status.h"

namespace cairn {
namespace {

constexpr uint32_t kWidth = 5;
constexpr int kSteps = 1000;

// Everything a step is given; a function of (step, position) alone.
struct Inputs {
  float Gradient(int step, uint32_t i) const {
    const uint64_t hash = HashWords(7, step, i);
    if (hash % 11 == 0) return 0;
    return static_cast<float>(UnitInterval(Mix64(hash)) * 2 - 1);
  }
  float Rate(const OptimizerSpec& spec, int step) const {
    return spec.learning_rate * (1.0f - 0.0005f * static_cast<float>(step));
  }
  float Prior(int step) const { return 0.01f * static_cast<float>(step % 4); }
};

float InitialWeight(uint32_t i) { return 0.3f * (static_cast<float>(i) - 2); }

// A row with one part, driven by the real optimizer.
struct Row {
  explicit Row(const OptimizerSpec& spec) : spec(spec) {
    auto made = MakeRowOptimizer(spec, {});
    REQUIRE(made.ok());
    optimizer = *std::move(made);
    state.assign(optimizer->StateFloats(kWidth), 0.0f);
    optimizer->InitState(state);
    for (uint32_t i = 0; i < kWidth; ++i) weights.push_back(InitialWeight(i));
  }
  void Step(int step) {
    const Inputs inputs;
    std::vector<float> gradient(kWidth);
    for (uint32_t i = 0; i < kWidth; ++i) gradient[i] = inputs.Gradient(step, i);
    optimizer->Apply({.gradient = gradient,
                      .weights = weights,
                      .state = state,
                      .learning_rate = inputs.Rate(spec, step),
                      .prior = inputs.Prior(step)});
  }
  OptimizerSpec spec;
  std::unique_ptr<RowOptimizer> optimizer;
  std::vector<float> weights, state;
};

// The textbook formulas in double, written apart from the implementation.
class Oracle {
 public:
  explicit Oracle(const OptimizerSpec& spec) : spec_(spec), a_(kWidth), b_(kWidth), w_(kWidth) {
    for (uint32_t i = 0; i < kWidth; ++i) {
      w_[i] = InitialWeight(i);
      if (spec.name == "adagrad") a_[i] = spec.initial_accumulator;
      if (spec.name == "ftrl") a_[i] = InitialZ(w_[i]);
    }
    row_sum_ = spec.initial_accumulator;
  }
  void Step(int step) {
    const Inputs inputs;
    std::vector<double> g(kWidth), q(kWidth);
    double mean_square = 0;
    for (uint32_t i = 0; i < kWidth; ++i) {
      g[i] = inputs.Gradient(step, i);
      q[i] = g[i] + inputs.Prior(step) * w_[i];
      mean_square += q[i] * q[i] / kWidth;
    }
    row_sum_ += mean_square;
    const double rate = inputs.Rate(spec_, step);
    for (uint32_t i = 0; i < kWidth; ++i) {
      if (spec_.name == "sgd") w_[i] -= rate * q[i];
      if (spec_.name == "sum") w_[i] += g[i];
      if (spec_.name == "assign") w_[i] = g[i];
      if (spec_.name == "adagrad") Adagrad(i, q[i], rate);
      if (spec_.name == "ftrl") Ftrl(i, q[i], rate / spec_.learning_rate);
      if (spec_.name == "adam") Adam(i, q[i], rate, step);
      if (spec_.name == "rowwise_adagrad") {
        w_[i] -= rate * q[i] / (std::sqrt(row_sum_) + spec_.epsilon);
      }
    }
  }
  double weight(uint32_t i) const { return w_[i]; }
  bool NearThreshold(uint32_t i) const {
    return spec_.name == "ftrl" && std::fabs(std::fabs(a_[i]) - spec_.l1) < 1e-4;
  }

 private:
  double InitialZ(double w) const {
    if (w == 0) return 0;
    return -spec_.beta / spec_.learning_rate * w - (w > 0 ? spec_.l1 : -spec_.l1);
  }
  void Adagrad(uint32_t i, double q, double rate) {
    a_[i] += q * q;
    w_[i] -= rate * q / (std::sqrt(a_[i]) + spec_.epsilon);
  }
  void Ftrl(uint32_t i, double q, double factor) {
    const double alpha = spec_.learning_rate, n = b_[i];
    b_[i] += q * q;
    a_[i] += factor * q - (std::sqrt(b_[i]) - std::sqrt(n)) / alpha * w_[i];
    const double sign = a_[i] > 0 ? 1 : -1;
    const double curvature = (spec_.beta + std::sqrt(b_[i])) / alpha;
    w_[i] = std::fabs(a_[i]) <= spec_.l1 ? 0 : -(a_[i] - sign * spec_.l1) / curvature;
  }
  void Adam(uint32_t i, double q, double rate, int step) {
    a_[i] = spec_.beta1 * a_[i] + (1 - double{spec_.beta1}) * q;
    b_[i] = spec_.beta2 * b_[i] + (1 - double{spec_.beta2}) * q * q;
    const double m = a_[i] / (1 - std::pow(double{spec_.beta1}, step + 1));
    const double v = b_[i] / (1 - std::pow(double{spec_.beta2}, step + 1));
    w_[i] -= rate * m / (std::sqrt(v) + spec_.epsilon);
  }

  OptimizerSpec spec_;
  std::vector<double> a_, b_, w_;  // a: s, z or m; b: n or v.
  double row_sum_ = 0;
};

OptimizerSpec SpecOf(const std::string& name) {
  OptimizerSpec spec;
  spec.name = name;
  spec.learning_rate = 0.05f;
  spec.l1 = name == "ftrl" ? 4.0f : 0.0f;
  return spec;
}

TEST_CASE("Each optimizer follows its formula in double for 1000 steps", "[optimizers]") {
  const std::string name = GENERATE(as<std::string>{}, "sgd", "adagrad", "rowwise_adagrad", "ftrl",
                                    "adam", "sum", "assign");
  CAPTURE(name);
  Row row(SpecOf(name));
  Oracle oracle(SpecOf(name));
  double moved = 0;
  int zeros = 0;
  for (int step = 0; step < kSteps; ++step) {
    row.Step(step);
    oracle.Step(step);
    for (uint32_t i = 0; i < kWidth; ++i) {
      CAPTURE(step, i, row.weights[i], oracle.weight(i));
      if (oracle.NearThreshold(i)) continue;
      const double error = std::fabs(row.weights[i] - oracle.weight(i));
      REQUIRE(error <= 1e-5 + 1e-5 * std::fabs(oracle.weight(i)));
      REQUIRE((row.weights[i] == 0) == (oracle.weight(i) == 0));
      moved += std::fabs(oracle.weight(i) - InitialWeight(i));
      zeros += oracle.weight(i) == 0;
    }
  }
  CHECK(moved > 1);
  if (name == "ftrl") CHECK(zeros > 100);  // Or the soft threshold was never tested.
}

// The bits of weights and state after each of 1000 steps. They must be the same under every
// compiler and at every optimisation level; a change breaks G4 and every saved model's replay.
TEST_CASE("Each optimizer's bits are fixed for all time", "[optimizers][golden]") {
  const auto [name, golden] = GENERATE(table<std::string, uint64_t>({
      {"sgd", 0x9ef38b1bcc8cf68du},
      {"adagrad", 0xc7df285e8b5e6fd1u},
      {"rowwise_adagrad", 0x3da1730b424ba950u},
      {"ftrl", 0x63dfba9d7cd45cdbu},
      {"adam", 0xeddd94023af255c7u},
      {"sum", 0xdcf74510d8574d1fu},
      {"assign", 0xd95fd997f9a949f4u},
  }));
  CAPTURE(name);
  Row row(SpecOf(name));
  uint64_t hash = 0;
  for (int step = 0; step < kSteps; ++step) {
    row.Step(step);
    for (const float w : row.weights) hash = HashWords(hash, std::bit_cast<uint32_t>(w));
    for (const float s : row.state) hash = HashWords(hash, std::bit_cast<uint32_t>(s));
  }
  CHECK(hash == golden);
}

// Of all that optimizers do to a row of 37 weights, which vectors of each length divide into some
// whole ones and a rest.
uint64_t BitsOfLongRow(const OptimizerSpec& spec) {
  constexpr uint32_t kLong = 37;
  const std::unique_ptr<RowOptimizer> optimizer = MakeRowOptimizer(spec, {}).value();
  std::vector<float> gradient(kLong), weights(kLong), state(optimizer->StateFloats(kLong));
  optimizer->InitState(state);
  const Inputs inputs;
  uint64_t hash = 0;
  for (int step = 0; step < 50; ++step) {
    for (uint32_t i = 0; i < kLong; ++i) gradient[i] = inputs.Gradient(step, i);
    optimizer->Apply({gradient, weights, state, inputs.Rate(spec, step), inputs.Prior(step)});
    for (const float w : weights) hash = HashWords(hash, std::bit_cast<uint32_t>(w));
    for (const float s : state) hash = HashWords(hash, std::bit_cast<uint32_t>(s));
  }
  return hash;
}

TEST_CASE("Each optimizer's bits are the same on every instruction set", "[optimizers]") {
  for (const std::string& name : BuiltInOptimizers()) {
    const uint64_t hash = BitsOfLongRow(SpecOf(name));
    for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
      CAPTURE(name, hwy::TargetName(target));
      hwy::SetSupportedTargetsForTest(target);
      const uint64_t of_target = BitsOfLongRow(SpecOf(name));
      hwy::SetSupportedTargetsForTest(0);
      CHECK(of_target == hash);
    }
  }
}

TEST_CASE("FTRL starts from the initial weight and a schedule cannot pull it to 0",
          "[optimizers]") {
  OptimizerSpec spec = SpecOf("ftrl");
  spec.l1 = 0;
  Row row(spec);
  const std::vector<float> nothing(kWidth, 0.0f);
  const std::vector<float> before = row.weights;
  for (const float rate : {0.05f, 0.01f, 0.0f}) {
    row.optimizer->Apply({nothing, row.weights, row.state, rate, 0});
    for (uint32_t i = 0; i < kWidth; ++i) CHECK(row.weights[i] == Approx(before[i]).margin(1e-7));
  }
  const std::vector<float> push(kWidth, 1.0f);
  row.optimizer->Apply({push, row.weights, row.state, 0.0f, 0});  // The end of a linear decay.
  for (uint32_t i = 0; i < kWidth; ++i) CHECK(row.weights[i] == Approx(before[i]).margin(1e-6));
}

TEST_CASE("A row's first Adam step is as long as the learning rate", "[optimizers]") {
  Row row(SpecOf("adam"));
  const std::vector<float> push(kWidth, 0.001f);
  row.optimizer->Apply({push, row.weights, row.state, 0.05f, 0});
  for (uint32_t i = 0; i < kWidth; ++i) {
    CHECK(row.weights[i] == Approx(InitialWeight(i) - 0.05).epsilon(1e-4));
  }
}

std::string ErrorOf(const OptimizerSpec& spec, const RowOptimizers& extra = {}) {
  const auto made = MakeRowOptimizer(spec, extra);
  if (made.ok()) return "";
  CHECK(made.status().code() == absl::StatusCode::kInvalidArgument);
  return std::string(MessageOf(made.status()));
}

TEST_CASE("An unknown optimizer's error lists the known ones and the closest", "[optimizers]") {
  const std::string error = ErrorOf(SpecOf("adgrad"));
  CHECK(error.find("unknown optimizer \"adgrad\"") != std::string::npos);
  CHECK(error.find("adagrad, adam, assign, ftrl, rowwise_adagrad, sgd, sum") != std::string::npos);
  CHECK(error.find("did you mean \"adagrad\"?") != std::string::npos);
  CHECK(ErrorOf(SpecOf("")).find("did you mean") == std::string::npos);
}

TEST_CASE("Numbers out of range are refused by name", "[optimizers]") {
  const float nan = std::nanf("");
  using Change = std::function<void(OptimizerSpec*)>;
  const auto [name, change, field] = GENERATE_COPY(table<std::string, Change, std::string>({
      {"sgd", [](OptimizerSpec* s) { s->learning_rate = 0; }, "learning_rate"},
      {"adam", [nan](OptimizerSpec* s) { s->learning_rate = nan; }, "learning_rate"},
      {"adagrad", [](OptimizerSpec* s) { s->l2 = -1; }, "l2"},
      {"adagrad", [](OptimizerSpec* s) { s->epsilon = -1; }, "epsilon"},
      {"rowwise_adagrad", [](OptimizerSpec* s) { s->initial_accumulator = -1; }, "accumulator"},
      {"adagrad", [](OptimizerSpec* s) { s->epsilon = s->initial_accumulator = 0; }, "both 0"},
      {"ftrl", [](OptimizerSpec* s) { s->l1 = -1; }, "l1"},
      {"ftrl", [](OptimizerSpec* s) { s->beta = INFINITY; }, "beta"},
      {"adam", [](OptimizerSpec* s) { s->beta1 = 1; }, "beta1"},
      {"adam", [nan](OptimizerSpec* s) { s->beta2 = nan; }, "beta2"},
      {"adam", [](OptimizerSpec* s) { s->epsilon = 0; }, "epsilon"},
  }));
  OptimizerSpec spec = SpecOf(name);
  change(&spec);
  const std::string error = ErrorOf(spec);
  CAPTURE(error);
  CHECK(error.find("optimizer " + name) != std::string::npos);
  CHECK(error.find(field) != std::string::npos);
}

TEST_CASE("sum and assign ignore every number", "[optimizers]") {
  OptimizerSpec spec = SpecOf(GENERATE(as<std::string>{}, "sum", "assign"));
  spec.learning_rate = spec.l2 = spec.epsilon = std::nanf("");
  CHECK(MakeRowOptimizer(spec, {}).ok());
  CHECK_FALSE(IsGradientOptimizer(spec.name));
}

class Halver final : public RowOptimizer {
 public:
  uint32_t StateFloats(uint32_t) const override { return 0; }
  void InitState(std::span<float>) const override {}
  void Apply(const RowUpdate& u) const override {
    for (float& w : u.weights) w /= 2;
  }
};

absl::StatusOr<std::unique_ptr<RowOptimizer>> MakeHalver(const OptimizerSpec& spec) {
  if (spec.l1 != 0) return InvalidArgument("l1 means nothing here");
  return std::make_unique<Halver>();
}

absl::StatusOr<std::unique_ptr<RowOptimizer>> MakeNothing(const OptimizerSpec&) {
  return std::unique_ptr<RowOptimizer>();
}

TEST_CASE("A program's own optimizer is found by its name", "[optimizers]") {
  const RowOptimizers extra = {{"halver", MakeHalver}};
  OptimizerSpec spec = SpecOf("halver");
  REQUIRE(MakeRowOptimizer(spec, extra).ok());
  CHECK(IsGradientOptimizer("halver"));
  spec.l1 = 1;
  CHECK(ErrorOf(spec, extra) == "optimizer halver: l1 means nothing here");
  CHECK(ErrorOf(SpecOf("halvr"), extra).find("did you mean \"halver\"?") != std::string::npos);
}

TEST_CASE("Bad sets of own optimizers are refused", "[optimizers]") {
  CHECK(ErrorOf(SpecOf("sgd"), {{"adam", MakeHalver}}).find("built in") != std::string::npos);
  CHECK(ErrorOf(SpecOf("sgd"), {{"A b", MakeHalver}}).find("a-z") != std::string::npos);
  CHECK(ErrorOf(SpecOf("sgd"), {{"", MakeHalver}}).find("a-z") != std::string::npos);
  CHECK(ErrorOf(SpecOf("sgd"), {{"own", nullptr}}).find("no factory") != std::string::npos);
  const auto made = MakeRowOptimizer(SpecOf("own"), {{"own", MakeNothing}});
  CHECK(made.status().code() == absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace cairn
