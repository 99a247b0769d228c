// What a model's results stand for, and what is learnt of labels by them.
#pragma once

#include <span>

#include "absl/status/status.h"
#include "kernels/device_step.h"
#include "train/program.h"
#include "train/row_batch.h"
#include "wire/message.h"

namespace cairn {

// A result is a margin; with classes, there is a score for each of them; with numbers, it is the
// label less its mean, in deviations: so the same rates and priors fit labels in any unit.
// Immutable, so thread-safe.
class LabelLoss {
 public:
  explicit LabelLoss(const ModelSettings& settings);
  // kInvalidArgument: there is no such loss, or no such numbers.
  static absl::Status Check(const ModelSettings& settings);

  ScoreKind score_kind() const { return kind_; }
  // Results become scores: numbers are in the labels' own unit.
  void MakeScores(std::span<float> results) const;
  // Scores become what the loss of the results grows by; of numbers, as if labels varied by 1.
  // Returns the sum of the rows' losses by the scores, weighted.
  double MakeGradients(const RowBatch& rows, std::span<float> scores) const;
  // The same of results, for a step on a device.
  StepLoss ForStep() const;

 private:
  const ScoreKind kind_;
  const float mean_;
  const float scale_;
};

}  // namespace cairn
