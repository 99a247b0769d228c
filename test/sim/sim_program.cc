#include "sim/sim_program.h"

#include <algorithm>
#include <cmath>

#include "base/hash.h"

namespace cairn::sim {
namespace {

constexpr StepIndex kOwnStepsLookedAt = 4;

// Between -1 and 1, with nothing from libm: the same bits everywhere.
float Squash(float x) { return x / (1.0f + std::abs(x)); }

// A row's margin: its weights, and products of neighbours, so that the gradient of each weight
// depends on others.
float MarginOf(const SimBatch& batch, const float* x, size_t row) {
  const uint32_t width = batch.x->width;
  float margin = 0;
  for (uint32_t f = 0; f < batch.features; ++f) {
    const size_t at = row * batch.features + f;
    const float* w = x + size_t{batch.x->inverse[at]} * width;
    const size_t next_at = row * batch.features + (f + 1) % batch.features;
    const float* next = x + size_t{batch.x->inverse[next_at]} * width;
    for (uint32_t k = 0; k < width; ++k) {
      margin += w[k] * (0.5f + 0.25f * static_cast<float>(k)) + w[k] * next[width - 1 - k];
    }
  }
  return margin;
}

void AddGradient(const SimBatch& batch, const float* x, size_t row, float error, float* gradient) {
  const uint32_t width = batch.x->width;
  for (uint32_t f = 0; f < batch.features; ++f) {
    const size_t at = row * batch.features + f;
    const size_t next_at = row * batch.features + (f + 1) % batch.features;
    const float* next = x + size_t{batch.x->inverse[next_at]} * width;
    float* g = gradient + size_t{batch.x->inverse[at]} * width;
    for (uint32_t k = 0; k < width; ++k) {
      g[k] += error * (0.5f + 0.25f * static_cast<float>(k) + next[width - 1 - k]);
    }
  }
}

}  // namespace

SimProgram::SimProgram(const Scenario& scenario)
    : scenario_(scenario),
      x_layout_(LayoutOf(scenario.job.tables[kTableX], kTableX)),
      ones_layout_(LayoutOf(scenario.job.tables[kTableOnes], kTableOnes)) {
  const ProgramShape& shape = scenario.shape;
  for (uint64_t b = 0; b < shape.batches; ++b) {
    const bool last = b + 1 == shape.batches;
    batches_.push_back(MakeBatch(b, last ? shape.rows_of_last_batch : shape.rows_per_batch, false));
  }
  for (uint64_t b = 0; b < scenario.plan.evaluation_batches; ++b) {
    evaluation_.push_back(MakeBatch(b, shape.rows_per_batch, true));
  }
}

SimBatch SimProgram::MakeBatch(uint64_t index, uint64_t rows, bool evaluation) {
  const ProgramShape& shape = scenario_.shape;
  const uint64_t salt = HashWords(scenario_.job.seed, evaluation ? 1 : 0, index);
  SimBatch batch;
  batch.features = shape.features_per_row;
  batch.bare = !evaluation && shape.bare_every > 0 && salt % shape.bare_every == 0;
  batch.kills_reader = !evaluation && index + 1 == shape.kills_reader;
  batch.kills_computer = index + 1 == (evaluation ? shape.kills_scorer : shape.kills_computer);
  std::vector<Key> x_keys;
  std::vector<Key> ones_keys;
  for (uint64_t i = 0; i < rows; ++i) {
    const uint64_t row = evaluation ? i : rows_++;
    batch.rows.push_back(row);
    batch.labels.push_back(static_cast<float>(HashWords(salt, i, 99) % 2));
    ones_keys.push_back(KeyOfRow(row));
    for (uint32_t f = 0; f < batch.features; ++f) {
      x_keys.push_back(HashWords(salt, i, f) % shape.feature_pool);
    }
  }
  KeyCutter cutter(scenario_.job.partitions);
  batch.x = cutter.Cut(x_layout_, x_keys);
  batch.ones = cutter.Cut(ones_layout_, ones_keys);
  return batch;
}

// All 64-bit keys are legal: the first row has the largest.
Key SimProgram::KeyOfRow(uint64_t row) { return row - 1; }

uint64_t SimProgram::TrainingsOfRow(uint64_t row) const {
  const uint64_t batch = row / scenario_.shape.rows_per_batch;
  return batches_[batch].counts() ? scenario_.plan.schedule.epochs : 0;
}

uint64_t SimProgram::rows_left_out() const {
  uint64_t rows = 0;
  for (const SimBatch& batch : batches_) rows += batch.kills() ? batch.rows.size() : 0;
  return rows;
}

// bsp, ssp: how often the batch was trained in steps 1 .. step.
uint64_t SimProgram::TrainingsThrough(uint64_t batch, StepIndex step) const {
  if (!batches_[batch].counts()) return 0;
  const Schedule& schedule = scenario_.plan.schedule;
  const uint64_t steps = FixedStepsOfEpoch(schedule, 0);
  const uint64_t first = batch % steps + 1;
  return step < first ? 0 : std::min(schedule.epochs, (step - first) / steps + 1);
}

// bsp, ssp: rows that other streams trained in the newest step that must be visible, and rows of
// the step itself.
std::vector<Sighting> SimProgram::FixedSightings(StepIndex step) const {
  const Schedule& schedule = scenario_.plan.schedule;
  const ConsistencyMode& mode = scenario_.job.mode;
  const StepIndex behind = 1 + StepIndex{mode.staleness};
  const StepIndex visible = step > behind ? step - behind : 0;
  std::vector<Sighting> sightings;
  for (uint32_t slot = 0; slot < schedule.fixed_streams; ++slot) {
    for (const StepIndex of : {visible, step}) {
      if (of == 0) continue;
      const BatchRef ref = FixedBatch(schedule, slot, of);
      if (!ref.exists) continue;
      for (const uint64_t row : batches_[ref.batch].rows) {
        const uint64_t least = TrainingsThrough(ref.batch, visible);
        const bool exact = mode.consistency == Consistency::kBsp;
        sightings.push_back({row, least, exact ? least : schedule.epochs, 0});
      }
    }
  }
  return sightings;
}

// asp: rows that this stream trained in its last steps. Epochs before are complete.
std::vector<Sighting> SimProgram::OwnSightings(const ReadAction& read,
                                               const StreamWork& work) const {
  std::vector<Sighting> sightings;
  const StepIndex step = read.key.step;
  for (StepIndex own = step - std::min(step - 1, kOwnStepsLookedAt); own <= step; ++own) {
    const SimBatch& batch = batches_[work.first_batch + own - 1];
    for (const uint64_t row : batch.rows) {
      const uint64_t least = batch.counts() ? read.epoch : 0;
      sightings.push_back({row, least, batch.counts() ? least + 1 : 0, batch.counts() ? own : 0});
    }
  }
  return sightings;
}

std::unique_ptr<SimPrepared> SimProgram::Prepare(const ReadAction& read,
                                                 const StreamWork& work) const {
  auto prepared = std::make_unique<SimPrepared>();
  if (read.evaluation) {
    prepared->batch = &evaluation_[read.batch];
    prepared->payload = std::make_shared<const PullPayload>(PullPayload{prepared->batch->x});
    return prepared;
  }
  if (read.exists) prepared->batch = &batches_[read.batch];
  prepared->sightings = scenario_.job.mode.consistency == Consistency::kAsp
                            ? OwnSightings(read, work)
                            : FixedSightings(read.key.step);
  KeyCutter cutter(scenario_.job.partitions);
  std::vector<Key> keys;
  for (const Sighting& sighting : prepared->sightings) keys.push_back(KeyOfRow(sighting.row));
  const auto x = prepared->batch == nullptr ? cutter.Cut(x_layout_, {}) : prepared->batch->x;
  prepared->payload =
      std::make_shared<const PullPayload>(PullPayload{x, cutter.Cut(ones_layout_, keys)});
  return prepared;
}

std::shared_ptr<const PushPayload> SimProgram::Compute(const SimBatch* batch,
                                                       const std::vector<float>& x, uint64_t epoch,
                                                       float rate_factor, double* loss_sum) const {
  PushPayload push;
  push.epoch = epoch;
  push.rate_factor = rate_factor;
  *loss_sum = 0;
  if (batch == nullptr) return std::make_shared<const PushPayload>(std::move(push));
  push.rows = static_cast<uint32_t>(batch->rows.size());
  push.bare = batch->bare;
  TablePush gradients{batch->x, std::vector<float>(batch->x->unique() * batch->x->width)};
  for (size_t row = 0; row < batch->rows.size(); ++row) {
    const float error = Squash(MarginOf(*batch, x.data(), row)) - batch->labels[row];
    *loss_sum += static_cast<double>(error) * static_cast<double>(error);
    AddGradient(*batch, x.data(), row, error, gradients.values.data());
  }
  push.tables.push_back(std::move(gradients));
  push.tables.push_back({batch->ones, std::vector<float>(batch->ones->unique(), 1.0f)});
  return std::make_shared<const PushPayload>(std::move(push));
}

std::vector<float> SimProgram::Score(const SimBatch& batch, const std::vector<float>& x) const {
  std::vector<float> scores;
  for (size_t row = 0; row < batch.rows.size(); ++row) {
    scores.push_back(MarginOf(batch, x.data(), row));
  }
  return scores;
}

bool SimProgram::Touches(const StreamWork& work, StepIndex step, uint32_t partition) const {
  const SimBatch& batch = batches_[work.first_batch + step - 1];
  if (batch.kills()) return false;
  return !batch.x->IdsOf(partition).empty() || !batch.ones->IdsOf(partition).empty();
}

}  // namespace cairn::sim
