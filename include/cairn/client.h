// The API of a training program: join a job, pull rows, push gradients.
//
//   auto client = cairn::Client::Join({.coordinator = "tcp://10.0.0.1:7700"});
//   cairn::Table weights = *(*client)->FindTable("weights");
//   for (each batch) {
//     (*client)->Pull(weights, keys, rows).Wait();
//     ...compute gradients from rows...
//     (*client)->Push(weights, keys, gradients).Wait();
//   }
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cairn/job.h"
#include "cairn/types.h"

namespace cairn {

// Names one table of the job. A value; valid for every client of that job.
struct Table {
  uint32_t index = 0;
  uint32_t width = 1;  // Floats of a row.
};

// A request under way. Destruction abandons it: buffers are not touched afterwards, but an
// abandoned push may still be applied. Thread-safe.
class [[nodiscard]] Pending {
 public:
  Pending(Pending&&) noexcept;
  Pending& operator=(Pending&&) noexcept;
  ~Pending();

  // Blocks until the request is done. kDeadlineExceeded: no answer in time, and which server was
  // waited for; a push may still be applied. kAborted: the job is over, or has given this client
  // up. kInvalidArgument: the request contradicts the job. After a push that failed in one of these
  // ways the client's stream has a hole: it cannot push any more, make a new client.
  // kDataLoss: a server was lost, and the model is again as in a checkpoint: Client::Resume.
  absl::Status Wait();
  bool done() const;
  // Calls back when it is done, on a thread of Cairn's, which may be one of the transport or of a
  // server in the same process (at once, if it is done already). The callback must not block and
  // must not call Wait. At most one.
  void Then(std::function<void(const absl::Status&)> callback);

  class Impl;
  explicit Pending(std::shared_ptr<Impl> impl);

 private:
  std::shared_ptr<Impl> impl_;  // Shared with the client's thread, which completes it.
};

// One step of the client's stream: what it pulls, and what it pushes, all tables together, applied
// as a whole and exactly once. Made by Client::NextStep; not thread-safe.
class Step {
 public:
  Step(Step&&) noexcept;
  Step& operator=(Step&&) noexcept;
  ~Step();  // Without Commit nothing is pushed, and the step's number is used again.

  // From 1; after those of the checkpoint, if the job was resumed (kBsp, kSsp) or has gone back.
  uint64_t number() const;
  // As Client::Pull, for this step.
  Pending Pull(const Table& table, std::span<const Key> keys, std::span<float> rows);
  // Adds gradients [keys.size() x width] to the step; copies. At most once a table.
  void Push(const Table& table, std::span<const Key> keys, std::span<const float> gradients);
  struct Info {
    uint32_t rows = 0;      // Rows of data behind the gradients: for TableSpec::Reduction::kMean.
    uint64_t epoch = 0;     // Passes over the data so far: for the prior (doc/optimizers.md).
    float rate_factor = 1;  // Learning-rate schedule.
  };
  // Sends the step. In kBsp and kSsp every stream has to commit every step, an empty one too.
  Pending Commit(const Info& info);

  class Impl;
  explicit Step(std::unique_ptr<Impl> impl);

 private:
  std::unique_ptr<Impl> impl_;
};

// Membership of one job. Thread-safe, but for Step. There are no globals: a process may hold many.
class Client {
 public:
  struct Options {
    std::string coordinator;  // "tcp://HOST:PORT" or "ipc:///PATH".
    bool read_only = false;   // Only Read is allowed, and the job does not count on this client.
    absl::Duration deadline = absl::Seconds(60);  // Of each request, repetitions included.
    absl::Duration join_timeout = absl::Seconds(60);
    // Beyond this many bytes of pushes under way, Push and Commit block.
    uint64_t bytes_in_flight_max = 64u << 20;
  };
  // kDeadlineExceeded: nobody answers at that address.
  static absl::StatusOr<std::unique_ptr<Client>> Join(const Options& options);
  virtual ~Client() = default;  // Leaves the job. Wait for your pushes first.

  virtual const JobSpec& job() const = 0;
  virtual absl::StatusOr<Table> FindTable(const std::string& name) const = 0;

  // Fills rows [keys.size() x width] for this client's next step, under the job's consistency. Keys
  // may repeat and need no order. Both spans must outlive the Pending. A key without a row reads
  // its initial weights. Dense tables: keys are block indices.
  virtual Pending Pull(const Table& table, std::span<const Key> keys, std::span<float> rows) = 0;
  // One step that pushes to one table. Copies its arguments. Gradients of a repeated key are added
  // up in their order.
  virtual Pending Push(const Table& table, std::span<const Key> keys,
                       std::span<const float> gradients) = 0;
  // Both in one round trip: what is pulled includes what is pushed. Not in kBsp, where a step is
  // complete only when everybody has pushed.
  virtual Pending PushPull(const Table& table, std::span<const Key> push_keys,
                           std::span<const float> gradients, std::span<const Key> pull_keys,
                           std::span<float> rows) = 0;
  // Several tables in one step.
  virtual Step NextStep() = 0;
  // After a kDataLoss: all calls return that, until this one says that you know. Returns the number
  // of the step from which on pushes are lost: push them again, the same ones, one by one; what a
  // part of the model has of them already is not added twice. Steps made before are void. Without
  // such a loss: the next step's number. kDeadlineExceeded: within Options::deadline nobody has
  // said where to go on. Thread-safe, but whose pushes come after it is for you to say.
  virtual absl::StatusOr<uint64_t> Resume() = 0;
  // Fills rows as things are now, waiting for nobody; a key without a row reads 0: for evaluation.
  virtual Pending Read(const Table& table, std::span<const Key> keys, std::span<float> rows) = 0;
};

}  // namespace cairn
