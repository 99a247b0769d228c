#include "kernels/conformance.h"

#include <hwy/targets.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "base/status.h"
#include "kernels/device_backends.h"
#include "kernels/factorization.h"
#include "kernels/field_bag.h"
#include "kernels/field_factorization.h"
#include "kernels/finite.h"

namespace cairn::conformance {
namespace {

// ---- Linear models: margin = bias + sum of w x.

// A row of the table begins with the feature's weight.
double LinearPart(const Input& input, size_t row, std::span<const double> table) {
  double margin = input.bias;
  for (size_t k = input.offsets[row]; k < input.offsets[row + 1]; ++k) {
    margin += table[input.indices[k] * input.width] * input.value(k);
  }
  return margin;
}

Backend LinearBackend() {
  return {"any",
          [](const Input& in, std::span<float> margins, std::vector<float>*) {
            LinearForward(in.batch(), in.table, in.bias, margins);
          },
          [](const Input& in, const std::vector<float>&, std::span<float> gradients) {
            LinearGradient(in.batch(), in.slopes, gradients);
          }};
}

// ---- Factorization machines: in double, half of what S^2 - Q add up to.

double FactorizationMargin(const Input& input, size_t row, std::span<const double> table) {
  const size_t begin = input.offsets[row], end = input.offsets[row + 1];
  double margin = LinearPart(input, row, table);
  for (size_t f = 1; f < input.width; ++f) {
    double sum = 0, squares = 0;
    for (size_t k = begin; k < end; ++k) {
      const double product = table[input.indices[k] * input.width + f] * input.value(k);
      sum += product;
      squares += product * product;
    }
    margin += (sum * sum - squares) / 2;
  }
  return margin;
}

// The same by the definition: the sum over all pairs of features.
double PairsMargin(const Input& input, size_t row, std::span<const double> table) {
  const size_t width = input.width;
  double margin = LinearPart(input, row, table);
  const size_t begin = input.offsets[row], end = input.offsets[row + 1];
  for (size_t j = begin; j < end; ++j) {
    const auto one = table.subspan(input.indices[j] * width, width);
    for (size_t i = begin; i < j; ++i) {
      const auto other = table.subspan(input.indices[i] * width, width);
      double product = 0;
      for (size_t f = 1; f < width; ++f) product += one[f] * other[f];
      margin += product * input.value(i) * input.value(j);
    }
  }
  return margin;
}

// target: of Highway; 0: the one that this CPU gets.
template <typename Call>
void OnTarget(int64_t target, const Call& call) {
  hwy::SetSupportedTargetsForTest(target);
  call();
  hwy::SetSupportedTargetsForTest(0);
}

std::string NameOfTarget(int64_t target) {
  return target == 0 ? "this CPU's" : hwy::TargetName(target);
}

std::vector<Backend> OnAllTargets(const std::function<Backend(int64_t target)>& backend_of) {
  std::vector<Backend> backends = {backend_of(0)};
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    backends.push_back(backend_of(target));
  }
  return backends;
}

Backend FactorizationBackend(int64_t target) {
  return {
      NameOfTarget(target),
      [=](const Input& in, std::span<float> margins, std::vector<float>* sums) {
        sums->resize(in.slopes.size() * (in.width - 1));
        OnTarget(target, [&] {
          FactorizationForward(in.batch(), {in.table, in.width - 1}, in.bias, margins, *sums);
        });
      },
      [=](const Input& in, const std::vector<float>& sums, std::span<float> gradients) {
        OnTarget(target, [&] {
          FactorizationGradient(in.batch(), {in.table, in.width - 1}, sums, in.slopes, gradients);
        });
      }};
}

// ---- Field-aware factorization machines, of this many fields: by the definition.

uint16_t FieldOf(size_t k, uint32_t fields) { return static_cast<uint16_t>(Mix64(k) % fields); }

std::vector<uint16_t> FieldsOf(const Input& input, uint32_t fields) {
  std::vector<uint16_t> all;
  for (size_t k = 0; k < input.indices.size(); ++k) all.push_back(FieldOf(k, fields));
  return all;
}

double FieldPairsMargin(const Input& input, size_t row, std::span<const double> table,
                        uint32_t fields) {
  const size_t width = input.width, dim = (width - 1) / fields;
  const auto vector = [&](size_t of, size_t towards) {
    return table.subspan(input.indices[of] * width + 1 + FieldOf(towards, fields) * dim, dim);
  };
  double margin = LinearPart(input, row, table);
  for (size_t b = input.offsets[row]; b < input.offsets[row + 1]; ++b) {
    for (size_t a = input.offsets[row]; a < b; ++a) {
      double product = 0;
      for (size_t n = 0; n < dim; ++n) product += vector(a, b)[n] * vector(b, a)[n];
      margin += product * input.value(a) * input.value(b);
    }
  }
  return margin;
}

// ---- The same on devices: as every other operation of theirs, in device_conformance_test.cc.

std::vector<Backend> OnDevices(Backend first, Backend (*on)(cairn::Backend* device)) {
  static const std::vector<std::unique_ptr<cairn::Backend>> devices = BackendsAtHand();
  std::vector<Backend> backends = {std::move(first)};
  for (const std::unique_ptr<cairn::Backend>& device : devices) {
    backends.push_back(on(device.get()));
    backends.back().name = device->name();
    backends.back().same_bits = device->kind() == DeviceKind::kCpu;
  }
  return backends;
}

std::span<const float> In(const std::vector<float>& floats) { return floats; }

Backend LinearOn(cairn::Backend* device) {
  return {"",
          [=](const Input& in, std::span<float> margins, std::vector<float>*) {
            MustCompute(device, [&] {
              const auto out = device->Out(margins);
              device->Run(LinearForwardOp{device->In(in.batch(), in.table.size()),
                                          device->In(In(in.table)), in.bias, out});
              device->Fetch(out, margins);
            });
          },
          [=](const Input& in, const std::vector<float>&, std::span<float> gradients) {
            MustCompute(device, [&] {
              const auto out = device->Out(gradients);
              device->Run(LinearGradientOp{device->In(in.batch(), in.table.size()),
                                           device->In(In(in.slopes)), out});
              device->Fetch(out, gradients);
            });
          }};
}

Backend FactorizationOn(cairn::Backend* device) {
  return {"",
          [=](const Input& in, std::span<float> margins, std::vector<float>* sums) {
            const size_t dim = in.width - 1;
            sums->resize(in.slopes.size() * dim);
            MustCompute(device, [&] {
              const auto out = device->Out(margins);
              const auto sums_out = device->Out(std::span(*sums));
              device->Run(FactorForwardOp{device->In(in.batch(), in.table.size() / in.width), dim,
                                          device->In(In(in.table)), in.bias, out, sums_out});
              device->Fetch(out, margins);
              device->Fetch(sums_out, std::span(*sums));
            });
          },
          [=](const Input& in, const std::vector<float>& sums, std::span<float> gradients) {
            MustCompute(device, [&] {
              const auto out = device->Out(gradients);
              device->Run(FactorGradientOp{device->In(in.batch(), in.table.size() / in.width),
                                           in.width - 1, device->In(In(in.table)),
                                           device->In(In(sums)), device->In(In(in.slopes)), out});
              device->Fetch(out, gradients);
            });
          }};
}

std::vector<Backend> FactorizationBackends() {
  std::vector<Backend> backends = OnDevices(FactorizationBackend(0), FactorizationOn);
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    backends.push_back(FactorizationBackend(target));
  }
  return backends;
}

Backend FieldBackend(int64_t target, uint32_t fields) {
  return {NameOfTarget(target),
          [=](const Input& in, std::span<float> margins, std::vector<float>*) {
            const std::vector<uint16_t> field_of = FieldsOf(in, fields);
            OnTarget(target, [&] {
              FieldFactorizationForward({in.batch(), field_of},
                                        {in.table, fields, (in.width - 1) / fields}, in.bias,
                                        margins);
            });
          },
          [=](const Input& in, const std::vector<float>&, std::span<float> gradients) {
            const std::vector<uint16_t> field_of = FieldsOf(in, fields);
            OnTarget(target, [&] {
              FieldFactorizationGradient({in.batch(), field_of},
                                         {in.table, fields, (in.width - 1) / fields}, in.slopes,
                                         gradients);
            });
          }};
}

Kernel FieldKernel(uint32_t fields, const std::vector<uint32_t>& dims) {
  Kernel kernel;
  kernel.name = Concat("field factorization, ", fields, " fields");
  for (const uint32_t dim : dims) kernel.widths.push_back(1 + fields * dim);
  kernel.reference = [=](const Input& input, size_t row, std::span<const double> table) {
    return FieldPairsMargin(input, row, table, fields);
  };
  kernel.length_max = 60;  // Or the reference's gradients take a minute.
  kernel.backends = OnAllTargets([=](int64_t target) { return FieldBackend(target, fields); });
  return kernel;
}

// ---- Bags by field: margin = sum over fields and f of a factor x what the vectors add up to
// there.

constexpr size_t kFieldCount = 3;

double FieldFactor(size_t field, size_t f) { return Uniform(21, field, f); }

double FieldBagMargin(const Input& input, size_t row, std::span<const double> table) {
  const std::vector<uint16_t> fields = FieldsOf(input, kFieldCount);
  double margin = 0;
  for (size_t k = input.offsets[row]; k < input.offsets[row + 1]; ++k) {
    const auto vector = table.subspan(input.indices[k] * input.width + 1, input.width - 1);
    for (size_t f = 0; f < vector.size(); ++f) {
      margin += FieldFactor(fields[k], f) * vector[f] * input.value(k);
    }
  }
  return margin;
}

Backend FieldBagBackend() {
  return {"any",
          [](const Input& in, std::span<float> margins, std::vector<float>*) {
            const size_t dim = in.width - 1, width = kFieldCount * dim;
            std::vector<float> sums(margins.size() * width);
            FieldBagForward({in.batch(), FieldsOf(in, kFieldCount), kFieldCount},
                            {in.table, in.width - 1}, sums);
            for (size_t row = 0; row < margins.size(); ++row) {
              double margin = 0;
              for (size_t i = 0; i < width; ++i) {
                margin += FieldFactor(i / dim, i % dim) * sums[row * width + i];
              }
              margins[row] = static_cast<float>(margin);
            }
          },
          [](const Input& in, const std::vector<float>&, std::span<float> gradients) {
            const size_t dim = in.width - 1;
            std::vector<float> slopes;
            for (const float slope : in.slopes) {
              for (size_t i = 0; i < kFieldCount * dim; ++i) {
                slopes.push_back(slope * static_cast<float>(FieldFactor(i / dim, i % dim)));
              }
            }
            std::ranges::fill(gradients, 0.0f);
            FieldBagGradient({in.batch(), FieldsOf(in, kFieldCount), kFieldCount}, in.width - 1,
                             slopes, gradients);
          }};
}

std::vector<Kernel> Kernels() {
  return {
      {"linear", {1}, LinearPart, OnDevices(LinearBackend(), LinearOn), 1'000, true},
      {"factorization", {2, 4, 5, 9, 11, 17, 32, 65}, FactorizationMargin, FactorizationBackends()},
      FieldKernel(1, {1, 3, 4}),
      FieldKernel(2, {16}),
      FieldKernel(4, {1, 3, 4, 8}),
      FieldKernel(12, {4}),
      {"field bag", {2, 4, 5, 9, 17, 33}, FieldBagMargin, {FieldBagBackend()}, 1'000, true},
  };
}

TEST_CASE("Every kernel agrees with its definition, on every backend", "[conformance]") {
  for (const Kernel& kernel : Kernels()) {
    for (Shape shape : OddShapes()) {
      shape.length_max = std::min(shape.length_max, kernel.length_max);
      for (const uint32_t width : kernel.widths) CHECK(Check(kernel, shape, width) == "");
    }
  }
}

TEST_CASE("The reference of factorization machines is the sum over all pairs", "[conformance]") {
  for (const Shape& shape : OddShapes()) {
    const Input input(shape, 6, 3);
    const std::vector<double> table(input.table.begin(), input.table.end());
    for (size_t row = 0; row < shape.rows; ++row) {
      CHECK(FactorizationMargin(input, row, table) ==
            Approx(PairsMargin(input, row, table)).epsilon(1e-9));
    }
  }
}

TEST_CASE("With one field, pairs are those of factorization machines", "[conformance]") {
  for (const Shape& shape : OddShapes()) {
    const Input input(shape, 6, 3);
    const std::vector<double> table(input.table.begin(), input.table.end());
    for (size_t row = 0; row < shape.rows; ++row) {
      CHECK(FieldPairsMargin(input, row, table, 1) ==
            Approx(PairsMargin(input, row, table)).epsilon(1e-9));
    }
  }
}

TEST_CASE("What is not finite stays so, on every backend", "[conformance]") {
  const Shape shape = {.name = "ones", .rows = 20, .distinct = 9, .length_max = 5};
  for (const Kernel& kernel : Kernels()) {
    const uint32_t width = kernel.widths.back();
    Input input(shape, width, 3);
    for (uint32_t n = 0; n < width; ++n) {
      input.table[input.indices[0] * width + n] = std::numeric_limits<float>::quiet_NaN();
    }
    for (const Backend& backend : kernel.backends) {
      INFO(kernel.name << ", " << backend.name);
      std::vector<float> margins(shape.rows), gradients(input.table.size()), saved;
      backend.forward(input, margins, &saved);
      backend.gradient(input, saved, gradients);
      CHECK(!AllFinite(margins));
      if (kernel.is_linear) continue;  // Such gradients know no weights.
      CHECK(!AllFinite(gradients));
    }
  }
}

TEST_CASE("The conformance test complains of what is wrong", "[conformance]") {
  const Shape shape = {.name = "ones", .rows = 20, .distinct = 9, .length_max = 5};
  const Backend good = LinearBackend();
  const auto complaint = [&](const std::function<void(std::span<float>)>& fault) {
    Backend bad = good;
    bad.name = "bad";
    bad.forward = [&](const Input& in, std::span<float> margins, std::vector<float>* saved) {
      good.forward(in, margins, saved);
      fault(margins);
    };
    return Check({"linear", {1}, LinearPart, {good, bad}}, shape, 1);
  };
  const auto says = [](const std::string& what) { return Catch::Contains("bad, ones, " + what); };
  CHECK(complaint([](std::span<float>) {}) == "");
  CHECK_THAT(complaint([](std::span<float> m) { m[3] = NAN; }), says("width 1: margins are off"));
  CHECK_THAT(complaint([](std::span<float> m) { m[3] += 1e-3f; }), says("width 1: margins are"));
  CHECK_THAT(complaint([](std::span<float> m) { *(m.data() - 1) = 0; }), says("width 1: writes"));
  CHECK_THAT(complaint([](std::span<float> m) { *(m.data() + m.size()) = 0; }),
             Catch::Contains("beside"));
  CHECK_THAT(complaint([](std::span<float> m) { m[3] = std::nextafter(m[3], 9.0f); }),
             Catch::Contains("other bits of margins"));
  int calls = 0;
  CHECK_THAT(complaint([&](std::span<float> m) {
               m[3] = ++calls % 2 == 0 ? std::nextafter(m[3], 9.0f) : m[3];
             }),
             Catch::Contains("the second time"));
}

}  // namespace
}  // namespace cairn::conformance
