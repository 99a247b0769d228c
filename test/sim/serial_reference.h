// What bsp must come to (G4): the same program, run by one loop without messages, stamps or
// windows, and without partitions, unless a table decides about its rows by what its partition has
// seen.
#pragma once

#include <memory>
#include <vector>

#include "server/digest.h"
#include "server/table_shard.h"
#include "sim/sim_program.h"

namespace cairn::sim {

class SerialReference {
 public:
  // `program` outlives the reference. Runs the whole job.
  SerialReference(const Scenario& scenario, const SimProgram& program);

  const TableSchema& schema(uint32_t table) const { return partitions_[0][table].schema(); }
  uint64_t rows(uint32_t table) const;
  const TableShard& ShardOf(uint32_t table, uint64_t id) const;
  ModelDigest digest() const;
  // After each epoch; empty without evaluation.
  const std::vector<double>& valid_logloss() const { return valid_logloss_; }

 private:
  void RunStep(StepIndex step);
  void Evaluate();
  std::vector<float> Read(const KeyCut& cut, TableShard::Missing missing) const;

  const Scenario& scenario_;
  const SimProgram& program_;
  std::vector<std::vector<TableShard>> partitions_;  // Each by table.
  std::vector<double> valid_logloss_;
};

}  // namespace cairn::sim
