// The loops of a matrix product, for any set of vector instructions. For the gemm_*.cc alone: each
// of them is compiled for other instructions, so nothing here may become a function that they
// share. Every template has an argument type that lives in the anonymous namespace of its file, and
// calls no function of the standard library.
//
// B is copied into panels of a few vectors of columns, so that the innermost loop reads it in
// order; A is read where it lies. A tile of C stays in registers over a block of the inner
// dimension.
#pragma once

#include <cstddef>

namespace cairn {

// A GemmCall with strides for transpositions: a(i, k) = a[i * a_row + k * a_inner], likewise b.
struct GemmLoops {
  size_t rows, cols, inner;
  const float* a;
  size_t a_row, a_inner;
  const float* b;
  size_t b_inner, b_col;
  const float* bias;  // Null: 0.
  bool relu;
  float* c;
};

// Of the three dimensions of a block: what stays in the second cache.
inline constexpr size_t kGemmRows = 240;
inline constexpr size_t kGemmInner = 256;
inline constexpr size_t kGemmCols = 768;  // A multiple of all panels.

// V: Reg (a vector of kWidth floats), Load, Store, Broadcast, MulAdd(a, b, c), Max0, and the size
// of a tile: kRows rows by kVecs vectors.
template <typename V>
struct GemmTiles {
  static constexpr size_t kPanel = V::kVecs * V::kWidth;
  static_assert(kGemmCols % kPanel == 0);

  static size_t Least(size_t a, size_t b) { return a < b ? a : b; }

  template <int kFrom, int kTo, typename F>
  [[gnu::always_inline]] static inline void Repeat(F&& f) {
    if constexpr (kFrom < kTo) {
      f.template operator()<kFrom>();
      Repeat<kFrom + 1, kTo>(f);
    }
  }

  // What a tile works on: its rows of A, its panel of B, its place in C.
  struct Place {
    const float* a;
    size_t a_row, a_inner;
    const float* panel;
    size_t inner;
    float* c;
    size_t c_row;
  };

  template <int kRows, int kVecs>
  static void Tile(const Place& at) {
    typename V::Reg sums[kRows][kVecs];
    Repeat<0, kRows>([&]<int i>() __attribute__((always_inline)) {
      Repeat<0, kVecs>([&]<int v>() __attribute__((always_inline)) {
        sums[i][v] = V::Load(at.c + i * at.c_row + v * V::kWidth);
      });
    });
    const float* a = at.a;
    const float* b = at.panel;
    const size_t a_row = at.a_row, a_inner = at.a_inner;
    for (size_t k = 0; k < at.inner; ++k) {
      typename V::Reg columns[kVecs];
      Repeat<0, kVecs>([&]<int v>() __attribute__((always_inline)) {
        columns[v] = V::Load(b + v * V::kWidth);
      });
      Repeat<0, kRows>([&]<int i>() __attribute__((always_inline)) {
        const typename V::Reg x = V::Broadcast(a[i * a_row]);
        Repeat<0, kVecs>([&]<int v>() __attribute__((always_inline)) {
          sums[i][v] = V::MulAdd(x, columns[v], sums[i][v]);
        });
      });
      a += a_inner;
      b += kVecs * V::kWidth;
    }
    Repeat<0, kRows>([&]<int i>() __attribute__((always_inline)) {
      Repeat<0, kVecs>([&]<int v>() __attribute__((always_inline)) {
        V::Store(at.c + i * at.c_row + v * V::kWidth, sums[i][v]);
      });
    });
  }

  // So many rows, at most V::kRows.
  template <int kVecs, int kRows = V::kRows>
  static void TileOf(size_t rows, const Place& at) {
    if constexpr (kRows > 0) {
      if (rows == kRows) return Tile<kRows, kVecs>(at);
      TileOf<kVecs, kRows - 1>(rows, at);
    }
  }
  template <int kVecs = V::kVecs>
  static void TileOf(size_t rows, size_t vecs, const Place& at) {
    if constexpr (kVecs > 0) {
      if (vecs == kVecs) return TileOf<kVecs, V::kRows>(rows, at);
      TileOf<kVecs - 1>(rows, vecs, at);
    }
  }

  static size_t VecsOf(size_t cols) { return (cols + V::kWidth - 1) / V::kWidth; }

  // Columns [col, col + cols) and inner indices [first, first + inner) of B, panel by panel; each
  // is filled up with 0 to whole vectors.
  static void Pack(const GemmLoops& g, size_t col, size_t cols, size_t first, size_t inner,
                   float* to) {
    for (size_t begin = 0; begin < cols; begin += kPanel) {
      const size_t used = Least(kPanel, cols - begin);
      const size_t width = VecsOf(used) * V::kWidth;
      for (size_t k = 0; k < inner; ++k, to += width) {
        const float* from = g.b + (first + k) * g.b_inner + (col + begin) * g.b_col;
        if (g.b_col == 1) {
          for (size_t j = 0; j < used; ++j) to[j] = from[j];
        } else {
          for (size_t j = 0; j < used; ++j) to[j] = from[j * g.b_col];
        }
        for (size_t j = used; j < width; ++j) to[j] = 0;
      }
    }
  }

  // Rows [row, row + rows) of one panel, `cols` wide, at column `col`.
  static void MultiplyPanel(const GemmLoops& g, size_t row, size_t rows, size_t col, size_t cols,
                            size_t first, size_t inner, const float* panel) {
    const size_t vecs = VecsOf(cols);
    const bool whole = cols % V::kWidth == 0;
    for (size_t done = 0; done < rows; done += V::kRows) {
      const size_t height = Least(V::kRows, rows - done);
      float* const c = g.c + (row + done) * g.cols + col;
      Place at{g.a + (row + done) * g.a_row + first * g.a_inner,
               g.a_row,
               g.a_inner,
               panel,
               inner,
               c,
               g.cols};
      if (whole) {
        TileOf(height, vecs, at);
        continue;
      }
      float copy[V::kRows * kPanel];  // Has room for whole vectors.
      const size_t width = vecs * V::kWidth;
      for (size_t i = 0; i < height; ++i) {
        for (size_t j = 0; j < cols; ++j) copy[i * width + j] = c[i * g.cols + j];
        for (size_t j = cols; j < width; ++j) copy[i * width + j] = 0;
      }
      at.c = copy;
      at.c_row = width;
      TileOf(height, vecs, at);
      for (size_t i = 0; i < height; ++i) {
        for (size_t j = 0; j < cols; ++j) c[i * g.cols + j] = copy[i * width + j];
      }
    }
  }

  static void Begin(const GemmLoops& g, size_t row, size_t rows, size_t col, size_t cols) {
    for (size_t i = row; i < row + rows; ++i) {
      float* const c = g.c + i * g.cols;
      if (g.bias == nullptr) {
        for (size_t j = col; j < col + cols; ++j) c[j] = 0;
      } else {
        for (size_t j = col; j < col + cols; ++j) c[j] = g.bias[j];
      }
    }
  }

  static void Finish(const GemmLoops& g, size_t row, size_t rows, size_t col, size_t cols) {
    for (size_t i = row; i < row + rows; ++i) {
      float* const c = g.c + i * g.cols;
      for (size_t j = col; j < col + cols; ++j) c[j] = c[j] < 0 ? 0.0f : c[j];
    }
  }

  static size_t ScratchFloats(size_t cols, size_t inner) {
    const size_t block = Least(cols, kGemmCols);
    return Least(inner, kGemmInner) * VecsOf(block) * V::kWidth;
  }

  static void Run(const GemmLoops& g, float* packed) {
    if (g.rows == 0) return;
    for (size_t col = 0; col < g.cols; col += kGemmCols) {
      const size_t cols = Least(kGemmCols, g.cols - col);
      size_t first = 0;
      do {  // Once even if there is nothing to add.
        const size_t inner = Least(kGemmInner, g.inner - first);
        Pack(g, col, cols, first, inner, packed);
        for (size_t row = 0; row < g.rows; row += kGemmRows) {
          const size_t rows = Least(kGemmRows, g.rows - row);
          if (first == 0) Begin(g, row, rows, col, cols);
          for (size_t begin = 0; begin < cols && inner > 0; begin += kPanel) {
            const size_t used = Least(kPanel, cols - begin);
            MultiplyPanel(g, row, rows, col + begin, used, first, inner, packed + begin * inner);
          }
          if (g.relu && first + inner == g.inner) Finish(g, row, rows, col, cols);
        }
        first += inner;
      } while (first < g.inner);
    }
  }
};

}  // namespace cairn
