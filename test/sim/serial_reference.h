// What bsp must come to (G4): the same program, run by one loop without partitions, messages,
// stamps or windows.
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

  // By table; all rows in one shard.
  const std::vector<TableShard>& shards() const { return shards_; }
  ModelDigest digest() const;
  // After each epoch; empty without evaluation.
  const std::vector<double>& valid_logloss() const { return valid_logloss_; }

 private:
  void RunStep(StepIndex step);
  void Evaluate();
  std::vector<float> Read(const KeyCut& cut, TableShard::Missing missing) const;

  const Scenario& scenario_;
  const SimProgram& program_;
  std::vector<TableShard> shards_;
  std::vector<double> valid_logloss_;
};

}  // namespace cairn::sim
