#include "kernels/conformance.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/status.h"

namespace cairn::conformance {
namespace {

constexpr double kForwardMax = 2e-6;   // Relative, of all margins together.
constexpr double kGradientMax = 1e-5;  // Likewise.
constexpr size_t kGuard = 32;          // Floats on either side of an output.
constexpr float kUntouched = 12345.5f;

// An output in the middle of floats that nobody may touch.
class Guarded {
 public:
  explicit Guarded(size_t size) : floats_(size + 2 * kGuard, kUntouched) {
    std::ranges::fill(span(), std::numeric_limits<float>::quiet_NaN());
  }
  std::span<float> span() {
    return std::span(floats_).subspan(kGuard, floats_.size() - 2 * kGuard);
  }
  bool intact() const {
    const auto untouched = [](float value) { return value == kUntouched; };
    return std::all_of(floats_.begin(), floats_.begin() + kGuard, untouched) &&
           std::all_of(floats_.end() - kGuard, floats_.end(), untouched);
  }

 private:
  std::vector<float> floats_;
};

bool SameBits(std::span<const float> a, std::span<const float> b) {
  return std::ranges::equal(a, b, [](float x, float y) {
    return std::bit_cast<uint32_t>(x) == std::bit_cast<uint32_t>(y);
  });
}

// |got - exact| / |exact| in the Euclidean norm; NaN, too, is beyond every bound.
double Distance(std::span<const float> got, std::span<const double> exact) {
  double squares = 0, norm = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    squares += (got[i] - exact[i]) * (got[i] - exact[i]);
    norm += exact[i] * exact[i];
  }
  return squares == 0 ? 0 : std::sqrt(squares / std::max(norm, 1e-30));
}

std::vector<double> ExactMargins(const Kernel& kernel, const Input& input,
                                 std::span<const double> table) {
  std::vector<double> margins;
  for (size_t row = 0; row < input.slopes.size(); ++row) {
    margins.push_back(kernel.reference(input, row, table));
  }
  return margins;
}

// Central differences of the sum of slope x margin. Only rows that have the feature matter.
std::vector<double> ExactGradients(const Kernel& kernel, const Input& input) {
  std::vector<double> table(input.table.begin(), input.table.end());
  std::vector<double> gradients(table.size());
  std::vector<std::vector<size_t>> rows(table.size() / input.width);
  for (size_t row = 0; row < input.slopes.size(); ++row) {
    for (size_t k = input.offsets[row]; k < input.offsets[row + 1]; ++k) {
      std::vector<size_t>& of = rows[input.indices[k]];
      if (of.empty() || of.back() != row) of.push_back(row);
    }
  }
  for (size_t i = 0; i < table.size(); ++i) {
    const double at = table[i], h = 1e-4 * std::max(1.0, std::fabs(at));
    for (const size_t row : rows[i / input.width]) {
      table[i] = at + h;
      const double above = kernel.reference(input, row, table);
      table[i] = at - h;
      gradients[i] += input.slopes[row] * (above - kernel.reference(input, row, table)) / (2 * h);
    }
    table[i] = at;
  }
  return gradients;
}

struct Outputs {
  std::vector<float> margins, gradients;
  std::string wrong;
};

Outputs Run(const Backend& backend, const Input& input) {
  Guarded margins(input.slopes.size()), gradients(input.table.size());
  std::vector<float> saved;
  backend.forward(input, margins.span(), &saved);
  backend.gradient(input, saved, gradients.span());
  Outputs out{{margins.span().begin(), margins.span().end()},
              {gradients.span().begin(), gradients.span().end()},
              ""};
  if (!margins.intact()) out.wrong = "writes beside the margins";
  if (!gradients.intact()) out.wrong = "writes beside the gradients";
  return out;
}

}  // namespace

std::string Check(const Kernel& kernel, const Shape& shape, uint32_t width) {
  const Input input(shape, width, 7 + width);
  const std::vector<double> table(input.table.begin(), input.table.end());
  const std::vector<double> margins = ExactMargins(kernel, input, table);
  const std::vector<double> gradients = ExactGradients(kernel, input);
  Outputs first;
  for (const Backend& backend : kernel.backends) {
    const std::string where =
        Concat(kernel.name, ", ", backend.name, ", ", shape.name, ", width ", width, ": ");
    const Outputs out = Run(backend, input);
    if (!out.wrong.empty()) return where + out.wrong;
    const double forward = Distance(out.margins, margins);
    if (!(forward <= kForwardMax)) return Concat(where, "margins are off by ", forward);
    const double backward = Distance(out.gradients, gradients);
    if (!(backward <= kGradientMax)) return Concat(where, "gradients are off by ", backward);
    const Outputs again = Run(backend, input);
    if (!SameBits(out.margins, again.margins) || !SameBits(out.gradients, again.gradients)) {
      return where + "other bits the second time";
    }
    if (&backend == &kernel.backends.front()) first = out;
    if (!backend.same_bits) continue;
    if (!SameBits(out.margins, first.margins)) return where + "other bits of margins";
    if (!SameBits(out.gradients, first.gradients)) return where + "other bits of gradients";
  }
  return "";
}

std::vector<Shape> OddShapes() {
  return {
      {.name = "no rows", .rows = 0, .distinct = 3, .length_max = 5},
      {.name = "no rows, no features", .rows = 0, .distinct = 0},
      {.name = "one row", .rows = 1, .distinct = 40, .length_max = 60},
      {.name = "one feature", .rows = 9, .distinct = 1, .length_max = 1},
      {.name = "one feature again and again", .rows = 5, .distinct = 1, .length_max = 9},
      {.name = "empty rows", .rows = 4, .distinct = 2, .length_max = 0},
      {.name = "ones", .rows = 150, .distinct = 90, .length_max = 39},
      {.name = "values", .rows = 150, .distinct = 90, .length_max = 39, .with_values = true},
      {.name = "long rows",
       .rows = 3,
       .distinct = 40,
       .length_max = 600,
       .with_values = true,
       .scale = 0.125f},
      {.name = "huge", .rows = 40, .distinct = 30, .length_max = 20, .scale = 100},
      {.name = "tiny",
       .rows = 40,
       .distinct = 30,
       .length_max = 20,
       .with_values = true,
       .scale = 1e-6f},
  };
}

}  // namespace cairn::conformance
