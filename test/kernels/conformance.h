// One test for all kernels of sparse models: whatever computes margins and their gradients from
// packed rows is held against a naive reference in double, over odd shapes. A further kernel is a
// Kernel, a further backend (an instruction set, a device) a Backend: a line each in
// conformance_test.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/hash.h"
#include "kernels/linear.h"

namespace cairn::conformance {

// What an input looks like.
struct Shape {
  std::string name;
  size_t rows = 0;
  uint32_t distinct = 1;
  size_t length_max = 0;  // Of a row; some are empty.
  bool with_values = false;
  float scale = 0.5f;  // Of weights and values.
};

// A batch and a model, all numbers from a hash of the seed.
struct Input {
  Input(const Shape& shape, uint32_t width, uint64_t seed);

  LinearBatch batch() const { return {offsets, indices, values}; }
  double value(size_t k) const { return values.empty() ? 1.0 : values[k]; }

  std::vector<uint32_t> offsets, indices;
  std::vector<float> values;
  std::vector<float> table;   // [distinct x width]
  std::vector<float> slopes;  // [rows], dL/dmargin.
  float bias = 0.25f;
  uint32_t width = 1;
};

inline float Uniform(uint64_t seed, uint64_t a, uint64_t b) {
  return static_cast<float>(2 * UnitInterval(HashWords(seed, a, b)) - 1);
}

inline Input::Input(const Shape& shape, uint32_t row_width, uint64_t seed) : width(row_width) {
  offsets.push_back(0);
  for (size_t row = 0; row < shape.rows; ++row) {
    const uint64_t length = HashWords(seed, row) % (shape.length_max + 1);
    for (uint64_t k = 0; k < length; ++k) {
      indices.push_back(static_cast<uint32_t>(HashWords(seed, row, k) % shape.distinct));
      if (shape.with_values) values.push_back(shape.scale * Uniform(seed + 1, row, k));
    }
    offsets.push_back(static_cast<uint32_t>(indices.size()));
    slopes.push_back(Uniform(seed + 2, row, 0));
  }
  for (size_t i = 0; i < size_t{shape.distinct} * width; ++i) {
    table.push_back(shape.scale * Uniform(seed + 3, i, 0));
  }
}

// One way of computing a kernel. Outputs come with the right size and are full of NaN.
struct Backend {
  std::string name;
  // `saved` is what the backend wants to keep from forward to gradient; any size, at first empty.
  std::function<void(const Input&, std::span<float> margins, std::vector<float>* saved)> forward;
  std::function<void(const Input&, const std::vector<float>& saved, std::span<float> gradients)>
      gradient;
  bool same_bits = true;  // As the kernel's first backend.
};

struct Kernel {
  std::string name;
  std::vector<uint32_t> widths;  // Of a table's rows, to be tried.
  // The margin of one row by its definition, with this table instead of the input's.
  std::function<double(const Input&, size_t row, std::span<const double> table)> reference;
  std::vector<Backend> backends;
  size_t length_max = 1'000;  // Of a row that is tried.
  bool is_linear = false;     // Gradients do not depend on the table.
};

// Empty: all is well; else what is wrong, for people.
std::string Check(const Kernel& kernel, const Shape& shape, uint32_t width);

// What every kernel has to get right.
std::vector<Shape> OddShapes();

}  // namespace cairn::conformance
