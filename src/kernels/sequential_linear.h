// Logistic regression that learns row by row: on a batch's own copy of weights and optimizer state,
// each row is predicted, and its features' weights take a step at once, before the next row comes.
// What has changed is then added to the model (doc/optimizers.md, "Row by row in the worker").
#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/table.h"
#include "kernels/linear.h"
#include "kernels/update_rules.h"

namespace cairn {

// The model is one row of floats for each feature and one for the bias. Each float is what training
// has added to the value that it starts from, so a row that does not exist reads as zeros, and the
// changes that several workers found on equal copies add up.
//
//   sgd       weight                                        and, for a feature, how often it was
//   adagrad   weight, sum of squares                        seen in one epoch; negative if that was
//   ftrl      z, n, from which the weight follows           not yet the first one
//
// Immutable and thread-safe. Sums are taken in a fixed order and the formulas are those of
// update_rules.h, so the same batch on the same rows gives the same bits everywhere.
class SequentialLinear {
 public:
  // kInvalidArgument: the optimizer's formula is not one for single weights. `bias`: where the
  // bias's weight starts; it has neither l1 nor l2.
  static absl::StatusOr<SequentialLinear> Make(const OptimizerSpec& optimizer, float bias);

  uint32_t row_width() const { return bias_width() + 1; }  // Floats of a feature's row.
  uint32_t bias_width() const;                             // Of the bias's.

  // weights [rows.size() / row_width()].
  void WeightsOf(std::span<const float> rows, std::span<float> weights) const;
  float BiasOf(std::span<const float> row) const;

  struct Rows {
    LinearBatch batch;
    std::span<const float> labels;   // [rows]
    std::span<const float> weights;  // [rows], or empty: all are 1.
  };
  struct Step {
    float rate_factor = 1;
    bool is_first_epoch = false;  // Each feature's occurrences count for its prior.
  };
  // What the rows do to the model: `features` and `bias` hold its rows, [distinct x row_width()]
  // and [bias_width()], and then what is to be added to them. Returns the sum of the weighted
  // losses, each of a row as it was predicted before it was learnt.
  double Learn(const Rows& rows, const Step& step, std::span<float> features,
               std::span<float> bias) const;

 private:
  // Weight and state at the start.
  struct Start {
    float w = 0, a = 0, b = 0;
  };
  // Alternatives are the rules that this works with.
  using Rule = std::variant<SgdRule, AdagradRule, FtrlRule>;

  SequentialLinear(const OptimizerSpec& optimizer, Rule feature_rule, Rule bias_rule, float bias);

  float learning_rate_, l2_;
  Rule feature_rule_, bias_rule_;  // The same but for l1.
  Start feature_start_, bias_start_;
};

}  // namespace cairn
