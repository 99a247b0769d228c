#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/check.h"
#include "base/done_signal.h"
#include "base/log.h"
#include "base/posix_file_system.h"
#include "base/status.h"
#include "kernels/target.h"
#include "server/come_again.h"
#include "server/executor_core.h"
#include "server/server_shell.h"
#include "server/storage_worker.h"
#include "transport/address.h"
#include "transport/coordinator_watch.h"
#include "transport/event_loop.h"
#include "transport/member_core.h"
#include "transport/process_report.h"
#include "transport/zmq_transport.h"

namespace cairn {
namespace {

// Threads: one control loop (membership), one loop for each executor, one for storage. The
// transport's threads only hand messages over.
class ServerShell final : public Server {
 public:
  ServerShell(const Options& options, FileSystem* files)
      : options_(options),
        storage_(files, &time_),
        control_({.name = "server",
                  .time = &time_,
                  .on_message = [this](MessagePtr m) { OnControlMessage(m); },
                  .on_tick = [this](Micros now) { OnControlTick(now); }}) {}

  ~ServerShell() override {
    control_.Stop();
    for (const auto& executor : executors_) executor->loop.Stop();
    storage_.Stop();
    transport_.reset();  // Last: the loops send through it.
  }

  absl::Status Start(const TransportMaker& make_transport) {
    CAIRN_ASSIGN_OR_RETURN(transport_,
                           make_transport([this](MessagePtr m) { Dispatch(std::move(m)); }));
    MemberCore::Options member;
    member.role = Role::kServer;
    member.incarnation = NewIncarnation();
    member.coordinator_address = options_.coordinator;
    member.own_address = transport_->address();
    member.kernel_target = kKernelTarget;
    DescribeProcess(transport_.get(), &member);
    member.join_timeout = absl::ToInt64Microseconds(options_.join_timeout);
    member.orphan_timeout = absl::ToInt64Microseconds(options_.orphan_timeout);
    member.leave_timeout = absl::ToInt64Microseconds(options_.leave_timeout);
    member_ = std::make_unique<MemberCore>(std::move(member));
    control_.Post([this] {
      Outbox out;
      member_->Start(time_.NowMicros(), &out);
      Finish({}, &out);
    });
    control_.Start();
    return {};
  }

  const std::string& address() const override { return transport_->address(); }
  absl::Status Wait() override { return done_.Wait(); }
  bool WaitFor(absl::Duration patience) const override {
    const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoMicroseconds(patience);
    return done_.WaitUntil(deadline).has_value();
  }
  absl::Status Health() const override {
    return watch_.Health(options_.coordinator, time_.NowMicros());
  }
  void Leave() override {
    control_.Post([this] {
      Outbox out;
      const MemberCore::News news = member_->AskToLeave(time_.NowMicros(), &out);
      Finish(news, &out);
    });
  }

 private:
  struct Executor {
    std::unique_ptr<ExecutorCore> core;
    EventLoop loop;

    explicit Executor(EventLoop::Options loop_options) : loop(std::move(loop_options)) {}
  };

  static bool IsData(const Message& message) {
    return std::holds_alternative<Push>(message.body) ||
           std::holds_alternative<Pull>(message.body) ||
           std::holds_alternative<SnapshotRequest>(message.body);
  }

  // Any thread of the transport. What comes before the executors run is the control loop's.
  void Dispatch(MessagePtr message) {
    if (IsData(*message) && serving_.load(std::memory_order_acquire)) {
      HandOver(message);
    } else {
      control_.Deliver(std::move(message));
    }
  }

  // To the executors that it concerns. Those that are busy have it come again later.
  void HandOver(const MessagePtr& message) {
    bool taken = true;
    for (const auto& executor : executors_) {
      const bool concerns = executors_.size() == 1 || Concerns(*message, *executor->core);
      taken = (!concerns || executor->loop.Deliver(message)) && taken;
    }
    if (!taken) Refuse(*message);
  }

  // By the control loop: when the transport goes, its threads bring messages still.
  void Refuse(const Message& request) {
    const MessagePtr answer = ComeAgain(request);
    if (answer == nullptr || refusals_.load(std::memory_order_relaxed) >= kRefusalsMax) return;
    refusals_.fetch_add(1, std::memory_order_relaxed);
    control_.Post([this, answer] {
      refusals_.fetch_sub(1, std::memory_order_relaxed);
      transport_->Reply(answer->header.to, answer);
    });
  }

  static bool Concerns(const Message& message, const ExecutorCore& core) {
    const auto serves = [&](const auto& part) { return core.Serves(part.partition); };
    if (const auto* push = BodyAs<Push>(message)) {
      return std::any_of(push->parts.begin(), push->parts.end(), serves);
    }
    if (const auto* pull = BodyAs<Pull>(message)) {
      return std::any_of(pull->parts.begin(), pull->parts.end(), serves);
    }
    const auto* request = BodyAs<SnapshotRequest>(message);
    return request != nullptr && core.Serves(request->partition);
  }

  // ---- The control loop's thread.
  void OnControlMessage(const MessagePtr& message) {
    if (IsData(*message)) {
      OnEarlyRequest(message);
      return;
    }
    Outbox out;
    if (message->header.from.process == kCoordinatorProcess) watch_.Heard(time_.NowMicros());
    MemberCore::News news = member_->Receive(*message, time_.NowMicros(), &out);
    if (news.welcomed) {
      VLOG(1) << "joined the job " << member_->welcome().job.name << " as server "
              << member_->self().process;
      StartExecutors(&news, &out);
    }
    if (news.map) {  // However busy they are: nobody would say it again.
      for (uint32_t e = 0; e < executors_.size(); ++e) {
        executors_[e]->loop.Post([this, e, message] { Handle(e, message); });
      }
    }
    Finish(news, &out);
  }

  // Answered at once, so that its sender comes again when there is somebody to serve it.
  void OnEarlyRequest(const MessagePtr& message) {
    if (serving_.load(std::memory_order_relaxed)) {  // In the meantime.
      HandOver(message);
    } else if (message->header.to.incarnation == member_->self().incarnation) {
      const MessagePtr answer = ComeAgain(*message);
      if (answer != nullptr) transport_->Reply(answer->header.to, answer);
    }
  }

  void OnControlTick(Micros now) {
    Outbox out;
    const MemberCore::News news = member_->Tick(now, &out);
    Finish(news, &out);
  }

  void Finish(const MemberCore::News& news, Outbox* out) {
    if (news.ended) {
      VLOG(1) << "the job has ended: " << member_->end();
      storage_.Stop();  // Who has said goodbye writes nothing any more.
      member_->Leave(out);
    }
    SendAll(transport_.get(), out);
    control_.SetTimer(member_->next_tick());
    if (news.ended) done_.Set(EndStatus());
  }

  absl::Status EndStatus() const {
    if (!failure_.ok()) return failure_;
    const bool has_left = member_->asked_to_leave() && member_->end().ok();
    return has_left
               ? MakeError(absl::StatusCode::kCancelled, "interrupted: this server left its job")
               : member_->end();
  }

  void StartExecutors(MemberCore::News* news, Outbox* out) {
    for (uint32_t e = 0; e < options_.executors; ++e) {
      absl::StatusOr<std::unique_ptr<ExecutorCore>> core =
          ExecutorCore::Make(member_->welcome(), member_->self(), member_->coordinator(),
                             member_->coordinator_address(),
                             {.executor = e,
                              .executors = options_.executors,
                              .guards = {},
                              .optimizers = options_.optimizers});
      if (!core.ok()) {
        failure_ = core.status();
        *news = member_->Fail(kExitUsage, std::string(MessageOf(failure_)), time_.NowMicros(), out);
        executors_.clear();
        return;
      }
      AddExecutor(e, *std::move(core));
    }
    for (const auto& executor : executors_) executor->loop.Start();
    serving_.store(true, std::memory_order_release);
  }

  // One executor alone may work on the thread that brings the request; of several, each has to wake
  // up, or they would work one after the other.
  void AddExecutor(uint32_t number, std::unique_ptr<ExecutorCore> core) {
    using WhenIdle = EventLoop::Options::WhenIdle;
    auto executor = std::make_unique<Executor>(EventLoop::Options{
        .name = Concat("executor ", number),
        .time = &time_,
        .on_message = [this, number](const MessagePtr& message) { Handle(number, message); },
        .on_tick =
            [this, number](Micros) {
              ExecutorActions actions;
              executors_[number]->core->Tick(&actions);
              Execute(number, std::move(actions));
            },
        .when_idle = options_.executors == 1 ? WhenIdle::kInline : WhenIdle::kWake});
    executor->core = std::move(core);
    executors_.push_back(std::move(executor));
  }

  // ---- The executor's thread.
  void Handle(uint32_t number, const MessagePtr& message) {
    ExecutorActions actions;
    executors_[number]->core->Receive(message, &actions);
    Execute(number, std::move(actions));
  }

  void Execute(uint32_t number, ExecutorActions actions) {
    Executor& executor = *executors_[number];
    SendAll(transport_.get(), &actions.messages);
    for (StorageRequest& request : actions.storage) {
      storage_.Submit(std::move(request), [this, number](StorageResult result) {
        auto shared = std::make_shared<StorageResult>(std::move(result));
        executors_[number]->loop.Post([this, number, shared] {
          ExecutorActions more;
          executors_[number]->core->Completed(*shared, &more);
          Execute(number, std::move(more));
        });
      });
    }
    executor.loop.SetTimer(executor.core->wants_tick() ? time_.NowMicros() : kNever);
  }

  static constexpr int32_t kExitUsage = 2;
  static constexpr uint32_t kRefusalsMax = 4'096;  // Waiting to be sent; more are not.

  const Options options_;
  const RealTimeSource time_;
  StorageWorker storage_;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<MemberCore> member_;                // The control loop's thread.
  absl::Status failure_;                              // Likewise: why this server cannot serve.
  std::vector<std::unique_ptr<Executor>> executors_;  // Filled once, before serving_.
  std::atomic<bool> serving_{false};
  std::atomic<uint32_t> refusals_{0};
  CoordinatorWatch watch_;
  EventLoop control_;
  DoneSignal<absl::Status> done_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> StartServer(const Server::Options& options,
                                                    const TransportMaker& make_transport,
                                                    FileSystem* files) {
  if (options.executors == 0) return InvalidArgument("a server needs at least one executor");
  auto server = std::make_unique<ServerShell>(options, files);
  CAIRN_RETURN_IF_ERROR(server->Start(make_transport));
  return server;
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const Options& options) {
  static PosixFileSystem files;  // Stateless.
  CAIRN_RETURN_IF_ERROR(Annotate(ParseAddress(options.coordinator).status(), "coordinator"));
  const ZmqOptions zmq{
      .listen = options.listen, .insecure = options.insecure, .advertise = options.advertise};
  return StartServer(
      options, [&](MessageHandler handler) { return MakeZmqTransport(zmq, std::move(handler)); },
      &files);
}

}  // namespace cairn
