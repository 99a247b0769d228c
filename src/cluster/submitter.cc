#include "cluster/submitter.h"

#include <atomic>
#include <utility>

#include "base/done_signal.h"
#include "base/status.h"
#include "cluster/submitter_core.h"
#include "kernels/target.h"
#include "sharding/plan_check.h"
#include "transport/address.h"
#include "transport/event_loop.h"
#include "transport/process_report.h"
#include "transport/zmq_transport.h"

namespace cairn {
namespace {

constexpr int32_t kExitInterrupted = 130;
constexpr auto kLeavePatience = std::chrono::seconds(5);

class Submitter final : public JobHandle {
 public:
  Submitter()
      : loop_({.name = "submitter",
               .time = &time_,
               .on_message = [this](MessagePtr m) { OnMessage(*m); },
               .on_tick = [this](Micros now) { OnTick(now); }}) {}

  ~Submitter() override {
    if (!abandoned_) {
      Stop(kExitInterrupted, "the program that submitted this job has given it up");
      WaitFor(std::chrono::duration_cast<std::chrono::milliseconds>(kLeavePatience));
    }
    loop_.Stop();
    transport_.reset();  // Last: the loop sends through it.
  }

  absl::Status Start(SubmitterOptions options, const TransportMaker& make_transport) {
    CAIRN_ASSIGN_OR_RETURN(transport_,
                           make_transport([this](MessagePtr m) { loop_.Deliver(std::move(m)); }));
    MemberCore::Options member;
    member.incarnation = NewIncarnation();
    member.coordinator_address = std::move(options.coordinator);
    member.own_address = transport_->address();
    member.kernel_target = kKernelTarget;
    member.join_timeout = options.join_timeout;
    member.orphan_timeout = options.orphan_timeout;
    member.submit = std::make_shared<const JobDefinition>(std::move(options.job));
    DescribeProcess(transport_.get(), &member);
    core_ = std::make_unique<SubmitterCore>(std::move(member));
    Post([](SubmitterCore* core, Micros now, Outbox* out) { core->Start(now, out); });
    loop_.Start();
    return {};
  }

  JobStatus status() override CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return status_;
  }
  bool WaitFor(std::chrono::milliseconds patience) override {
    return done_.WaitUntil(std::chrono::steady_clock::now() + patience).has_value();
  }
  JobResult Wait() override { return done_.Wait(); }
  void Stop(int32_t code, const std::string& message) override {
    Post([code, message](SubmitterCore* core, Micros now, Outbox* out) {
      core->Stop(code, message, now, out);
    });
  }
  void ReportDeath(const std::string& host, uint32_t pid, const std::string& text) override {
    Post([dead = MemberDead{host, pid, text}](SubmitterCore* core, Micros now, Outbox* out) {
      core->ReportDeath(dead, now, out);
    });
  }
  void Abandon() override { abandoned_ = true; }

 private:
  // Runs a step of the core on the loop's thread.
  template <typename Step>
  void Post(Step step) {
    loop_.Post([this, step] {
      Outbox out;
      step(core_.get(), time_.NowMicros(), &out);
      Execute(&out);
    });
  }

  // ---- The loop's thread.
  void OnMessage(const Message& message) {
    Outbox out;
    core_->Receive(message, time_.NowMicros(), &out);
    Execute(&out);
  }
  void OnTick(Micros now) {
    Outbox out;
    core_->Tick(now, &out);
    Execute(&out);
  }
  void Execute(Outbox* out) CAIRN_EXCLUDES(mutex_) {
    SendAll(transport_.get(), out);
    {
      MutexLock lock(mutex_);
      status_ = core_->status();
    }
    loop_.SetTimer(core_->finished() ? kNever : core_->next_tick());
    if (core_->finished()) done_.Set(core_->result());
  }

  const RealTimeSource time_;
  std::atomic<bool> abandoned_{false};
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<SubmitterCore> core_;  // The loop's thread.

  Mutex mutex_;
  JobStatus status_ CAIRN_GUARDED_BY(mutex_);
  EventLoop loop_;
  DoneSignal<JobResult> done_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<JobHandle>> StartSubmitter(SubmitterOptions options,
                                                          const TransportMaker& make_transport) {
  CAIRN_RETURN_IF_ERROR(CheckJob(options.job.spec));
  CAIRN_RETURN_IF_ERROR(CheckPlan(options.job));
  auto submitter = std::make_unique<Submitter>();
  CAIRN_RETURN_IF_ERROR(submitter->Start(std::move(options), make_transport));
  return submitter;
}

absl::StatusOr<std::unique_ptr<JobHandle>> StartSubmitter(SubmitterOptions options) {
  CAIRN_RETURN_IF_ERROR(Annotate(ParseAddress(options.coordinator).status(), "coordinator"));
  return StartSubmitter(std::move(options), [](MessageHandler handler) {
    return MakeZmqTransport(ZmqOptions{}, std::move(handler));
  });
}

}  // namespace cairn
