// table_limits [ROWS [PARTITIONS [ROUNDS]]]: the table of logistic regression (AdaGrad, one weight
// a row) against absl::flat_hash_map with prefetches and against a loop over an array of the same
// size, all in one process: memory, pauses while it grows, and the CPU time of a pulled and of a
// pushed key, medians of interleaved rounds.
#include <absl/container/flat_hash_map.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/prefetch.h"
#include "base/random.h"
#include "cairn/job.h"
#include "server/table_shard.h"

namespace cairn {
namespace {

constexpr size_t kBatchKeys = 10'000;
constexpr size_t kBatches = 100;   // Different ones in turn: 16 MB of ids.
constexpr size_t kFillKeys = 256;  // Of a batch while tables grow, whose time is a pause.
constexpr size_t kAhead = 16;
constexpr float kRate = 0.1f;

using Ids = std::span<const uint64_t>;

// A batch as a request brings it: ids ascend, and so partitions are ranges of it.
struct Batch {
  std::vector<uint64_t> ids;
  std::vector<uint32_t> offsets;  // [partitions + 1]
};

struct Content {
  float weight = 0;
  float squares = 1;
};
void Learn(float gradient, Content* row) {
  row->squares += gradient * gradient;
  row->weight -= kRate * gradient / std::sqrt(row->squares);
}

class Subject {
 public:
  explicit Subject(std::string name) : name_(std::move(name)) {}
  virtual ~Subject() = default;
  const std::string& name() const { return name_; }
  virtual void Pull(uint32_t partition, Ids ids, float* weights) = 0;
  virtual void Push(uint32_t partition, Ids ids, const float* gradients) = 0;

 private:
  const std::string name_;
};

class Table final : public Subject {
 public:
  explicit Table(uint32_t partitions) : Subject("cairn") {
    JobSpec job;
    job.partitions = partitions;
    TableSpec table;
    table.name = "bench";
    table.parts.resize(1);
    table.parts[0].optimizer.name = "adagrad";
    table.parts[0].optimizer.learning_rate = kRate;
    job.tables = {table};
    const auto schema = TableSchema::Make(job, 0, {}).value();
    for (uint32_t p = 0; p < partitions; ++p) shards_.emplace_back(schema, p);
  }
  void Pull(uint32_t partition, Ids ids, float* weights) override {
    shards_[partition].Read(ids, TableShard::Missing::kInitial, weights);
  }
  void Push(uint32_t partition, Ids ids, const float* gradients) override {
    shards_[partition].Apply({.chance = ++step_}, ids, {gradients, ids.size()}, {});
  }

 private:
  std::vector<TableShard> shards_;
  uint64_t step_ = 0;
};

// The same rows in the map, counted by the same rule.
class Map final : public Subject {
 public:
  Map() : Subject("absl::flat_hash_map") {}
  void Pull(uint32_t, Ids ids, float* weights) override {
    Begin(ids);
    for (size_t i = 0; i < ids.size(); ++i) {
      if (i + kAhead < ids.size()) map_.prefetch(ids[i + kAhead]);
      const auto found = map_.find(ids[i]);
      weights[i] = found == map_.end() ? 0 : found->second.content.weight;
    }
  }
  void Push(uint32_t, Ids ids, const float* gradients) override {
    Begin(ids);
    const TableSchema::Step step{.chance = ++step_};
    for (size_t i = 0; i < ids.size(); ++i) {
      if (i + kAhead < ids.size()) map_.prefetch(ids[i + kAhead]);
      Row& row = map_[ids[i]];
      row.count = TableSchema::CountRow(step, ids[i], 1, row.count);
      Learn(gradients[i], &row.content);
    }
  }

 private:
  struct Row {
    Content content;
    RowCount count = RowCount::Never();
  };
  void Begin(Ids ids) {
    for (size_t i = 0; i < std::min(kAhead, ids.size()); ++i) map_.prefetch(ids[i]);
  }
  absl::flat_hash_map<uint64_t, Row> map_;
  uint64_t step_ = 0;
};

// No search: the row is where the id says. What the memory allows.
class Loop final : public Subject {
 public:
  explicit Loop(uint64_t rows) : Subject("loop over an array"), slots_(rows * 6 / 5 + 1) {}
  void Pull(uint32_t, Ids ids, float* weights) override {
    for (size_t i = 0; i < ids.size(); ++i) {
      Prefetch(&At(ids[std::min(i + kAhead, ids.size() - 1)]));
      weights[i] = At(ids[i]).content.weight;
    }
  }
  void Push(uint32_t, Ids ids, const float* gradients) override {
    for (size_t i = 0; i < ids.size(); ++i) {
      PrefetchForWrite(&At(ids[std::min(i + kAhead, ids.size() - 1)]));
      Learn(gradients[i], &At(ids[i]).content);
    }
  }

 private:
  struct Slot {
    uint64_t id = 0;
    Content content;
  };
  Slot& At(uint64_t id) {
    return slots_[static_cast<size_t>((static_cast<unsigned __int128>(Mix64(id)) * slots_.size()) >>
                                      64)];
  }
  std::vector<Slot> slots_;
};

int64_t CpuNanos() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Of this process, in bytes: resident now, and the most since the last ForgetPeak.
uint64_t StatusBytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field))
      return std::strtoull(line.c_str() + field.size(), nullptr, 10) << 10;
  }
  return 0;
}
void ForgetPeak() { std::ofstream("/proc/self/clear_refs") << "5"; }

// Rows 0 .. rows - 1 in random order of ids; prints what they take and the pauses.
void Fill(uint64_t rows, int partition_bits, Subject* subject) {
  ForgetPeak();
  const uint64_t before = StatusBytes("VmRSS:");
  std::vector<std::vector<uint64_t>> waiting(size_t{1} << partition_bits);
  const std::vector<float> gradients(kFillKeys, 0.5f);
  std::vector<int64_t> pauses;
  const auto flush = [&](size_t partition) {
    std::vector<uint64_t>& ids = waiting[partition];
    const int64_t begin = CpuNanos();
    subject->Push(static_cast<uint32_t>(partition), ids, gradients.data());
    pauses.push_back(CpuNanos() - begin);
    ids.clear();
  };
  const int64_t begin = CpuNanos();
  for (uint64_t row = 0; row < rows; ++row) {
    const uint64_t id = Mix64(row);
    const size_t partition = partition_bits == 0 ? 0 : id >> (64 - partition_bits);
    waiting[partition].push_back(id);
    if (waiting[partition].size() == kFillKeys) flush(partition);
  }
  for (size_t p = 0; p < waiting.size(); ++p) {
    if (!waiting[p].empty()) flush(p);
  }
  const int64_t nanos = CpuNanos() - begin;
  const uint64_t after = StatusBytes("VmRSS:"), peak = StatusBytes("VmHWM:");
  std::sort(pauses.begin(), pauses.end());
  const auto count = static_cast<double>(rows);
  std::printf("| %s | %.2f | %.3f | %.0f | %.3f | %.3f |\n", subject->name().c_str(),
              static_cast<double>(after - before) / count,
              static_cast<double>(peak - before) / static_cast<double>(after - before),
              static_cast<double>(nanos) / count,
              static_cast<double>(pauses[pauses.size() - 1 - pauses.size() / 10'000]) * 1e-6,
              static_cast<double>(pauses.back()) * 1e-6);
  std::fflush(stdout);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int Main(uint64_t rows, uint32_t partitions, size_t rounds) {
  const int partition_bits = std::countr_zero(partitions);
  std::printf("%llu rows, %u partitions; pushes of %zu new keys; bytes a row of RSS\n\n",
              static_cast<unsigned long long>(rows), partitions, kFillKeys);
  std::printf("| growing | bytes a row | peak / steady | ns a row | p99.99 ms | most ms |\n");
  std::printf("|---|---|---|---|---|---|\n");
  std::vector<std::unique_ptr<Subject>> subjects;
  subjects.push_back(std::make_unique<Table>(partitions));
  Fill(rows, partition_bits, subjects[0].get());
  subjects.push_back(std::make_unique<Map>());
  Fill(rows, partition_bits, subjects[1].get());
  subjects.push_back(std::make_unique<Loop>(rows));

  SeededRandom random(1);
  std::vector<Batch> batches(kBatches);
  for (Batch& batch : batches) {
    for (size_t i = 0; i < kBatchKeys; ++i) batch.ids.push_back(Mix64(random.Below(rows)));
    std::sort(batch.ids.begin(), batch.ids.end());
    for (uint64_t p = 0; p <= partitions; ++p) {
      const uint64_t first = partition_bits == 0 ? 0 : p << (64 - partition_bits);
      const auto at = std::lower_bound(batch.ids.begin(), batch.ids.end(), first);
      batch.offsets.push_back(static_cast<uint32_t>(
          p == partitions ? kBatchKeys : static_cast<size_t>(at - batch.ids.begin())));
    }
  }
  std::vector<float> weights(kBatchKeys);
  const std::vector<float> gradients(kBatchKeys, 0.01f);
  const auto run = [&](Subject* subject, bool is_push) {
    const int64_t begin = CpuNanos();
    for (const Batch& batch : batches) {
      for (uint32_t p = 0; p < partitions; ++p) {
        const uint32_t first = batch.offsets[p];
        const Ids ids(batch.ids.data() + first, batch.offsets[p + 1] - first);
        if (ids.empty()) continue;
        if (is_push) {
          subject->Push(p, ids, gradients.data() + first);
        } else {
          subject->Pull(p, ids, weights.data() + first);
        }
      }
    }
    return static_cast<double>(CpuNanos() - begin) / (kBatches * kBatchKeys);
  };
  std::vector<std::array<std::vector<double>, 2>> nanos(subjects.size());
  for (size_t round = 0; round <= rounds; ++round) {  // The first one only warms up.
    for (size_t s = 0; s < subjects.size(); ++s) {
      for (const bool is_push : {false, true}) {
        const double took = run(subjects[s].get(), is_push);
        if (round > 0) nanos[s][is_push ? 1 : 0].push_back(took);
      }
    }
  }
  std::printf("\n| CPU ns a key, batches of %zu, medians of %zu | pull | push |\n|---|---|---|\n",
              kBatchKeys, rounds);
  for (size_t s = 0; s < subjects.size(); ++s) {
    std::printf("| %s | %.1f | %.1f |\n", subjects[s]->name().c_str(), Median(nanos[s][0]),
                Median(nanos[s][1]));
  }
  return 0;
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  const uint64_t rows = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000'000;
  const uint64_t partitions = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 64;
  const uint64_t rounds = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 9;
  if (argc > 4 || rows == 0 || rounds == 0 || !std::has_single_bit(partitions) ||
      partitions > 65'536) {
    std::fprintf(stderr, "usage: table_limits [ROWS [PARTITIONS, a power of two [ROUNDS]]]\n");
    return 2;
  }
  return cairn::Main(rows, static_cast<uint32_t>(partitions), rounds);
}
