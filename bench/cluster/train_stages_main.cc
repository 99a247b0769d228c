// One pass over a text file, stage by stage on one thread, with nothing between the stages: what a
// program without servers, workers and messages would do. Beside it, in turn, the same pass as
// Train() does it.
//
// Usage: train_stages FILE [ROUNDS [ROWS]]
//   FILE    training data of any format that needs no further options, not compressed; read before
//           timing starts
//   ROUNDS  of which the median counts, 5 by default
//   ROWS    of a batch; by default what `cairn train` would take
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/status.h"
#include "cairn/memory.h"
#include "cairn/train.h"
#include "cluster/train_plan.h"
#include "server/table_shard.h"
#include "train/batch_reader.h"
#include "train/model.h"
#include "train/program.h"

namespace cairn {
namespace {

template <typename T>
T Must(absl::StatusOr<T> result) {
  if (result.ok()) return *std::move(result);
  std::fprintf(stderr, "train_stages: %s\n", std::string(MessageOf(result.status())).c_str());
  std::exit(ExitCode(result.status()));
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double Seconds(clockid_t clock) {
  timespec time{};
  CAIRN_CHECK(clock_gettime(clock, &time) == 0);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// CPU time of the calling thread since the last call.
class StageClock {
 public:
  double Next() {
    const double now = Seconds(CLOCK_THREAD_CPUTIME_ID);
    const double spent = now - last_;
    last_ = now;
    return spent;
  }

 private:
  double last_ = Seconds(CLOCK_THREAD_CPUTIME_ID);
};

constexpr uint32_t kBspStreams = 4;

enum Stage { kRead, kParse, kCut, kPull, kCompute, kPush, kStages };
constexpr const char* kNames[] = {"read", "parse",   "distinct keys by partition",
                                  "pull", "compute", "push"};

struct Pass {
  std::array<double, kStages> seconds{};  // CPU.
  uint64_t rows = 0;
  uint64_t features = 0;
  uint64_t unique = 0;

  double total() const {
    double sum = 0;
    for (const double stage : seconds) sum += stage;
    return sum;
  }
};

// Everything that a pass needs and keeps; a new one begins a new model.
class StagedPass {
 public:
  StagedPass(const TrainPlan& plan, const TrainProgram& program)
      : source_(plan.train.get()),
        job_(plan.setup.job),
        program_(program),
        model_(Must(MakeModel(program.model))),
        reader_(Must(BatchReader::Create(source_, program.train, {LabelKind::kBinary, false}))),
        cutter_(job_.partitions) {
    for (uint32_t t = 0; t < job_.tables.size(); ++t) {
      const auto schema = Must(TableSchema::Make(job_, t, {}));
      shards_.emplace_back();
      for (uint32_t p = 0; p < job_.partitions; ++p) shards_[t].emplace_back(schema, p);
    }
  }

  Pass Run() {
    Pass pass;
    const double reading = ReadOnly();
    StageClock clock;
    for (uint64_t b = 0; b < reader_->plan().batch_count(); ++b) {
      RowBatch rows;
      rows.Reserve(most_rows_, most_features_);
      clock.Next();
      const absl::Status read = reader_->Read(0, b, &rows);
      CAIRN_CHECK(read.ok());
      pass.seconds[kParse] += clock.Next();
      most_rows_ = std::max(most_rows_, rows.rows());
      most_features_ = std::max(most_features_, rows.features());
      pass.rows += rows.rows();
      pass.features += rows.features();
      const std::unique_ptr<PreparedBatch> batch = model_->Prepare(std::move(rows), &cutter_);
      pass.seconds[kCut] += clock.Next();
      const std::shared_ptr<const PullPayload> cuts = batch->pull();
      const std::vector<std::vector<float>> values = Pull(*cuts);
      pass.seconds[kPull] += clock.Next();
      const StepResult result = model_->Compute(*batch, values, 0, 1);
      pass.seconds[kCompute] += clock.Next();
      Push(b, *result.push);
      pass.seconds[kPush] += clock.Next();
      for (const auto& cut : *cuts) pass.unique += cut->unique();
    }
    pass.seconds[kRead] = reading;
    pass.seconds[kParse] -= reading;
    return pass;
  }

 private:
  // The same pieces of text in the same order, and nothing done with them. CPU seconds.
  double ReadOnly() {
    StageClock clock;
    std::string buffer;
    for (uint64_t b = 0; b < reader_->plan().batch_count(); ++b) {
      for (const TextRange& range : reader_->plan().Batch(0, b)) {
        CAIRN_CHECK(ReadLines(*source_, range, &buffer).ok());
      }
    }
    return clock.Next();
  }

  std::vector<std::vector<float>> Pull(const PullPayload& cuts) {
    std::vector<std::vector<float>> values;
    for (const auto& cut : cuts) {
      std::vector<float>& rows = values.emplace_back(cut->unique() * cut->width);
      for (uint32_t p = 0; p < job_.partitions; ++p) {
        shards_[cut->table][p].Read(cut->IdsOf(p), TableShard::Missing::kInitial,
                                    rows.data() + size_t{cut->offsets[p]} * cut->width);
      }
    }
    return values;
  }

  void Push(uint64_t step, const PushPayload& push) {
    for (const TablePush& table : push.tables) {
      const KeyCut& cut = *table.cut;
      for (uint32_t p = 0; p < job_.partitions; ++p) {
        const size_t begin = cut.offsets[p], count = cut.offsets[p + 1] - begin;
        if (count == 0) continue;
        shards_[cut.table][p].Apply(
            {.epoch = 0, .inverse_rows = 1.0f / static_cast<float>(push.rows), .chance = step},
            cut.IdsOf(p), {table.values.data() + begin * cut.width, count * cut.width},
            {cut.counts.data() + begin, count});
      }
    }
  }

  const DataSource* const source_;
  const JobSpec job_;
  const TrainProgram program_;
  const std::unique_ptr<Model> model_;
  const std::unique_ptr<BatchReader> reader_;
  KeyCutter cutter_;
  std::vector<std::vector<TableShard>> shards_;  // By table, by partition.
  size_t most_rows_ = 0, most_features_ = 0;
};

// What the memory allows: the file from its beginning to its end into one megabyte.
double ReadThrough(const std::string& path) {
  StageClock clock;
  std::vector<char> buffer(size_t{1} << 20);
  std::FILE* file = std::fopen(path.c_str(), "rb");
  CAIRN_CHECK(file != nullptr);
  std::setvbuf(file, nullptr, _IONBF, 0);
  while (std::fread(buffer.data(), 1, buffer.size(), file) > 0) {
  }
  std::fclose(file);
  return clock.Next();
}

struct TrainRun {
  double cpu = 0;
  double wall = 0;
};

TrainRun RunTrain(const TrainOptions& options) {
  const double wall = Seconds(CLOCK_MONOTONIC), cpu = Seconds(CLOCK_PROCESS_CPUTIME_ID);
  Must(Train(options));
  return {Seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, Seconds(CLOCK_MONOTONIC) - wall};
}

int Main(const std::string& path, size_t rounds, uint32_t rows) {
  TrainOptions options;
  options.train = {path};
  options.epochs = 1;
  options.batch_rows = rows;
  const TrainPlan plan = Must(MakeTrainPlan(options));
  const TrainProgram program = Must(DecodeProgram(plan.setup.job.program));
  std::array<std::vector<double>, kStages> stages;
  TrainOptions lockstep = options;
  lockstep.mode = {Consistency::kBsp, 0};
  lockstep.streams = kBspStreams;
  std::vector<double> total, through, cpu, wall, bsp_cpu, bsp_wall;
  Pass pass;
  for (size_t round = 0; round <= rounds; ++round) {
    pass = StagedPass(plan, program).Run();
    const double read_through = ReadThrough(path);
    const TrainRun train = RunTrain(options), bsp = RunTrain(lockstep);
    if (round == 0) continue;  // It brought the file into memory.
    for (size_t s = 0; s < kStages; ++s) stages[s].push_back(pass.seconds[s]);
    total.push_back(pass.total());
    through.push_back(read_through);
    cpu.push_back(train.cpu);
    wall.push_back(train.wall);
    bsp_cpu.push_back(bsp.cpu);
    bsp_wall.push_back(bsp.wall);
  }
  const auto features = static_cast<double>(pass.features);
  std::printf("%s\n%llu rows, %llu features, %.3f distinct a batch and feature; medians of %zu\n\n",
              plan.data_description.c_str(), static_cast<unsigned long long>(pass.rows),
              static_cast<unsigned long long>(pass.features),
              static_cast<double>(pass.unique) / features, rounds);
  std::printf("| stage | CPU s | ns a feature | ns a distinct key |\n|---|---|---|---|\n");
  for (size_t s = 0; s < kStages; ++s) {
    const double seconds = Median(stages[s]);
    std::printf("| %s | %.3f | %.2f | %.1f |\n", kNames[s], seconds, seconds * 1e9 / features,
                seconds * 1e9 / static_cast<double>(pass.unique));
  }
  const auto rate = [&](double seconds) { return static_cast<double>(pass.rows) / seconds * 1e-6; };
  std::printf("| all, on one thread | %.3f | %.2f | |\n", Median(total),
              Median(total) * 1e9 / features);
  std::printf("| reading the file through, 1 MiB at a time | %.3f | %.2f | |\n", Median(through),
              Median(through) * 1e9 / features);
  for (const auto& [name, seconds] : {std::pair("Train()", &cpu), std::pair("in bsp", &bsp_cpu)}) {
    std::printf("| %s | %.3f | %.2f | |\n", name, Median(*seconds),
                Median(*seconds) * 1e9 / features);
  }
  std::printf(
      "\nParser: %.0f MB/s of text. All stages on one thread: %.2f million rows/s.\n"
      "Train(): %.3f s, %.2f million rows/s; in bsp with %u streams: %.3f s, %.2f.\n",
      static_cast<double>(std::filesystem::file_size(path)) * 1e-6 / Median(stages[kParse]),
      rate(Median(total)), Median(wall), rate(Median(wall)), kBspStreams, Median(bsp_wall),
      rate(Median(bsp_wall)));
  return 0;
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  const uint64_t rounds = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 5;
  const uint64_t rows = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 0;
  if (argc < 2 || argc > 4 || rounds == 0 || rounds > 1'000 || rows > 1'000'000) {
    std::fprintf(stderr, "usage: train_stages FILE [ROUNDS [ROWS of a batch]]\n");
    return 2;
  }
  cairn::KeepFreedMemory();  // As the programs do.
  return cairn::Main(argv[1], rounds, static_cast<uint32_t>(rows));
}
