// A ps_server with an optimizer of its own: stochastic gradient descent with momentum. A table that
// names "momentum" gets it; beta1 of its OptimizerSpec is the momentum.
//
//   velocity = beta1 * velocity + gradient;  weight -= learning_rate * velocity
#include <cairn/optimizer.h>
#include <cairn/server.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace {

class Momentum final : public cairn::RowOptimizer {
 public:
  explicit Momentum(const cairn::OptimizerSpec& spec) : beta_(spec.beta1) {}

  uint32_t StateFloats(uint32_t width) const override { return width; }
  void InitState(std::span<float>) const override {}  // Velocities begin at 0.
  void Apply(const cairn::RowUpdate& update) const override {
    for (size_t i = 0; i < update.weights.size(); ++i) {
      float& velocity = update.state[i];
      velocity = beta_ * velocity + update.gradient[i];
      update.weights[i] -= update.learning_rate * velocity;
    }
  }

 private:
  const float beta_;
};

absl::StatusOr<std::unique_ptr<cairn::RowOptimizer>> MakeMomentum(
    const cairn::OptimizerSpec& spec) {
  if (spec.l2 != 0) return absl::InvalidArgumentError("momentum has no prior: l2 must be 0");
  return std::make_unique<Momentum>(spec);
}

}  // namespace

int main(int argc, char** argv) {
  return cairn::ServerMain(argc, argv, {{"momentum", MakeMomentum}});
}
