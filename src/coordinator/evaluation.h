// Collects the scores of one evaluation, batch by batch, and turns them into metrics. Owned by the
// coordinator core.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "wire/message.h"

namespace cairn {

class Evaluation {
 public:
  // Bounds the coordinator's memory: of scores and labels, 4 bytes each.
  static constexpr uint64_t kNumbersMax = uint64_t{1} << 29;

  explicit Evaluation(uint64_t batches) : batches_(batches) {}

  enum class Added : uint8_t { kNew, kDuplicate, kTooMany, kOtherKind };
  // The scores of one batch; a batch that was there before changes nothing. kOtherKind: they are of
  // another kind, or of other classes, than those before, and change nothing either.
  Added Add(uint64_t batch, const EvaluationResult& result);
  // The metrics are those of the other batches. Of a batch that was there before: nothing.
  void LeaveOut(uint64_t batch);
  bool complete() const { return scores_.size() + left_out_.size() == batches_; }
  bool Has(uint64_t batch) const { return scores_.contains(batch) || left_out_.contains(batch); }

  struct Metrics {
    uint64_t rows = 0;
    double logloss = 0;   // The mean of the loss that goes with the kind of scores.
    double auc = 0;       // NaN if only one class was seen, and of scores that are no margins.
    double accuracy = 0;  // Likewise, of values.
    // Of whatever says the same of every row, at its best: kernels/metrics.h.
    double baseline_loss = 0;
    double baseline_accuracy = 0;  // NaN of values.
    double calibration = 0;        // NaN but of margins, and if no label is 1.
  };
  // In the order of batches, so independent of who evaluated what. Only when complete.
  Metrics Compute() const;

 private:
  struct Batch {
    std::vector<float> scores;
    std::vector<float> labels;
    std::vector<float> weights;  // Empty: all are 1.
  };
  uint64_t batches_;
  uint64_t rows_ = 0;
  uint64_t scores_per_row_ = 0;  // 0: no row was seen yet.
  ScoreKind kind_ = ScoreKind::kMargin;
  bool weighted_ = false;
  std::map<uint64_t, Batch> scores_;
  std::set<uint64_t> left_out_;
};

// The same of scores in one piece, as an EvaluationResult has them.
Evaluation::Metrics MetricsOf(ScoreKind kind, std::span<const float> scores,
                              std::span<const float> labels, std::span<const float> weights);

}  // namespace cairn
