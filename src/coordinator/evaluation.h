// Collects the scores of one evaluation, batch by batch, and turns them into metrics. Owned by the
// coordinator core.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "wire/message.h"

namespace cairn {

class Evaluation {
 public:
  // Bounds the coordinator's memory; 8 bytes a row, 12 with weights.
  static constexpr uint64_t kRowsMax = uint64_t{1} << 28;

  explicit Evaluation(uint64_t batches) : batches_(batches) {}

  enum class Added : uint8_t { kNew, kDuplicate, kTooMany };
  // The scores of one batch; a batch that was there before changes nothing.
  Added Add(uint64_t batch, const EvaluationResult& result);
  bool complete() const { return batches_seen_ == batches_; }
  bool Has(uint64_t batch) const { return scores_.contains(batch); }

  struct Metrics {
    uint64_t rows = 0;
    double logloss = 0;
    double auc = 0;  // NaN if only one class was seen.
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
  uint64_t batches_seen_ = 0;
  uint64_t rows_ = 0;
  bool weighted_ = false;
  std::map<uint64_t, Batch> scores_;
};

}  // namespace cairn
