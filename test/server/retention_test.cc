#include "server/retention.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "server/table_shard.h"

namespace cairn {
namespace {

constexpr uint64_t kLargest = ~uint64_t{0};
constexpr uint32_t kPartitions = 4;

std::shared_ptr<const TableSchema> MakeSchema(const RetentionSpec& retention,
                                              uint32_t factors = 0) {
  TableSpec table;
  table.name = "t";
  table.parts[0].optimizer.name = "adagrad";
  table.parts[0].initializer = {InitializerSpec::Kind::kConstant, 0.25f};
  if (factors > 0) table.parts.push_back(PartSpec{.width = factors});
  table.retention = retention;
  JobSpec job;
  job.partitions = kPartitions;
  job.tables = {table};
  return TableSchema::Make(job, 0, {}).value();
}

// What Partition does with a shard.
void EndStep(TableShard* shard) {
  if (shard->Sweep() != nullptr) shard->CarryOutSweep();
}
void Push(TableShard* shard, const std::vector<uint64_t>& ids, const TableSchema::Step& step = {},
          const std::vector<uint32_t>& counts = {}) {
  const std::vector<float> gradients(ids.size() * shard->schema().width(), 0.5f);
  shard->Apply(step, ids, gradients, counts);
}
float Weight(const TableShard& shard, uint64_t id) {
  std::vector<float> weights(shard.schema().width());
  shard.Read(std::vector<uint64_t>{id}, TableShard::Missing::kInitial, weights.data());
  return weights[0];
}
// The ids of partition 0.
uint64_t IdOf(uint64_t i) { return Mix64(i + 1) >> 2; }

// ---- Admission ------------------------------------------------------------------------------

TEST_CASE("Retention: a key has no row, and reads 0, until it has occurred often enough",
          "[retention]") {
  TableShard shard(MakeSchema({.admit_count = 3}), 0);
  for (int i = 0; i < 2; ++i) {
    Push(&shard, {IdOf(1), IdOf(2)});
    CHECK(shard.rows() == 0);
    CHECK(Weight(shard, IdOf(1)) == 0);
  }
  Push(&shard, {IdOf(1)});
  CHECK(shard.rows() == 1);
  CHECK(Weight(shard, IdOf(1)) != 0);
  CHECK(Weight(shard, IdOf(1)) < 0.25f);  // From its initial weight, the third gradient only.
  CHECK(Weight(shard, IdOf(2)) == 0);
}

TEST_CASE("Retention: occurrences within one step count each", "[retention]") {
  TableShard shard(MakeSchema({.admit_count = 5}), 0);
  Push(&shard, {IdOf(1), IdOf(2)}, {}, {4, 5});
  CHECK(!shard.Has(IdOf(1)));
  CHECK(shard.Has(IdOf(2)));
  Push(&shard, {IdOf(1)}, {}, {1});
  CHECK(shard.Has(IdOf(1)));
}

TEST_CASE("Retention: what stays keeps its own gradients and counts", "[retention]") {
  const uint32_t factors = GENERATE(0u, 8u);
  TableShard shard(MakeSchema({.admit_count = 2}, factors), 0);
  TableShard plain(MakeSchema({}, factors), 0);
  std::vector<uint64_t> ids, admitted;
  std::vector<float> gradients, of_admitted;
  std::vector<uint32_t> counts, counts_of_admitted;
  for (uint64_t i = 1; i <= 300; ++i) {
    ids.push_back(i << 53);
    counts.push_back(1 + i % 7 % 2);
    for (uint32_t k = 0; k <= factors; ++k) gradients.push_back(static_cast<float>(i + k));
    if (counts.back() == 1) continue;
    admitted.push_back(ids.back());
    counts_of_admitted.push_back(counts.back());
    of_admitted.insert(of_admitted.end(), gradients.end() - factors - 1, gradients.end());
  }
  shard.Apply({}, ids, gradients, counts);
  plain.Apply({}, admitted, of_admitted, counts_of_admitted);
  CHECK(shard.rows() == admitted.size());
  std::vector<float> row(shard.schema().row_floats()), expected(row.size());
  for (const uint64_t id : admitted) {
    REQUIRE(shard.Get(id, row.data()));
    REQUIRE(plain.Get(id, expected.data()));
    CHECK(row == expected);
  }
}

TEST_CASE("Retention: only the first epoch admits", "[retention]") {
  const RetentionSpec spec =
      GENERATE(RetentionSpec{.admit_count = 2}, RetentionSpec{.admit_probability = 0.999f});
  TableShard shard(MakeSchema(spec), 0);
  for (int i = 0; i < 5; ++i) Push(&shard, {IdOf(1)}, {.epoch = 1, .chance = Mix64(i)});
  CHECK(shard.rows() == 0);
  for (int i = 0; i < 5; ++i) Push(&shard, {IdOf(1)}, {.epoch = 0, .chance = Mix64(i)});
  CHECK(shard.rows() == 1);
}

TEST_CASE("Retention: each occurrence has its chance, drawn from the step", "[retention]") {
  const uint32_t occurrences = GENERATE(1u, 3u, 50u);
  const double p = 0.05;
  TableShard shard(MakeSchema({.admit_probability = 0.05f}), 0),
      again(MakeSchema({.admit_probability = 0.05f}), 0);
  const uint64_t keys = 20'000;
  std::vector<uint64_t> ids;
  for (uint64_t i = 0; i < keys; ++i) ids.push_back(IdOf(i));
  std::sort(ids.begin(), ids.end());
  const std::vector<uint32_t> counts(keys, occurrences);
  Push(&shard, ids, {.chance = 7}, counts);
  Push(&again, ids, {.chance = 7}, counts);
  const double expected = 1 - std::pow(1 - p, occurrences);
  CHECK(static_cast<double>(shard.rows()) / keys == Approx(expected).margin(0.01));
  std::vector<uint64_t> held, held_again;
  shard.IdsInRange(0, kLargest, keys, &held);
  again.IdsInRange(0, kLargest, keys, &held_again);
  CHECK(held == held_again);
  const uint64_t rows = shard.rows();
  Push(&shard, ids, {.chance = 8}, counts);
  CHECK(shard.rows() > rows);  // Another step, other draws.
}

// ---- Expiry ---------------------------------------------------------------------------------

TEST_CASE("Retention: a row goes after so many steps without a push, and not before",
          "[retention]") {
  const uint64_t steps = GENERATE(1u, 2u, 7u, 100u, 1000u);
  TableShard shard(MakeSchema({.expire_steps = steps}), 0);
  const uint64_t starts = GENERATE(0u, 1u, 3u, 50u);
  for (uint64_t i = 0; i < starts; ++i) EndStep(&shard);
  Push(&shard, {IdOf(1), IdOf(2)});
  EndStep(&shard);
  uint64_t idle = 0;
  while (shard.Has(IdOf(1))) {
    Push(&shard, {IdOf(2)});
    EndStep(&shard);
    ++idle;
    REQUIRE(idle <= 2 * steps + 8);
  }
  CHECK(idle >= steps);
  CHECK(shard.Has(IdOf(2)));
  CHECK(Weight(shard, IdOf(1)) == 0.25f);  // As if it had never been there.
}

TEST_CASE("Retention: old rows with weights that count stay", "[retention]") {
  TableShard shard(MakeSchema({.expire_steps = 10, .expire_below = 0.1f}, 8), 0);
  std::vector<float> row(shard.schema().row_floats());
  const auto put = [&](uint64_t id, float weight, size_t at) {
    std::fill(row.begin(), row.end(), 0.0f);
    SetCount(RowCount::Near(1, false), row.data());
    row[kRowCountWords + at] = weight;
    shard.Put(id, row);
  };
  put(IdOf(1), 0.05f, 0);
  put(IdOf(2), -0.11f, 8);
  put(IdOf(3), std::nanf(""), 3);
  put(IdOf(4), 7.0f, shard.schema().width());  // Optimizer state is no weight.
  for (int i = 0; i < 200; ++i) EndStep(&shard);
  CHECK(!shard.Has(IdOf(1)));
  CHECK(shard.Has(IdOf(2)));
  CHECK(shard.Has(IdOf(3)));
  CHECK(!shard.Has(IdOf(4)));
}

TEST_CASE("Retention: a sweep looks at a bounded number of rows after each step", "[retention]") {
  TableShard shard(MakeSchema({.expire_steps = 2}), 0);
  const uint64_t rows = 100'000;
  std::vector<uint64_t> ids;
  for (uint64_t i = 0; i < rows; ++i) ids.push_back(IdOf(i));
  Push(&shard, ids);
  uint64_t steps = 0;
  for (uint64_t before = rows; before > 0; before = shard.rows(), ++steps) {
    EndStep(&shard);
    REQUIRE(before - shard.rows() <= 4'096);
    REQUIRE(steps < 100);
  }
  CHECK(steps > rows / 4'096);
}

// ---- Budget ---------------------------------------------------------------------------------

uint64_t BudgetFor(uint64_t rows, uint32_t words) {
  return kPartitions * rows * RowTable::BytesPerRow(words);
}

TEST_CASE("Retention: the budget is never exceeded, and nearly used", "[retention]") {
  const uint64_t rows_max = GENERATE(16u, 1'000u, 30'000u);
  const size_t new_rows = GENERATE(1u, 50u, 700u);
  TableShard shard(MakeSchema({.bytes_max = BudgetFor(rows_max, 2)}), 0);
  REQUIRE(shard.schema().retention().rows_max == rows_max);
  uint64_t next = 0, least = rows_max;
  const uint64_t keys = std::min<uint64_t>(rows_max * 8, 60'000);
  while (next < keys) {
    std::vector<uint64_t> ids;
    for (size_t i = 0; i < new_rows; ++i) ids.push_back(IdOf(next++));
    std::sort(ids.begin(), ids.end());
    Push(&shard, ids, {.chance = next});
    REQUIRE(shard.rows() <= rows_max);
    EndStep(&shard);
    if (next > 2 * rows_max) least = std::min(least, shard.rows());
  }
  if (keys > 2 * rows_max) CHECK(least >= rows_max - rows_max / 16 - rows_max / 32 - 2);
}

TEST_CASE("Retention: with a budget, rows that are seen often stay, of others the newest",
          "[retention]") {
  const uint64_t rows_max = 4'000;
  TableShard shard(MakeSchema({.bytes_max = BudgetFor(rows_max, 2)}), 0);
  const uint64_t hot = 1'000;
  uint64_t next = hot;
  const uint64_t steps = 2'000;
  for (uint64_t step = 0; step < steps; ++step) {
    std::set<uint64_t> ids;
    for (uint64_t i = 0; i < 50; ++i) ids.insert(IdOf(Mix64(step * 50 + i) % hot));
    for (uint64_t i = 0; i < 50; ++i) ids.insert(IdOf(next++));
    Push(&shard, {ids.begin(), ids.end()}, {.chance = step});
    EndStep(&shard);
  }
  for (uint64_t i = 0; i < hot; ++i) REQUIRE(shard.Has(IdOf(i)));
  uint64_t of_last = 0, of_first = 0;
  for (uint64_t i = 0; i < 1'000; ++i) {
    of_last += shard.Has(IdOf(next - 1 - i)) ? 1 : 0;
    of_first += shard.Has(IdOf(hot + i)) ? 1 : 0;
  }
  CHECK(of_last > 800);
  CHECK(of_first < 50);
}

TEST_CASE("Retention: rows beyond the budget, from a model that was loaded, go over some steps",
          "[retention]") {
  const uint64_t rows_max = 1'000;
  TableShard shard(MakeSchema({.bytes_max = BudgetFor(rows_max, 2)}), 0);
  std::vector<float> row(shard.schema().row_floats());
  for (uint64_t i = 0; i < 20'000; ++i) {
    SetCount(RowCount::Near(1 + i % 100, false), row.data());
    shard.Put(IdOf(i), row);
  }
  for (int step = 0; step < 20; ++step) {
    Push(&shard, {IdOf(99'999)});
    EndStep(&shard);
  }
  CHECK(shard.rows() <= rows_max);
  std::vector<uint64_t> ids;
  shard.IdsInRange(0, kLargest, 20'000, &ids);
  for (const uint64_t id : ids) {
    REQUIRE(shard.Get(id, row.data()));
    CHECK((id == IdOf(99'999) || CountOf(row.data()).seen() >= 64));
  }
}

// ---- Against a map --------------------------------------------------------------------------

// What a shard with retention should do, over a std::map: the same rules, told another way.
class Model {
 public:
  explicit Model(const TableSchema& schema) : schema_(schema), rules_(schema.retention()) {
    if (rules_.sketch_bytes > 0) sketch_.emplace(rules_.sketch_bytes, rules_.admit_count - 1, 2);
  }

  struct Row {
    uint64_t age = 0;  // Of the table, when it was last pushed to.
    std::vector<float> row;
  };

  void Apply(const TableSchema::Step& step, uint64_t id, const float* gradient, uint32_t count) {
    if (!rows_.contains(id)) {
      if (!Admits(step, id, count) || rows_.size() >= rules_.rows_max) return;
      Row& added = rows_[id];
      added.row.resize(schema_.row_floats());
      SetCount(RowCount::Never(), added.row.data());
      schema_.InitRow(id, added.row.data() + kRowCountWords);
      ++added_;
    }
    Row& found = rows_[id];
    found.age = age_;
    const RowCount seen = TableSchema::CountRow(step, id, count, CountOf(found.row.data()));
    SetCount(seen, found.row.data());
    std::vector<float> scratch(schema_.width());
    schema_.ApplyRow(step, gradient, count, seen, found.row.data() + kRowCountWords,
                     scratch.data());
  }

  void EndStep() {
    const uint64_t added = std::exchange(added_, 0);
    if (!rules_.needs_stamps()) return;
    const bool expires = rules_.age_steps > 0;
    clock_ += expires ? 1 : added;
    if (!next_) {
      const bool older = clock_ >= (expires ? rules_.age_steps : rules_.rows_max / 4);
      if (rows_.size() <= rules_.rows_aim && !(expires && older)) return;
      if (older) {
        ++age_;
        clock_ = 0;
      }
      ChooseVictims();
      next_ = 0;
      owed_ = 0;
    }
    if (expires) owed_ += 2 * rows_.size() / rules_.age_steps + 1;
    if (rows_.size() > rules_.rows_aim) owed_ += 32 * added;
    if (rows_.size() >= rules_.rows_max) owed_ = 32'768;
    owed_ = std::min<uint64_t>(owed_, 32'768);
    auto at = rows_.lower_bound(*next_);
    for (size_t gone = 0; at != rows_.end() && owed_ > 0 && gone < 4'096; --owed_) {
      const uint64_t age = age_ - at->second.age;
      const uint32_t seen = CountOf(at->second.row.data()).seen();
      if ((expires && age == 3 && IsLight(at->second)) || IsVictim(Score(seen, age))) {
        at = rows_.erase(at);
        ++gone;
        continue;
      }
      if (age == 3) at->second.age = age_ - 2;
      scores_.push_back(Score(seen, std::min<uint64_t>(age, 2)));
      ++at;
    }
    next_ = at == rows_.end() ? std::nullopt : std::optional(at->first);
  }

  const std::map<uint64_t, Row>& rows() const { return rows_; }
  uint64_t age() const { return age_; }

 private:
  bool Admits(const TableSchema::Step& step, uint64_t id, uint32_t count) {
    if (rules_.admits_at_once()) return true;
    if (step.epoch > 0) return false;
    if (sketch_) return sketch_->Add(id, count) >= rules_.admit_count;
    double none = 1;
    for (uint32_t i = 0; i < count; ++i) none *= 1 - rules_.admit_probability;
    return UnitInterval(HashWords(schema_.seed(), schema_.salt(), id, step.chance)) < 1 - none;
  }
  static int Score(uint32_t seen, uint64_t age) {
    return static_cast<int>(std::bit_width(seen)) - 2 * static_cast<int>(age);
  }
  bool IsLight(const Row& row) const {
    for (uint32_t i = 0; i < schema_.width() && rules_.expire_below > 0; ++i) {
      if (!(std::abs(row.row[kRowCountWords + i]) < rules_.expire_below)) return false;
    }
    return true;
  }
  // Of the scores that the last sweep left, the lowest: so many rows with those may go.
  void ChooseVictims() {
    std::sort(scores_.begin(), scores_.end());
    left_ = 0;
    const uint64_t excess = rows_.size() - std::min(rows_.size(), rules_.rows_aim);
    if (excess > 0 && excess <= scores_.size()) {
      const auto end = scores_.begin() + static_cast<ptrdiff_t>(excess);
      left_ = excess;
      highest_ = *(end - 1);
      left_of_highest_ = static_cast<uint64_t>(std::count(scores_.begin(), end, highest_));
    }
    scores_.clear();
  }
  bool IsVictim(int score) {
    if (left_ == 0 || score > highest_) return false;
    if (score == highest_ && left_of_highest_ == 0) return false;
    left_of_highest_ -= score == highest_ ? 1 : 0;
    --left_;
    return true;
  }

  const TableSchema& schema_;
  const RetentionRules& rules_;
  std::optional<CountSketch> sketch_;
  std::map<uint64_t, Row> rows_;
  uint64_t added_ = 0, clock_ = 0, age_ = 0, owed_ = 0;
  std::optional<uint64_t> next_;  // The sweep is to go on here; none: there is none.
  std::vector<int> scores_;
  uint64_t left_ = 0, left_of_highest_ = 0;
  int highest_ = 0;
};

// Ids of partition 0: spread evenly, in sequence, with equal high bits, and the first and the last.
uint64_t DrawId(Random* random) {
  constexpr uint64_t kMost = kLargest / kPartitions;
  switch (random->Below(8)) {
    case 0:
      return random->Below(2) == 0 ? 0 : kMost;
    case 1:
      return random->Below(300);
    case 2:
      return (uint64_t{0x2A5A} << 48) + random->Below(300) * 977;
    case 3:
      return random->Below(1 << 20) << 40;  // Rare ones.
    default:
      return IdOf(random->Below(2'000));
  }
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float x, float y) {
    return std::bit_cast<uint32_t>(x) == std::bit_cast<uint32_t>(y);
  });
}

void RequireEqual(const TableShard& shard, const Model& model) {
  std::vector<uint64_t> ids;
  shard.IdsInRange(0, kLargest, SIZE_MAX, &ids);
  REQUIRE(ids.size() == model.rows().size());
  size_t at = 0;
  for (const auto& [id, expected] : model.rows()) {
    std::vector<float> row(shard.schema().row_floats());
    REQUIRE(ids[at++] == id);
    REQUIRE(shard.Get(id, row.data()));
    if (shard.schema().retention().needs_stamps()) REQUIRE(StampOf(row.data()) == expected.age % 4);
    SetStamp(0, row.data());
    REQUIRE(SameBits(row, expected.row));
  }
}

TEST_CASE("Retention behaves as a map of rows under a million random pushes", "[retention]") {
  const uint32_t factors = GENERATE(0u, 7u);
  const uint64_t budget = BudgetFor(1'500, factors == 0 ? 2 : 16);
  const RetentionSpec spec = GENERATE_COPY(
      RetentionSpec{.admit_count = 2, .sketch_bytes = 64u << 10},
      RetentionSpec{.admit_count = 6, .sketch_bytes = 64u << 10, .expire_steps = 31},
      RetentionSpec{.admit_probability = 0.2f, .expire_steps = 60, .expire_below = 0.2f},
      RetentionSpec{.bytes_max = budget}, RetentionSpec{.expire_steps = 9, .bytes_max = budget},
      RetentionSpec{.admit_count = 2,
                    .sketch_bytes = 64u << 10,
                    .expire_steps = 300,
                    .expire_below = 0.5f,
                    .bytes_max = budget + (64u << 10)});
  TableShard shard(MakeSchema(spec, factors), 0);
  const TableSchema& schema = shard.schema();
  Model model(schema);
  size_t rows_most = 0;
  SeededRandom random(HashWords(factors, spec.admit_count, spec.expire_steps, spec.bytes_max));
  for (uint64_t number = 1; number <= 1'200; ++number) {
    std::set<uint64_t> drawn;
    const uint64_t most = random.Below(20) == 0 ? 1'000 : 100;
    for (uint64_t i = random.Below(most); i > 0; --i) drawn.insert(DrawId(&random));
    const std::vector<uint64_t> ids(drawn.begin(), drawn.end());
    std::vector<float> gradients(ids.size() * schema.width());
    for (float& gradient : gradients) gradient = static_cast<float>(random.Unit() - 0.5);
    std::vector<uint32_t> counts(random.Below(2) == 0 ? 0 : ids.size());
    for (uint32_t& count : counts) count = 1 + static_cast<uint32_t>(random.Below(3));
    const TableSchema::Step step{.epoch = number / 1'000, .chance = Mix64(number)};
    shard.Apply(step, ids, gradients, counts);
    for (size_t i = 0; i < ids.size(); ++i) {
      model.Apply(step, ids[i], &gradients[i * schema.width()], counts.empty() ? 1 : counts[i]);
    }
    REQUIRE(shard.rows() == model.rows().size());
    rows_most = std::max(rows_most, model.rows().size());
    EndStep(&shard);
    model.EndStep();
    REQUIRE(shard.rows() == model.rows().size());
    REQUIRE(shard.rows() <= schema.retention().rows_max);
    if (number % 300 == 0) RequireEqual(shard, model);
  }
  CHECK(rows_most > 50);
  if (schema.retention().needs_stamps()) CHECK(model.age() > 3);
}

}  // namespace
}  // namespace cairn
