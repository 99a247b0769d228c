// What a table is: its rows, the optimizer of each part of a row, and how a new row begins.
// Plain values, no behaviour: a TableSpec is checked when a job is created (see CheckTable).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace cairn {

// How a server turns a gradient into a new weight. `name` is one of "sgd", "adagrad",
// "rowwise_adagrad", "ftrl", "adam", "sum" (adds what is pushed), "assign" (keeps what is pushed
// last), or the name of an optimizer that the server's own program has linked (cairn/optimizer.h).
// "sum" and "assign" ignore every number below.
struct OptimizerSpec {
  std::string name = "adagrad";
  float learning_rate = 0.1f;        // Multiplied by the step's learning-rate factor.
  float l1 = 0;                      // ftrl: soft threshold on z.
  float l2 = 0;                      // Prior per feature: each feature is given l2 * w per epoch,
                                     // shared out over its occurrences (doc/optimizers.md).
  float beta1 = 0.9f;                // adam; ftrl uses `beta` below.
  float beta2 = 0.999f;              // adam.
  float beta = 1.0f;                 // ftrl: added to sqrt(n).
  float epsilon = 1e-8f;             // adam, adagrad, rowwise_adagrad: added to the root.
  float initial_accumulator = 1.0f;  // adagrad, rowwise_adagrad: where the sum of squares starts.

  bool operator==(const OptimizerSpec&) const = default;
};

// The weights of a new row: a pure function of (job seed, table, key), so a pull creates nothing.
struct InitializerSpec {
  enum class Kind : uint8_t { kZero, kConstant, kNormal };
  Kind kind = Kind::kZero;
  float scale = 0;  // kConstant: the value; kNormal: the standard deviation.

  bool operator==(const InitializerSpec&) const = default;
};

// One part of a row: `width` neighbouring floats that share an optimizer and an initialiser.
// A factorization machine's row is a 1-wide and a k-wide part.
struct PartSpec {
  uint32_t width = 1;  // 1 .. 65,536
  OptimizerSpec optimizer = {};
  InitializerSpec initializer = {};

  bool operator==(const PartSpec&) const = default;
};

// Which keys of a sparse table get a row, and which rows go again. Every decision follows from what
// was pushed to the row's partition, in which order, and from nothing else: it is the same after a
// restart, and in bsp the same on any cluster, for equal JobSpec::partitions.
struct RetentionSpec {
  // Admission: the occurrence of a key, in the first epoch, that gets it a row. Before, what is
  // pushed to it is dropped and it reads 0; keys that the first epoch did not admit never get one.
  // Either the admit_count-th, 1 .. 256, by a sketch that may let a key in too early and forgets
  // what is rare for long, or each with a chance of admit_probability, above 0 .. 1.
  uint32_t admit_count = 1;
  float admit_probability = 1;
  // admit_count: of the sketches of all partitions together, a power of two, 64 KiB .. 1 TiB; a
  // partition has its share of it, 64 bytes to 4 MiB.
  uint64_t sketch_bytes = uint64_t{16} << 20;

  // Expiry: a row goes when nothing was pushed to it for so many steps of its partition (up to one
  // and a half times as many, and the time of a sweep), if all its weights are below
  // expire_below in absolute value. 0: no row goes; 0: whatever its weights.
  uint64_t expire_steps = 0;
  float expire_below = 0;

  // Budget: of memory for the rows and sketches of all partitions together, shared out evenly; 0:
  // none. A partition that has nearly used its share gives up rows that were seen least and were
  // not pushed to for long; while it has used all of it, new keys are not let in.
  uint64_t bytes_max = 0;

  bool operator==(const RetentionSpec&) const = default;
};

struct TableSpec {
  enum class Kind : uint8_t {
    kSparse,  // Any 64-bit key -> row. A row appears with its first push.
    kDense,   // `dense_size` floats, cut in blocks of the one part's width; all exist from the
              // start.
  };
  enum class Reduction : uint8_t {
    kSum,   // Gradient optimizers take the sum over the step's rows of data.
    kMean,  // ... or that sum divided by the number of rows. "sum" and "assign" never divide.
  };

  std::string name;  // 1 .. 64 of [a-z0-9_]; unique in a job; part of the model's files.
  Kind kind = Kind::kSparse;
  std::vector<PartSpec> parts = {PartSpec{}};  // kDense: exactly one, its width = the block.
  uint64_t dense_size = 0;                     // kDense: floats; the last block may be partly used.
  Reduction reduction = Reduction::kSum;
  RetentionSpec retention = {};  // kSparse only.

  // Floats of one row as clients see it: the sum of the parts' widths.
  uint32_t width() const {
    uint32_t sum = 0;
    for (const PartSpec& part : parts) sum += part.width;
    return sum;
  }
  // kDense: how many blocks there are. 0 for a sparse table.
  uint64_t blocks() const {
    return kind == Kind::kDense ? (dense_size + width() - 1) / width() : 0;
  }

  bool operator==(const TableSpec&) const = default;
};

// kInvalidArgument names the first field that is out of its range. Optimizer names are checked by
// the servers, which know what is linked.
absl::Status CheckTable(const TableSpec& table);

}  // namespace cairn
