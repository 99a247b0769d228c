#include "sim/serial_reference.h"

#include <map>

#include "base/check.h"
#include "base/hash.h"
#include "base/status.h"
#include "kernels/metrics.h"
#include "sharding/placement.h"

namespace cairn::sim {
namespace {

// What all streams bring to one row in one step.
struct RowSum {
  std::vector<float> gradient;
  uint32_t count = 0;
};

void AddRows(const TablePush& push, std::map<uint64_t, RowSum>* sums) {
  const uint32_t width = push.cut->width;
  for (size_t i = 0; i < push.cut->unique(); ++i) {
    const float* from = push.values.data() + i * width;
    RowSum& sum = (*sums)[push.cut->ids[i]];
    if (sum.gradient.empty()) {
      sum.gradient.assign(from, from + width);
    } else {
      for (uint32_t k = 0; k < width; ++k) sum.gradient[k] += from[k];
    }
    sum.count += push.cut->counts[i];
  }
}

}  // namespace

SerialReference::SerialReference(const Scenario& scenario, const SimProgram& program)
    : scenario_(scenario), program_(program) {
  JobSpec job = scenario.job;
  if (job.tables[kTableX].retention == RetentionSpec{}) job.partitions = 1;
  partitions_.resize(job.partitions);
  for (uint32_t table = 0; table < job.tables.size(); ++table) {
    auto schema = TableSchema::Make(job, table, {});
    CAIRN_CHECK(schema.ok(), MessageOf(schema.status()));
    for (uint32_t p = 0; p < job.partitions; ++p) partitions_[p].emplace_back(*schema, p);
  }
  const Schedule& schedule = scenario.plan.schedule;
  const StepIndex per_epoch = FixedStepsOfEpoch(schedule, 0);
  for (StepIndex step = 1; step <= schedule.epochs * per_epoch; ++step) {
    RunStep(step);
    if (step % per_epoch == 0 && scenario.plan.evaluation_batches > 0) Evaluate();
  }
}

std::vector<float> SerialReference::Read(const KeyCut& cut, TableShard::Missing missing) const {
  std::vector<float> values(cut.unique() * cut.width);
  for (size_t i = 0; i < cut.unique(); ++i) {
    ShardOf(cut.table, cut.ids[i]).Read({&cut.ids[i], 1}, missing, values.data() + i * cut.width);
  }
  return values;
}

void SerialReference::RunStep(StepIndex step) {
  const Schedule& schedule = scenario_.plan.schedule;
  const float rate = RateFactor(schedule, step - 1, FixedStepsThrough(schedule, schedule.epochs));
  std::map<uint64_t, RowSum> sums[2];
  uint64_t rows = 0;
  uint64_t epoch = 0;
  for (uint32_t slot = 0; slot < schedule.fixed_streams; ++slot) {
    const BatchRef ref = FixedBatch(schedule, slot, step);
    epoch = ref.epoch;
    if (!ref.exists) continue;
    const SimBatch& batch = program_.batch(ref.batch);
    if (batch.kills()) continue;
    double loss_sum = 0;
    const auto push = program_.Compute(&batch, Read(*batch.x, TableShard::Missing::kInitial),
                                       ref.epoch, rate, &loss_sum);
    if (push->bare) continue;  // Its rows had no part in the sum.
    rows += push->rows;
    for (const TablePush& table : push->tables) AddRows(table, &sums[table.cut->table]);
  }
  const TableSchema::Step how{.epoch = epoch,
                              .rate_factor = rate,
                              .inverse_rows = rows == 0 ? 1.0f : 1.0f / static_cast<float>(rows),
                              .chance = Mix64(step)};
  for (std::vector<TableShard>& partition : partitions_) {
    for (TableShard& shard : partition) {
      for (const auto& [id, sum] : sums[shard.schema().index()]) {
        if (shard.Owns(id)) shard.Apply(how, {&id, 1}, sum.gradient, {&sum.count, 1});
      }
    }
    for (TableShard& shard : partition) {
      if (shard.Sweep() != nullptr) shard.CarryOutSweep();
    }
  }
}

uint64_t SerialReference::rows(uint32_t table) const {
  uint64_t rows = 0;
  for (const std::vector<TableShard>& partition : partitions_) rows += partition[table].rows();
  return rows;
}

const TableShard& SerialReference::ShardOf(uint32_t table, uint64_t id) const {
  return partitions_[PartitionOfSparseId(id, static_cast<uint32_t>(partitions_.size()))][table];
}

void SerialReference::Evaluate() {
  std::vector<float> scores;
  std::vector<float> labels;
  for (uint64_t b = 0; b < scenario_.plan.evaluation_batches; ++b) {
    const SimBatch& batch = program_.evaluation_batch(b);
    if (batch.kills()) continue;
    const auto margins = program_.Score(batch, Read(*batch.x, TableShard::Missing::kZero));
    scores.insert(scores.end(), margins.begin(), margins.end());
    labels.insert(labels.end(), batch.labels.begin(), batch.labels.end());
  }
  valid_logloss_.push_back(MeanLogLoss(scores, labels));
}

ModelDigest SerialReference::digest() const {
  ModelDigest sum;
  for (const std::vector<TableShard>& partition : partitions_) {
    DigestScan scan(&partition);
    while (scan.Step(1'000)) {
    }
    sum += scan.digest();
  }
  return sum;
}

}  // namespace cairn::sim
