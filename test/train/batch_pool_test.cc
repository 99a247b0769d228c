#include "train/batch_pool.h"

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "base/status.h"
#include "temp_files.h"
#include "train/data_sample.h"

namespace cairn {
namespace {

using Made = absl::StatusOr<std::unique_ptr<PreparedBatch>>;

// What the reading threads made, by step. Thread-safe.
class Results {
 public:
  BatchPool::Done Collector() {
    return [this](const StepKey& key, Made made) {
      MutexLock lock(mutex_);
      made_.emplace(key.step, std::move(made));
      changed_.NotifyAll();
    };
  }
  Made Take(StepIndex step) {
    MutexLock lock(mutex_);
    while (!made_.contains(step)) changed_.Wait(mutex_);
    Made made = std::move(made_.at(step));
    made_.erase(step);
    return made;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::map<StepIndex, Made> made_ CAIRN_GUARDED_BY(mutex_);
};

// Rows whose one feature is their number, from `first`; every row is good but the `bad` last ones.
std::string Rows(int first, int count, int bad = 0) {
  std::string text;
  for (int i = 0; i < count; ++i) text += Concat(i % 2, " 0:", first + i, ":1\n");
  for (int i = 0; i < bad; ++i) text += "1 what?\n";
  return text;
}

struct Pool {
  explicit Pool(const std::string& train, uint32_t threads = 2, double bad_rows_share = 0,
                const std::string& cache = "none") {
    BatchPool::Setup setup;
    setup.train = DataSource::Open({files.Write("train", train)}, {}).value();
    setup.valid = DataSource::Open({files.Write("valid", Rows(5000, 10))}, {}).value();
    const DefineOptions define{.format = DataFormat::kLibffm, .batch_rows = 50};
    setup.program.train = DefineData(*setup.train, define).value();
    setup.program.valid = DefineData(*setup.valid, define).value();
    setup.program.bad_rows_share = bad_rows_share;
    setup.program.schedule.epochs = 3;
    definition = setup.program.train;
    caches = RowCaches::Make({.where = cache}, setup.program).value();
    setup.caches = caches;
    model = MakeModel(setup.program.model).value();
    setup.model = model;
    setup.partitions = 4;
    setup.threads = threads;
    batches = BatchCount(setup.program.train);
    pool = BatchPool::Start(std::move(setup), results.Collector()).value();
  }
  size_t RowsOf(const PreparedBatch& batch) const { return model->Rows(batch).rows(); }

  TempFiles files;
  Results results;
  std::shared_ptr<const Model> model;
  DataDefinition definition;
  std::shared_ptr<RowCaches> caches;
  uint64_t batches = 0;
  std::unique_ptr<BatchPool> pool;
};

TEST_CASE("BatchPool: later epochs come out of the caches, and are the same") {
  Pool setup(Rows(0, 1000), 3, 0, "memory");
  Pool plain(Rows(0, 1000));
  StepIndex step = 0;
  for (uint64_t epoch = 0; epoch < 3; ++epoch) {
    for (uint64_t b = 0; b < setup.batches; ++b) {
      const ReadAction read{
          .key = {{0, 1}, ++step}, .evaluation = false, .epoch = epoch, .batch = b};
      setup.pool->Read(read);
      plain.pool->Read(read);
      const Made cached = setup.results.Take(step), parsed = plain.results.Take(step);
      REQUIRE(cached.ok());
      REQUIRE(parsed.ok());
      CHECK(setup.model->Rows(**cached) == plain.model->Rows(**parsed));
    }
  }
  CHECK(setup.caches->train->chunks_known() == ChunkCount(setup.definition));
  setup.pool->Read({.key = {{0, 1}, ++step}, .evaluation = true, .epoch = 0, .batch = 0});
  REQUIRE(setup.results.Take(step).ok());
  CHECK(setup.caches->valid->chunks_known() > 0);
}

TEST_CASE("BatchPool: the batches of an epoch hold every row once") {
  Pool setup(Rows(0, 1000), 3);
  REQUIRE(setup.batches > 3);
  for (uint64_t b = 0; b < setup.batches; ++b) {
    setup.pool->Read({.key = {{0, 1}, b + 1}, .evaluation = false, .epoch = 0, .batch = b});
  }
  size_t rows = 0, features = 0;
  for (uint64_t b = 0; b < setup.batches; ++b) {
    const Made made = setup.results.Take(b + 1);
    REQUIRE(made.ok());
    rows += setup.RowsOf(**made);
    features += (*(*made)->pull())[0]->unique();
  }
  CHECK(rows == 1000);
  CHECK(features == 1000);  // Each row has one of its own.
  CHECK(setup.pool->CheckBadRows() == absl::OkStatus());
}

TEST_CASE("BatchPool: evaluation reads the validation data, an empty step reads nothing") {
  Pool setup(Rows(0, 200));
  setup.pool->Read({.key = {{0, 1}, 1}, .evaluation = true, .epoch = 0, .batch = 0});
  setup.pool->Read(
      {.key = {{0, 1}, 2}, .evaluation = false, .epoch = 0, .batch = 0, .exists = false});
  CHECK(setup.RowsOf(**setup.results.Take(1)) == 10);
  CHECK(setup.RowsOf(**setup.results.Take(2)) == 0);
}

TEST_CASE("BatchPool: a bad row is an error with its place, unless a share of them is allowed") {
  const std::string text = Rows(0, 20, 1);
  SECTION("none is allowed") {
    Pool setup(text);
    setup.pool->Read({.key = {{0, 1}, 1}});
    const Made made = setup.results.Take(1);
    REQUIRE(made.status().code() == absl::StatusCode::kInvalidArgument);
    CHECK(MessageOf(made.status()).find("train:21:") != std::string_view::npos);
  }
  SECTION("some are") {
    Pool setup(text, 1, 0.5);
    setup.pool->Read({.key = {{0, 1}, 1}});
    CHECK(setup.RowsOf(**setup.results.Take(1)) == 20);
    CHECK(setup.pool->CheckBadRows() == absl::OkStatus());
  }
  SECTION("but not so many") {
    Pool setup(text, 1, 0.01);
    setup.pool->Read({.key = {{0, 1}, 1}});
    CHECK(setup.results.Take(1).ok());  // A share of a handful means nothing yet.
    CHECK(setup.pool->CheckBadRows().code() == absl::StatusCode::kInvalidArgument);
  }
}

TEST_CASE("BatchPool: other data than the program's is refused at the start") {
  const TempFiles files;
  BatchPool::Setup setup;
  setup.train = DataSource::Open({files.Write("a", Rows(0, 100))}, {}).value();
  setup.program.train = DefineData(*setup.train, {.format = DataFormat::kLibffm}).value();
  setup.train = DataSource::Open({files.Write("b", Rows(1, 100))}, {}).value();
  setup.model = MakeModel({}).value();
  const auto pool = BatchPool::Start(std::move(setup), [](const StepKey&, Made) {});
  CHECK(pool.status().code() == absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace cairn
