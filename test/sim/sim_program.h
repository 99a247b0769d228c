// The synthetic program that the simulated workers run: what each step pulls and pushes, and what
// it must see. Pure functions of the scenario, so the checkers can know what has to come out.
//
// Table "x" learns: its gradient is a non-linear function of what was pulled, so that a stale or a
// doubled value shows in everything after it (a constant push would hide a broken bsp). Table
// "ones" counts: each row of data adds 1 to a key of its own whenever it is trained.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sharding/key_cut.h"
#include "sim/sim_scenario.h"
#include "train/stream_runner.h"
#include "worker/payload.h"

namespace cairn::sim {

inline constexpr uint32_t kTableX = 0;
inline constexpr uint32_t kTableOnes = 1;

// Programs of users (SimClient) count their steps in "ones", each life under a key of its own,
// which no row of data has.
constexpr Key ClientKey(uint64_t incarnation) { return Key{1} << 63 | incarnation >> 2; }
constexpr bool IsClientKey(Key key) { return key >> 62 == 2; }

// A batch of the data set. Immutable.
struct SimBatch {
  std::vector<uint64_t> rows;          // Their numbers in the data set.
  std::vector<float> labels;           // [rows]
  uint32_t features = 0;               // Of each row.
  bool bare = false;                   // Its gradient counts as not finite: only stamps are pushed.
  std::shared_ptr<const KeyCut> x;     // Keys [rows x features].
  std::shared_ptr<const KeyCut> ones;  // Keys [rows].
  bool kills_reader = false;           // Whoever reads it dies;
  bool kills_computer = false;         // whoever computes with it.

  bool kills() const { return kills_reader || kills_computer; }
  bool counts() const { return !bare && !kills(); }  // Its rows are trained.
};

// What a pull for training must see of one row of data: how often it was trained.
struct Sighting {
  uint64_t row = 0;
  uint64_t least = 0;
  uint64_t most = 0;
  StepIndex own_step = 0;  // asp: once this step of the stream is acknowledged, 1 more is due.
};

class SimPrepared final : public PreparedBatch {
 public:
  std::shared_ptr<const PullPayload> pull() const override { return payload; }
  uint64_t row_count() const override { return batch == nullptr ? 0 : batch->rows.size(); }

  const SimBatch* batch = nullptr;  // Null: an empty step.
  std::shared_ptr<const PullPayload> payload;
  std::vector<Sighting> sightings;  // In the order of the keys of payload's second table.
  StepIndex acknowledged = 0;       // Steps of the stream that were acknowledged before the pull.
};

class SimProgram {
 public:
  explicit SimProgram(const Scenario& scenario);

  uint64_t rows() const { return rows_; }  // Of the training data,
  uint64_t rows_left_out() const;          // and of those batches of it that kill.
  // Name of a row of data in table "ones".
  static Key KeyOfRow(uint64_t row);
  // How often the row is trained in the whole job: 0 for rows of a bare batch, or of one that
  // kills.
  uint64_t TrainingsOfRow(uint64_t row) const;
  const SimBatch& batch(uint64_t index) const { return batches_[index]; }
  const SimBatch& evaluation_batch(uint64_t index) const { return evaluation_[index]; }

  // The shell's part of a ReadAction. `work`: what the stream does.
  std::unique_ptr<SimPrepared> Prepare(const ReadAction& read, const StreamWork& work) const;

  // What one step pushes, given the pulled rows of "x" [unique x width].
  std::shared_ptr<const PushPayload> Compute(const SimBatch* batch, const std::vector<float>& x,
                                             uint64_t epoch, float rate_factor,
                                             double* loss_sum) const;
  // Margins of a batch's rows.
  std::vector<float> Score(const SimBatch& batch, const std::vector<float>& x) const;

  // Does step `step` of a stream with this work push anything to the partition? asp only: with the
  // fixed streams every step goes everywhere.
  bool Touches(const StreamWork& work, StepIndex step, uint32_t partition) const;

 private:
  SimBatch MakeBatch(uint64_t index, uint64_t rows, bool evaluation);
  std::vector<Sighting> FixedSightings(StepIndex step) const;
  std::vector<Sighting> OwnSightings(const ReadAction& read, const StreamWork& work) const;
  uint64_t TrainingsThrough(uint64_t batch, StepIndex step) const;

  const Scenario& scenario_;
  const TableLayout x_layout_;
  const TableLayout ones_layout_;
  uint64_t rows_ = 0;
  std::vector<SimBatch> batches_;
  std::vector<SimBatch> evaluation_;
};

}  // namespace cairn::sim
