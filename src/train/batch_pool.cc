#include "train/batch_pool.h"

#include <utility>

#include "base/status.h"
#include "train/parsers.h"

namespace cairn {
namespace {

constexpr size_t kQueueMax = 1 << 20;                // The runner's windows keep it far shorter.
constexpr uint64_t kRowsBeforeShareCounts = 10'000;  // A share of a handful means nothing.
constexpr auto kForever = std::chrono::hours(24 * 365);

}  // namespace

BatchPool::BatchPool(Setup setup, Done done)
    : setup_(std::move(setup)), done_(std::move(done)), queue_(kQueueMax) {}

absl::StatusOr<std::unique_ptr<BatchPool>> BatchPool::Start(Setup setup, Done done) {
  auto pool = std::unique_ptr<BatchPool>(new BatchPool(std::move(setup), std::move(done)));
  const Setup& made = pool->setup_;
  BatchReader::Options options{LabelsOf(made.program.model), made.program.bad_rows_share > 0};
  for (uint32_t i = 0; i < made.threads; ++i) {
    Reader reader;
    if (made.caches != nullptr) options.cache = made.caches->train.get();
    CAIRN_ASSIGN_OR_RETURN(reader.train,
                           BatchReader::Create(made.train.get(), made.program.train, options));
    if (made.valid != nullptr) {
      if (made.caches != nullptr) options.cache = made.caches->valid.get();
      CAIRN_ASSIGN_OR_RETURN(reader.valid,
                             BatchReader::Create(made.valid.get(), made.program.valid, options));
    }
    reader.cutter = std::make_unique<KeyCutter>(made.partitions);
    pool->readers_.push_back(std::move(reader));
  }
  for (Reader& reader : pool->readers_) {
    pool->threads_.emplace_back([p = pool.get(), r = &reader] { p->Run(r); });
  }
  return pool;
}

BatchPool::~BatchPool() {
  queue_.Close();
  for (std::thread& thread : threads_) thread.join();
}

void BatchPool::Read(const ReadAction& action) { queue_.PushCompletion(action); }

void BatchPool::Run(Reader* reader) {
  while (true) {
    // Ends with Close: the owner's destructor.
    std::optional<ReadAction> action = queue_.PopUntil(std::chrono::steady_clock::now() + kForever);
    if (!action.has_value()) return;
    done_(action->key, Make(*action, reader));
  }
}

absl::Status BatchPool::ReadRows(const ReadAction& action, Reader* reader, RowBatch* rows) {
  BadRowLogs* const logs = action.epoch == 0 ? setup_.bad_rows : nullptr;
  if (action.evaluation) {
    CAIRN_RETURN_IF_ERROR(reader->valid->ReadInFileOrder(action.batch, rows));
    if (logs != nullptr) logs->valid.Add(*rows, *reader->valid);
  } else {
    CAIRN_RETURN_IF_ERROR(reader->train->Read(action.epoch, action.batch, rows));
    if (logs != nullptr) logs->train.Add(*rows, *reader->train);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<PreparedBatch>> BatchPool::Make(const ReadAction& action,
                                                               Reader* reader) {
  RowBatch rows;
  rows.Reserve(reader->rows + reader->rows / 8, reader->features + reader->features / 8);
  if (action.exists) CAIRN_RETURN_IF_ERROR(ReadRows(action, reader, &rows));
  reader->rows = rows.rows();
  reader->features = rows.features();
  rows_.fetch_add(rows.rows(), std::memory_order_relaxed);
  bad_rows_.fetch_add(rows.bad_rows, std::memory_order_relaxed);
  const uint64_t seen = rows_.load(std::memory_order_relaxed) + bad_rows_.load();
  if (seen >= kRowsBeforeShareCounts) CAIRN_RETURN_IF_ERROR(CheckBadRows());
  return setup_.model->Prepare(std::move(rows), reader->cutter.get());
}

absl::Status BatchPool::CheckBadRows() const {
  return CheckBadRowShare({rows_.load(), bad_rows_.load(), setup_.program.bad_rows_share});
}

}  // namespace cairn
