#include "cairn/client.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"
#include "base/done_signal.h"
#include "base/status.h"
#include "kernels/finite.h"
#include "kernels/target.h"
#include "sharding/merge.h"
#include "transport/address.h"
#include "transport/event_loop.h"
#include "transport/member_core.h"
#include "transport/process_report.h"
#include "transport/zmq_transport.h"
#include "wire/limits.h"
#include "worker/client_core.h"
#include "worker/client_shell.h"
#include "worker/client_stream.h"
#include "worker/pending.h"

namespace cairn {
namespace {

absl::Status StepIsVoid(StepIndex step) {
  return DataLoss("step ", step, " is of before Client::Resume: make it again");
}

std::shared_ptr<Pending::Impl> Failed(absl::Status status) {
  auto impl = std::make_shared<Pending::Impl>();
  impl->Complete(status, {});
  return impl;
}

// Bounds the bytes of pushes under way: the caller's thread waits here. Thread-safe.
class ByteWindow {
 public:
  explicit ByteWindow(uint64_t bytes_max) : bytes_max_(bytes_max) {}

  // One request larger than the window goes alone.
  void Enter(uint64_t bytes) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (bytes_ > 0 && bytes_ + bytes > bytes_max_) changed_.Wait(mutex_);
    bytes_ += bytes;
  }
  void Leave(uint64_t bytes) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    bytes_ -= bytes;
    changed_.NotifyAll();
  }

 private:
  const uint64_t bytes_max_;
  Mutex mutex_;
  CondVar changed_;
  uint64_t bytes_ CAIRN_GUARDED_BY(mutex_) = 0;
};

}  // namespace

// A client's operations as the loop's thread sees them. Everything below "the loop's thread" is
// touched by it alone.
class ClientShell final : public ShellClient {
 public:
  explicit ClientShell(const Options& options)
      : options_(options),
        window_(options.bytes_in_flight_max),
        loop_({.name = "client",
               .time = &time_,
               .on_message = [this](MessagePtr m) { OnMessage(m); },
               .on_tick = [this](Micros now) { OnTick(now); },
               .when_idle = EventLoop::Options::WhenIdle::kInline}) {}

  ~ClientShell() override {
    if (transport_ == nullptr) return;  // Join failed at once.
    DoneSignal<bool> left;
    Start([&] {
      Outbox out;
      if (!member_->ended()) member_->Leave(&out);
      SendAll(transport_.get(), &out);
      FailAll(MakeError(absl::StatusCode::kCancelled, "the client is closed"));
      left.Set(true);
    });
    left.WaitUntil(std::chrono::steady_clock::now() + std::chrono::seconds(5));
    loop_.Stop();
    transport_.reset();  // Last: the loop sends through it.
  }

  absl::Status Join(const TransportMaker& make_transport) {
    CAIRN_ASSIGN_OR_RETURN(transport_,
                           make_transport([this](MessagePtr m) { loop_.Deliver(std::move(m)); }));
    MemberCore::Options member;
    member.role = options_.read_only ? Role::kReader : Role::kClient;
    member.incarnation = NewIncarnation();
    member.coordinator_address = options_.coordinator;
    member.own_address = transport_->address();
    member.kernel_target = kKernelTarget;
    DescribeProcess(transport_.get(), &member);
    member.join_timeout = absl::ToInt64Microseconds(options_.join_timeout);
    member_ = std::make_unique<MemberCore>(std::move(member));
    loop_.Post([this] {
      Outbox out;
      member_->Start(time_.NowMicros(), &out);
      Finish({}, &out);
    });
    loop_.Start();
    const auto patience = absl::ToChronoMilliseconds(options_.join_timeout);
    const std::optional<absl::Status> joined =
        joined_.WaitUntil(std::chrono::steady_clock::now() + patience + std::chrono::seconds(1));
    if (!joined.has_value()) {
      return DeadlineExceeded("the job at ", options_.coordinator, " has not begun within ",
                              absl::FormatDuration(options_.join_timeout),
                              ": its coordinator waits for servers, or for a job");
    }
    return *joined;
  }

  const JobSpec& job() const override { return job_; }

  absl::StatusOr<Table> FindTable(const std::string& name) const override {
    std::string known;
    for (uint32_t i = 0; i < job_.tables.size(); ++i) {
      if (job_.tables[i].name == name) return Table{i, job_.tables[i].width()};
      known += (i == 0 ? "" : ", ") + job_.tables[i].name;
    }
    return NotFound("this job has no table \"", name, "\"; it has: ", known);
  }

  cairn::Pending Pull(const Table& table, std::span<const Key> keys,
                      std::span<float> rows) override {
    return cairn::Pending(
        StartPull(cairn::Pull::Kind::kTraining, nullptr, false, table, keys, rows));
  }
  cairn::Pending Read(const Table& table, std::span<const Key> keys,
                      std::span<float> rows) override {
    return cairn::Pending(
        StartPull(cairn::Pull::Kind::kReadOnly, nullptr, false, table, keys, rows));
  }
  cairn::Pending Push(const Table& table, std::span<const Key> keys,
                      std::span<const float> gradients) override {
    auto payload = MakePayload(table, keys, gradients);
    return cairn::Pending(payload.ok() ? StartPush(*std::move(payload)) : Failed(payload.status()));
  }
  cairn::Pending PushPull(const Table& table, std::span<const Key> push_keys,
                          std::span<const float> gradients, std::span<const Key> pull_keys,
                          std::span<float> rows) override {
    if (job_.mode.consistency == Consistency::kBsp) {
      return cairn::Pending(Failed(FailedPrecondition(
          "PushPull needs asp or ssp: in bsp a step is complete only when all have pushed")));
    }
    // Checked first: a call that is refused must not push either.
    if (absl::Status bad = CheckKeys(table, pull_keys, rows.size()); !bad.ok()) {
      return cairn::Pending(Failed(bad));
    }
    auto payload = MakePayload(table, push_keys, gradients);
    if (!payload.ok()) return cairn::Pending(Failed(payload.status()));
    // The push is not waited for: the pull asks for its effect, and a hole in the chain shows.
    StartPush(*std::move(payload));
    return cairn::Pending(
        StartPull(cairn::Pull::Kind::kTraining, nullptr, true, table, pull_keys, rows));
  }
  Step NextStep() override;
  absl::StatusOr<uint64_t> Resume() override;
  cairn::Pending ReadPayload(std::shared_ptr<const PullPayload> payload,
                             std::vector<std::vector<float>>* values) override;

  // ---- For Step.

  // Of a client's next step, or of one that it has made. Steps of before a Resume are of the past.
  struct StepName {
    StepIndex number = 0;
    uint64_t resumed = 0;

    bool operator==(const StepName&) const = default;
  };
  // `step`: null: the next one.
  std::shared_ptr<Pending::Impl> StartPull(cairn::Pull::Kind kind, const StepName* step,
                                           bool after_push, const Table& table,
                                           std::span<const Key> keys, std::span<float> rows);
  // Keys and gradients of one table, checked and coalesced.
  absl::StatusOr<TablePush> MakeTablePush(const Table& table, std::span<const Key> keys,
                                          std::span<const float> gradients);
  // A step that pushes to one table.
  absl::StatusOr<std::shared_ptr<PushPayload>> MakePayload(const Table& table,
                                                           std::span<const Key> keys,
                                                           std::span<const float> gradients);
  std::shared_ptr<Pending::Impl> StartPush(std::shared_ptr<PushPayload> payload);
  StepName next_step() CAIRN_EXCLUDES(step_mutex_) {
    MutexLock lock(step_mutex_);
    return next_step_;
  }

 private:
  struct Waiting {
    std::shared_ptr<Pending::Impl> pending;
    uint64_t window_bytes = 0;
  };

  absl::Status CheckKeys(const Table& table, std::span<const Key> keys, size_t floats) const;
  void PostPull(cairn::Pull::Kind kind, const StepName& step, StepIndex after_push,
                std::shared_ptr<const PullPayload> payload, std::shared_ptr<Pending::Impl> pending);
  std::shared_ptr<const KeyCut> CutKeys(const Table& table, std::span<const Key> keys)
      CAIRN_EXCLUDES(cut_mutex_);
  // Runs `task` as the loop's, where what it sends is sent from; tasks keep their order.
  void Start(std::function<void()> task) {
    const auto run = [this, task] { loop_.Run(task); };
    if (!transport_->Run(run)) loop_.Post(std::move(task));
  }
  Micros Deadline() const {
    return time_.NowMicros() + absl::ToInt64Microseconds(options_.deadline);
  }

  // ---- The loop's thread.
  void OnMessage(const MessagePtr& message);
  void OnTick(Micros now);
  void Finish(const MemberCore::News& news, Outbox* out);
  void OnGrants() CAIRN_EXCLUDES(step_mutex_);
  void MaybeResume() CAIRN_EXCLUDES(step_mutex_);
  void Settle();
  void FailAll(const absl::Status& status);
  void Release(const Waiting& waiting, const absl::Status& status, const PulledValues& values);
  // OK, or why nothing can be sent (any more); or not of this step.
  absl::Status Usable() const;
  absl::Status Usable(const StepName& step) const;

  const Options options_;
  const RealTimeSource time_;
  JobSpec job_;  // Const once joined.
  std::vector<TableLayout> layouts_;
  ByteWindow window_;
  std::unique_ptr<Transport> transport_;

  // The loop's thread.
  std::unique_ptr<MemberCore> member_;
  std::unique_ptr<ClientCore> core_;
  std::unique_ptr<ClientStream> stream_;  // With the core.
  std::map<OpId, Waiting> waiting_;
  uint64_t resumed_ = 0;                                            // So often.
  std::shared_ptr<DoneSignal<absl::StatusOr<uint64_t>>> resuming_;  // Who waits for a stream.

  Mutex cut_mutex_;
  std::unique_ptr<KeyCutter> cutter_ CAIRN_GUARDED_BY(cut_mutex_);
  Mutex step_mutex_;  // Steps are numbered and handed to the loop in one go.
  StepName next_step_ CAIRN_GUARDED_BY(step_mutex_) = {1, 0};

  DoneSignal<absl::Status> joined_;
  EventLoop loop_;
};

// ---- Calls, on any thread --------------------------------------------------------------------

absl::Status ClientShell::CheckKeys(const Table& table, std::span<const Key> keys,
                                    size_t floats) const {
  if (table.index >= job_.tables.size() || table.width != job_.tables[table.index].width()) {
    return InvalidArgument("table ", table.index, " is not one of this job's");
  }
  if (keys.size() > limits::kOpKeysMax) {
    return InvalidArgument(keys.size(), " keys in one call; at most ", limits::kOpKeysMax);
  }
  if (floats != keys.size() * table.width) {
    return InvalidArgument(floats, " floats for ", keys.size(), " rows of ", table.width);
  }
  const TableSpec& spec = job_.tables[table.index];
  if (spec.kind == TableSpec::Kind::kDense) {
    for (const Key key : keys) {
      if (key >= spec.blocks()) {
        return InvalidArgument("table ", spec.name, " has ", spec.blocks(), " blocks, not block ",
                               key);
      }
    }
  }
  return {};
}

std::shared_ptr<const KeyCut> ClientShell::CutKeys(const Table& table, std::span<const Key> keys) {
  MutexLock lock(cut_mutex_);
  return cutter_->Cut(layouts_[table.index], keys);
}

std::shared_ptr<Pending::Impl> ClientShell::StartPull(cairn::Pull::Kind kind, const StepName* step,
                                                      bool after_push, const Table& table,
                                                      std::span<const Key> keys,
                                                      std::span<float> rows) {
  if (absl::Status bad = CheckKeys(table, keys, rows.size()); !bad.ok()) return Failed(bad);
  if (kind == cairn::Pull::Kind::kTraining && options_.read_only) {
    return Failed(FailedPrecondition("this client joined read_only: use Read"));
  }
  std::shared_ptr<const KeyCut> cut = CutKeys(table, keys);
  auto pending = std::make_shared<Pending::Impl>(
      [rows](const PulledValues& values) { values.ScatterTo(0, rows); });
  auto payload = std::make_shared<const PullPayload>(PullPayload{cut});
  MutexLock lock(step_mutex_);
  const StepName at = step == nullptr ? next_step_ : *step;
  PostPull(kind, at, after_push ? at.number - 1 : 0, std::move(payload), pending);
  return pending;
}

void ClientShell::PostPull(cairn::Pull::Kind kind, const StepName& step, StepIndex after_push,
                           std::shared_ptr<const PullPayload> payload,
                           std::shared_ptr<Pending::Impl> pending) {
  Start([this, kind, step, after_push, payload = std::move(payload), pending = std::move(pending),
         deadline = Deadline()] {
    const bool is_training = kind == cairn::Pull::Kind::kTraining;
    if (absl::Status usable = is_training ? Usable(step) : Usable(); !usable.ok()) {
      pending->Complete(usable, {});
      return;
    }
    ClientCore::PullRequest request;
    request.kind = kind;
    if (is_training) {
      request.ref = stream_->ref();
      request.step = step.number;
      request.after_push = after_push;
    }
    request.payload = payload;
    request.deadline = deadline;
    Outbox out;
    const OpId op = core_->StartPull(std::move(request), time_.NowMicros(), &out);
    waiting_[op] = {pending, 0};
    Finish({}, &out);
  });
}

Pending ClientShell::ReadPayload(std::shared_ptr<const PullPayload> payload,
                                 std::vector<std::vector<float>>* values) {
  auto pending = std::make_shared<Pending::Impl>(
      [values](const PulledValues& read) { *values = read.Packed(); });
  PostPull(cairn::Pull::Kind::kReadOnly, {}, 0, std::move(payload), pending);
  return cairn::Pending(std::move(pending));
}

absl::StatusOr<TablePush> ClientShell::MakeTablePush(const Table& table, std::span<const Key> keys,
                                                     std::span<const float> gradients) {
  CAIRN_RETURN_IF_ERROR(CheckKeys(table, keys, gradients.size()));
  TablePush push;
  push.cut = CutKeys(table, keys);
  push.values = CoalesceRows(job_.tables[table.index], *push.cut, gradients);
  return push;
}

absl::StatusOr<std::shared_ptr<PushPayload>> ClientShell::MakePayload(
    const Table& table, std::span<const Key> keys, std::span<const float> gradients) {
  CAIRN_ASSIGN_OR_RETURN(TablePush push, MakeTablePush(table, keys, gradients));
  auto payload = std::make_shared<PushPayload>();
  payload->tables.push_back(std::move(push));
  return payload;
}

std::shared_ptr<Pending::Impl> ClientShell::StartPush(std::shared_ptr<PushPayload> payload) {
  if (options_.read_only) {
    return Failed(FailedPrecondition("this client joined read_only: it cannot push"));
  }
  uint64_t bytes = 0;
  for (const TablePush& table : payload->tables) {
    bytes += table.values.size() * sizeof(float) + table.cut->unique() * sizeof(uint64_t);
    // A gradient that is not finite must not reach the model; its stamp has to.
    payload->bare = payload->bare || !AllFinite(table.values);
  }
  window_.Enter(bytes);
  auto pending = std::make_shared<Pending::Impl>();
  MutexLock lock(step_mutex_);
  const StepName step = next_step_;
  ++next_step_.number;
  Start([this, step, payload, bytes, pending, deadline = Deadline()] {
    if (absl::Status usable = Usable(step); !usable.ok()) {
      Release({pending, bytes}, usable, {});
      return;
    }
    Outbox out;
    const OpId op =
        core_->StartPush({stream_->ref(), step.number, payload, deadline}, time_.NowMicros(), &out);
    waiting_[op] = {pending, bytes};
    Finish({}, &out);
  });
  return pending;
}

// ---- The loop's thread -----------------------------------------------------------------------

absl::Status ClientShell::Usable() const {
  if (member_->ended()) {
    return MakeError(absl::StatusCode::kAborted, "the job is over: ",
                     member_->end().ok() ? "it ended well" : MessageOf(member_->end()));
  }
  return stream_->fault();
}

absl::Status ClientShell::Usable(const StepName& step) const {
  absl::Status usable = Usable();
  if (usable.ok() && step.resumed != resumed_) return StepIsVoid(step.number);
  return usable;
}

void ClientShell::OnMessage(const MessagePtr& message) {
  Outbox out;
  const Micros now = time_.NowMicros();
  const MemberCore::News news = member_->Receive(*message, now, &out);
  if (core_ != nullptr) core_->Receive(*message, now, &out);
  Finish(news, &out);
  MaybeResume();  // Not in Finish: whoever makes a step holds step_mutex_ there.
}

void ClientShell::OnTick(Micros now) {
  Outbox out;
  const MemberCore::News news = member_->Tick(now, &out);
  if (core_ != nullptr) core_->Tick(now, &out);
  Finish(news, &out);
  MaybeResume();
}

void ClientShell::Finish(const MemberCore::News& news, Outbox* out) {
  const Micros now = time_.NowMicros();
  if (news.welcomed) {
    job_ = member_->welcome().job;
    for (uint32_t i = 0; i < job_.tables.size(); ++i) {
      layouts_.push_back(LayoutOf(job_.tables[i], i));
    }
    {
      MutexLock lock(cut_mutex_);
      cutter_ = std::make_unique<KeyCutter>(job_.partitions);
    }
    core_ = std::make_unique<ClientCore>(job_, member_.get(), ClientCore::Options{});
    stream_ = std::make_unique<ClientStream>(member_.get(), core_.get());
  }
  if (news.grants) OnGrants();
  if (news.map && core_ != nullptr) core_->OnMap(now, out);
  if (news.ended) {
    member_->Leave(out);
    joined_.Set(member_->end().ok() ? Usable() : member_->end());
    FailAll(Usable());
  }
  Micros wake = member_->next_tick();
  if (core_ != nullptr) {
    const bool ready = member_->map() != nullptr && (options_.read_only || stream_->granted());
    if (ready) joined_.Set({});
    Settle();
    stream_->Report(now, out);
    wake = std::min({wake, core_->next_tick(), stream_->next_report()});
  }
  SendAll(transport_.get(), out);
  loop_.SetTimer(wake);
}

void ClientShell::OnGrants() {
  const ClientStream::News news = stream_->OnGrants();
  if (news == ClientStream::News::kLost) FailAll(stream_->fault());
  if (news != ClientStream::News::kGranted) return;
  MutexLock lock(step_mutex_);
  next_step_.number = stream_->base() + 1;
}

absl::StatusOr<uint64_t> ClientShell::Resume() {
  if (options_.read_only)
    return FailedPrecondition("this client joined read_only: it has no steps");
  auto answer = std::make_shared<DoneSignal<absl::StatusOr<uint64_t>>>();
  Start([this, answer] {
    if (resuming_ != nullptr) {
      answer->Set(FailedPrecondition("another thread is in Client::Resume already"));
      return;
    }
    resuming_ = answer;
    MaybeResume();
  });
  const auto deadline =
      std::chrono::steady_clock::now() + absl::ToChronoMicroseconds(options_.deadline);
  const auto resumed = answer->WaitUntil(deadline);
  if (resumed.has_value()) return *resumed;
  Start([this, answer] {
    if (resuming_ == answer) resuming_.reset();
  });
  return DeadlineExceeded("the coordinator at ", options_.coordinator, " has not said within ",
                          absl::FormatDuration(options_.deadline),
                          " where this client goes on: the job waits for a server");
}

void ClientShell::MaybeResume() {
  if (resuming_ == nullptr) return;
  const bool is_back = stream_->taken_back();
  if (const absl::Status usable = Usable(); !usable.ok() && (member_->ended() || !is_back)) {
    std::exchange(resuming_, nullptr)->Set(usable);
    return;
  }
  if (is_back && !stream_->granted()) return;  // It will come.
  MutexLock lock(step_mutex_);
  if (is_back) {
    stream_->Resume();
    next_step_ = {stream_->base() + 1, ++resumed_};
  }
  std::exchange(resuming_, nullptr)->Set(next_step_.number);
}

void ClientShell::Settle() {
  for (const Completion& completion : core_->TakeCompletions()) {
    const auto found = waiting_.find(completion.op);
    const absl::Status status = stream_->StatusOf(completion);
    if (found == waiting_.end()) continue;
    const Waiting waiting = std::move(found->second);
    waiting_.erase(found);
    Release(waiting, status, completion.values);
  }
}

void ClientShell::Release(const Waiting& waiting, const absl::Status& status,
                          const PulledValues& values) {
  if (waiting.window_bytes > 0) window_.Leave(waiting.window_bytes);
  waiting.pending->Complete(status, values);
}

void ClientShell::FailAll(const absl::Status& status) {
  for (const auto& [op, waiting] : std::exchange(waiting_, {})) Release(waiting, status, {});
}

// ---- The public handles ----------------------------------------------------------------------

Pending::Pending(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Pending::Pending(Pending&&) noexcept = default;
Pending& Pending::operator=(Pending&& other) noexcept {
  if (impl_ != nullptr) impl_->Abandon();
  impl_ = std::move(other.impl_);
  return *this;
}
Pending::~Pending() {
  if (impl_ != nullptr) impl_->Abandon();
}
absl::Status Pending::Wait() { return impl_->Wait(); }
bool Pending::done() const { return impl_->done(); }
void Pending::Then(std::function<void(const absl::Status&)> callback) {
  impl_->Then(std::move(callback));
}

class Step::Impl {
 public:
  explicit Impl(ClientShell* client) : client(client), name(client->next_step()) {}

  ClientShell* const client;
  const ClientShell::StepName name;
  std::shared_ptr<PushPayload> payload = std::make_shared<PushPayload>();
  absl::Status fault;
};

Step ClientShell::NextStep() { return Step(std::make_unique<Step::Impl>(this)); }

Step::Step(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Step::Step(Step&&) noexcept = default;
Step& Step::operator=(Step&&) noexcept = default;
Step::~Step() = default;
uint64_t Step::number() const { return impl_->name.number; }

Pending Step::Pull(const Table& table, std::span<const Key> keys, std::span<float> rows) {
  return Pending(impl_->client->StartPull(cairn::Pull::Kind::kTraining, &impl_->name, false, table,
                                          keys, rows));
}

void Step::Push(const Table& table, std::span<const Key> keys, std::span<const float> gradients) {
  absl::StatusOr<TablePush> push = impl_->client->MakeTablePush(table, keys, gradients);
  for (const TablePush& other : impl_->payload->tables) {
    if (push.ok() && other.cut->table == table.index) {
      push = InvalidArgument("a step pushes to each table at most once");
    }
  }
  if (!push.ok()) {
    if (impl_->fault.ok()) impl_->fault = push.status();
    return;
  }
  impl_->payload->tables.push_back(*std::move(push));
}

Pending Step::Commit(const Info& info) {
  if (!impl_->fault.ok()) return Pending(Failed(impl_->fault));
  const ClientShell::StepName next = impl_->client->next_step();
  const StepIndex number = impl_->name.number;
  if (next.resumed != impl_->name.resumed) return Pending(Failed(StepIsVoid(number)));
  if (next != impl_->name) {
    return Pending(Failed(FailedPrecondition("step ", number, " was committed before")));
  }
  impl_->payload->epoch = info.epoch;
  impl_->payload->rate_factor = info.rate_factor;
  impl_->payload->rows = info.rows;
  return Pending(impl_->client->StartPush(std::move(impl_->payload)));
}

// ---- Joining ---------------------------------------------------------------------------------

absl::StatusOr<std::unique_ptr<ShellClient>> JoinClient(const Client::Options& options,
                                                        const TransportMaker& make_transport) {
  auto client = std::make_unique<ClientShell>(options);
  CAIRN_RETURN_IF_ERROR(client->Join(make_transport));
  return client;
}

absl::StatusOr<std::unique_ptr<Client>> Client::Join(const Options& options) {
  CAIRN_RETURN_IF_ERROR(Annotate(ParseAddress(options.coordinator).status(), "coordinator"));
  return JoinClient(options, [](MessageHandler handler) {
    return MakeZmqTransport(ZmqOptions{}, std::move(handler));
  });
}

}  // namespace cairn
