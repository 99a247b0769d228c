// retention_limits [ROWS [ROUNDS]]: what admission, expiry and a budget cost a pushed key, on the
// table of logistic regression (AdaGrad, one weight a row): tables of the same rows, in turn, in
// one process. One key in ten of a batch has no row.
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "cairn/job.h"
#include "server/table_shard.h"

namespace cairn {
namespace {

constexpr uint32_t kPartitions = 64;
constexpr size_t kBatchKeys = 10'000;
constexpr size_t kBatches = 100;
constexpr uint64_t kNewShare = 10;  // One key in so many is new.

struct Batch {
  std::vector<uint64_t> ids;      // Ascending.
  std::vector<uint32_t> offsets;  // [kPartitions + 1]
};

Batch MakeBatch(uint64_t rows, uint64_t new_share, uint64_t* next_new, Random* random) {
  Batch batch;
  for (size_t i = 0; i < kBatchKeys; ++i) {
    const bool is_new = new_share > 0 && random->Below(new_share) == 0;
    batch.ids.push_back(Mix64(is_new ? rows + (*next_new)++ : random->Below(rows)));
  }
  std::sort(batch.ids.begin(), batch.ids.end());
  for (uint64_t p = 0; p <= kPartitions; ++p) {
    const auto at = p == kPartitions
                        ? batch.ids.end()
                        : std::lower_bound(batch.ids.begin(), batch.ids.end(), p << 58);
    batch.offsets.push_back(static_cast<uint32_t>(at - batch.ids.begin()));
  }
  return batch;
}

class Subject {
 public:
  Subject(std::string name, const RetentionSpec& retention) : name_(std::move(name)) {
    TableSpec table;
    table.name = "bench";
    table.parts[0].optimizer.name = "adagrad";
    table.retention = retention;
    JobSpec job;
    job.partitions = kPartitions;
    job.tables = {table};
    const auto schema = TableSchema::Make(job, 0, {}).value();
    for (uint32_t p = 0; p < kPartitions; ++p) shards_.emplace_back(schema, p);
  }

  const std::string& name() const { return name_; }

  // A row for each of the first keys, whatever is asked of them.
  void Fill(uint64_t rows) {
    std::vector<float> row(shards_[0].schema().row_floats());
    SetCount(RowCount::Near(3, false), row.data());
    for (uint64_t i = 0; i < rows; ++i) shards_[Mix64(i) >> 58].Put(Mix64(i), row);
  }

  void Push(const Batch& batch, const std::vector<float>& gradients) {
    ++step_;
    for (uint32_t p = 0; p < kPartitions; ++p) {
      const uint32_t first = batch.offsets[p], count = batch.offsets[p + 1] - first;
      shards_[p].Apply({.chance = step_}, {batch.ids.data() + first, count},
                       {gradients.data() + first, count}, {});
      if (shards_[p].Sweep() != nullptr) shards_[p].CarryOutSweep();
    }
  }

  uint64_t rows() const {
    uint64_t rows = 0;
    for (const TableShard& shard : shards_) rows += shard.rows();
    return rows;
  }
  uint64_t bytes() const {
    uint64_t bytes = 0;
    for (const TableShard& shard : shards_) bytes += shard.bytes();
    return bytes;
  }

 private:
  const std::string name_;
  std::vector<TableShard> shards_;
  uint64_t step_ = 0;
};

int64_t CpuNanos() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int Main(uint64_t rows, size_t rounds) {
  const uint64_t budget = rows * RowTable::BytesPerRow(2);
  std::vector<std::unique_ptr<Subject>> subjects;
  const auto add = [&](const char* name, const RetentionSpec& retention) {
    subjects.push_back(std::make_unique<Subject>(name, retention));
    subjects.back()->Fill(rows);
  };
  add("nothing", {});
  add("admit_count 2", {.admit_count = 2});
  add("admit_count 10", {.admit_count = 10});
  add("admit_probability 0.1", {.admit_probability = 0.1f});
  add("expire_steps 1e9", {.expire_steps = 1'000'000'000});
  add("expire_steps 1000", {.expire_steps = 1'000});
  add("budget, never full", {.bytes_max = 8 * budget});
  add("budget, always full", {.bytes_max = budget});

  SeededRandom random(1);
  uint64_t next_new = 0;
  std::vector<Batch> known;
  for (size_t i = 0; i < kBatches; ++i) known.push_back(MakeBatch(rows, 0, &next_new, &random));
  const std::vector<float> gradients(kBatchKeys, 0.01f);
  std::vector<std::vector<double>> nanos(subjects.size()), with_new(subjects.size());
  const auto run = [&](Subject* subject, const std::vector<Batch>& batches) {
    const int64_t begin = CpuNanos();
    for (const Batch& batch : batches) subject->Push(batch, gradients);
    return static_cast<double>(CpuNanos() - begin) / (kBatches * kBatchKeys);
  };
  for (size_t round = 0; round <= rounds; ++round) {  // The first one only warms up.
    std::vector<Batch> fresh;
    for (size_t i = 0; i < kBatches; ++i) {
      fresh.push_back(MakeBatch(rows, kNewShare, &next_new, &random));
    }
    for (size_t s = 0; s < subjects.size(); ++s) {
      const double all_known = run(subjects[s].get(), known);
      const double some_new = run(subjects[s].get(), fresh);
      if (round == 0) continue;
      nanos[s].push_back(all_known);
      with_new[s].push_back(some_new);
    }
  }
  std::printf(
      "%llu rows at first, %u partitions, batches of %zu keys, medians of %zu rounds of %zu; "
      "CPU ns a pushed key\n\n%-22s %10s %10s %12s %12s\n",
      static_cast<unsigned long long>(rows), kPartitions, kBatchKeys, rounds, kBatches, "",
      "all known", "10 % new", "rows then", "MiB then");
  for (size_t s = 0; s < subjects.size(); ++s) {
    std::printf("%-22s %10.1f %10.1f %12llu %12.1f\n", subjects[s]->name().c_str(),
                Median(nanos[s]), Median(with_new[s]),
                static_cast<unsigned long long>(subjects[s]->rows()),
                static_cast<double>(subjects[s]->bytes()) / (1 << 20));
  }
  return 0;
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  const uint64_t rows = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2'000'000;
  const uint64_t rounds = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 9;
  if (argc > 3 || rows < 100'000 || rounds == 0) {
    std::fprintf(stderr, "usage: retention_limits [ROWS, at least 100000 [ROUNDS]]\n");
    return 2;
  }
  return cairn::Main(rows, rounds);
}
