#include "server/retention.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/hash.h"

namespace cairn {
namespace {

constexpr size_t kAhead = 16;                // Ids whose memory is on its way.
constexpr uint64_t kSweepRowsMost = 32'768;  // Of one step: about 0.1 ms,
constexpr size_t kGoneMost = 4'096;          // and 0.4 ms if all these have to be erased.
constexpr uint64_t kSweepPerNewRow = 32;     // Two sweeps, while what is kept free is used up.
constexpr uint32_t kScorePerAge = 2;         // An age is worth a quarter of the occurrences.
constexpr uint32_t kScoreOfNoAge = 3 * kScorePerAge;

static_assert(std::bit_width(RowCount::kSeenMost) + kScoreOfNoAge < RetentionState::kScores);

uint32_t ScoreOf(RowCount count, uint32_t age) {
  return static_cast<uint32_t>(std::bit_width(count.seen())) + kScoreOfNoAge - kScorePerAge * age;
}

// That one of `times` draws with chance p succeeds: 1 - (1 - p)^times. No library function, so the
// same on every machine.
double ChanceOfAny(double p, uint32_t times) {
  double none = 1;
  for (double power = 1 - p; times > 0; times >>= 1, power *= power) {
    if ((times & 1) != 0) none *= power;
  }
  return 1 - none;
}

}  // namespace

Retention::Retention(const TableSchema* schema, uint64_t first_id, int shared_bits)
    : schema_(*schema), rules_(schema->retention()), first_id_(first_id) {
  CAIRN_CHECK(rules_.any());
  state_.hand = first_id;
  if (rules_.sketch_bytes > 0) {
    sketch_.emplace(rules_.sketch_bytes, rules_.admit_count - 1, shared_bits);
  }
}

uint64_t Retention::bytes() const {
  return sizeof(*this) + (sketch_ ? sketch_->counters().size() : 0) +
         (found_.gone.capacity() + found_.old.capacity() + ids_.capacity()) * sizeof(uint64_t) +
         gradients_.capacity() * sizeof(float) + counts_.capacity() * sizeof(uint32_t);
}

RetentionState Retention::state() const {
  RetentionState state = state_;
  state.counted = sketch_ ? sketch_->counted() : 0;
  return state;
}

void Retention::set_state(const RetentionState& state) {
  state_ = state;
  if (sketch_) sketch_->set_counted(state.counted);
}

// ---- Admission ------------------------------------------------------------------------------

bool Retention::Admits(const TableSchema::Step& step, uint64_t id, uint32_t occurrences) {
  if (rules_.admits_at_once()) return true;
  // Later epochs bring the same data again: whoever occurs once would come in with the second.
  if (step.epoch > 0) return false;
  if (sketch_) return sketch_->Add(id, occurrences) >= rules_.admit_count;
  const uint64_t draw = HashWords(schema_.seed(), schema_.salt(), id, step.chance);
  return UnitInterval(draw) < ChanceOfAny(rules_.admit_probability, occurrences);
}

// Has it a row by now?
bool Retention::Enter(const TableSchema::Step& step, uint64_t id, uint32_t occurrences,
                      RowTable* table) {
  std::optional<RowTable::Row> row = table->Find(id);
  if (!row) {
    if (!Admits(step, id, occurrences) || table->size() >= rules_.rows_max) return false;
    bool added = false;
    row = table->FindOrAdd(id, &added);
    schema_.InitRow(id, row->words());
    ++added_;
  }
  if (rules_.needs_stamps()) row->set_stamp(static_cast<uint32_t>(state_.age));
  return true;
}

void Retention::Admit(const TableSchema::Step& step, RowTable* table,
                      std::span<const uint64_t>* ids, std::span<const float>* gradients,
                      std::span<const uint32_t>* counts) {
  const uint32_t width = schema_.width();
  const size_t size = ids->size();
  ids_.clear();
  gradients_.clear();
  counts_.clear();
  size_t copied = 0;  // Of the ids, how many were looked at when something was last copied.
  const auto copy_up_to = [&](size_t end) {
    const auto from = static_cast<ptrdiff_t>(copied), to = static_cast<ptrdiff_t>(end);
    ids_.insert(ids_.end(), ids->begin() + from, ids->begin() + to);
    gradients_.insert(gradients_.end(), gradients->begin() + from * width,
                      gradients->begin() + to * width);
    if (!counts->empty()) {
      counts_.insert(counts_.end(), counts->begin() + from, counts->begin() + to);
    }
  };
  bool all = true;
  for (size_t i = 0; i < size; ++i) {
    if (i + kAhead < size) {
      table->Prefetch((*ids)[i + kAhead]);
      if (sketch_) sketch_->Prefetch((*ids)[i + kAhead]);
    }
    if (Enter(step, (*ids)[i], counts->empty() ? 1 : (*counts)[i], table)) continue;
    all = false;
    copy_up_to(i);
    copied = i + 1;
  }
  if (all) return;
  copy_up_to(size);
  *ids = ids_;
  *gradients = gradients_;
  if (!counts->empty()) *counts = counts_;
}

// ---- The sweep ------------------------------------------------------------------------------

bool Retention::IsOlder() const {
  return state_.clock >= (rules_.age_steps > 0 ? rules_.age_steps : rules_.age_rows);
}

const Retention::Found& Retention::Sweep(const RowTable& table) {
  found_.gone.clear();
  found_.old.clear();
  const uint64_t added = std::exchange(added_, 0);
  if (!rules_.needs_stamps()) return found_;
  state_.clock += rules_.age_steps > 0 ? 1 : added;
  if (!state_.sweeping) {
    const bool has_to_expire = rules_.age_steps > 0 && IsOlder();
    if (!has_to_expire && table.size() <= rules_.rows_aim) return found_;
    BeginSweep(table.size());
  }
  if (rules_.age_steps > 0) state_.owed += 2 * table.size() / rules_.age_steps + 1;
  if (table.size() > rules_.rows_aim) state_.owed += kSweepPerNewRow * added;
  if (table.size() >= rules_.rows_max) state_.owed = kSweepRowsMost;
  state_.owed = std::min(state_.owed, kSweepRowsMost);
  const bool at_end = table.ForEachFrom(state_.hand, [&](uint64_t id, const RowTable::Row& row) {
    if (state_.owed == 0 || found_.gone.size() == kGoneMost) {
      state_.hand = id;
      return false;
    }
    --state_.owed;
    Look(id, row);
    return true;
  });
  if (at_end) {
    state_.sweeping = false;
    state_.hand = first_id_;
    state_.owed = 0;
  }
  return found_;
}

void Retention::BeginSweep(uint64_t rows) {
  if (IsOlder()) {
    ++state_.age;
    state_.clock = 0;
  }
  state_.sweeping = true;
  ChooseScores(rows);
  state_.scores = {};
}

// From the last sweep's counts: up to which score rows have to go. It knows nothing of so many rows
// if it was the first, or long ago: then this one only counts.
void Retention::ChooseScores(uint64_t rows) {
  state_.goes_all = state_.goes_at = 0;
  if (rows <= rules_.rows_aim) return;
  const uint64_t excess = rows - rules_.rows_aim;
  uint64_t sum = 0;
  for (uint32_t score = 0; score < RetentionState::kScores; ++score) {
    if (sum + state_.scores[score] >= excess) {
      state_.goes_up_to = score;
      state_.goes_at = excess - sum;
      state_.goes_all = excess;
      return;
    }
    sum += state_.scores[score];
  }
}

bool Retention::GivesUp(uint32_t score) {
  if (state_.goes_all == 0 || score > state_.goes_up_to) return false;
  if (score == state_.goes_up_to) {
    if (state_.goes_at == 0) return false;
    --state_.goes_at;
  }
  --state_.goes_all;
  return true;
}

bool Retention::HasLightWeights(const RowTable::Row& row) const {
  if (rules_.expire_below == 0) return true;
  return std::all_of(row.words(), row.words() + schema_.width(),
                     [&](float weight) { return std::abs(weight) < rules_.expire_below; });
}

void Retention::Look(uint64_t id, const RowTable::Row& row) {
  const uint32_t age = AgeOf(row);
  const bool expires = rules_.age_steps > 0 && age == kAgeMost && HasLightWeights(row);
  if (expires || GivesUp(ScoreOf(row.count(), age))) {
    found_.gone.push_back(id);
    return;
  }
  if (age == kAgeMost) found_.old.push_back(id);
  ++state_.scores[ScoreOf(row.count(), std::min(age, kAgeMost - 1))];
}

void Retention::CarryOut(RowTable* table) const {
  for (const uint64_t id : found_.gone) CAIRN_CHECK(table->Erase(id));
  const auto stamp = static_cast<uint32_t>(state_.age - (kAgeMost - 1));
  for (const uint64_t id : found_.old) {
    RowTable::Row row = *table->Find(id);
    row.set_stamp(stamp);
    row.MarkDirty();
  }
}

}  // namespace cairn
