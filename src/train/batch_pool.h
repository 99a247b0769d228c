// Threads that turn numbers of batches into prepared batches, ahead of the worker's need.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "train/bad_row_log.h"
#include "train/batch_reader.h"
#include "train/model.h"
#include "train/program.h"
#include "transport/mailbox.h"

namespace cairn {

// Thread-safe.
class BatchPool {
 public:
  struct Setup {
    TrainProgram program;
    std::shared_ptr<const DataSource> train;
    std::shared_ptr<const DataSource> valid;  // Null: there is no validation data.
    std::shared_ptr<const Model> model;
    uint32_t partitions = 1;
    uint32_t threads = 1;
    std::shared_ptr<RowCaches> caches;  // Shared with other workers of the process; null: none.
    BadRowLogs* bad_rows = nullptr;  // Of the first epoch; must outlive the pool. Null: nobody's.
  };
  // Called on a reading thread; may be called from several at once.
  using Done = std::function<void(const StepKey&, absl::StatusOr<std::unique_ptr<PreparedBatch>>)>;

  // kFailedPrecondition: the data is not what the program was made for.
  static absl::StatusOr<std::unique_ptr<BatchPool>> Start(Setup setup, Done done);
  ~BatchPool();  // Waits for the batches in hand; the others are dropped.

  // Batches are made in the order of the calls, as far as threads allow.
  void Read(const ReadAction& action);

  // kInvalidArgument: more than the program's share of the rows so far were bad.
  absl::Status CheckBadRows() const;

 private:
  struct Reader {
    std::unique_ptr<BatchReader> train;
    std::unique_ptr<BatchReader> valid;
    std::unique_ptr<KeyCutter> cutter;
    size_t rows = 0, features = 0;  // Of the last batch.
  };

  BatchPool(Setup setup, Done done);
  void Run(Reader* reader);
  absl::Status ReadRows(const ReadAction& action, Reader* reader, RowBatch* rows);
  absl::StatusOr<std::unique_ptr<PreparedBatch>> Make(const ReadAction& action, Reader* reader);

  const Setup setup_;
  const Done done_;
  std::atomic<uint64_t> rows_{0};
  std::atomic<uint64_t> bad_rows_{0};
  Mailbox<ReadAction> queue_;
  std::vector<Reader> readers_;
  std::vector<std::thread> threads_;
};

}  // namespace cairn
