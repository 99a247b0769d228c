#include "sim/sim_client.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/status.h"
#include "kernels/target.h"
#include "sim/sim_worker.h"

namespace cairn::sim {
namespace {

constexpr StepIndex kPushesAtOnce = 3;
constexpr Micros kRestMost = 30 * kMicrosPerMilli;

MemberCore::Options MemberOptions(uint64_t incarnation) {
  MemberCore::Options options;
  options.role = Role::kClient;
  options.incarnation = incarnation;
  options.coordinator_address = kCoordinatorAddress;
  options.kernel_target = kKernelTarget;
  options.host = kHostName;
  options.pid = PidOf(incarnation);
  options.join_timeout = options.orphan_timeout = 10 * kMicrosPerSecond;
  return options;
}

}  // namespace

SimClient::SimClient(SimHost* host, uint64_t incarnation)
    : host_(host),
      incarnation_(incarnation),
      steps_(10 + HashWords(HashString("client"), incarnation) % 40),
      member_(MemberOptions(incarnation)) {}

void SimClient::Start(Micros now) {
  Outbox out;
  member_.Start(now, &out);
  host_->Send(std::move(out));
}

void SimClient::OnNews(const MemberCore::News& news, Micros now, Outbox* out) {
  if (news.welcomed) {
    const JobSpec& job = member_.welcome().job;
    client_ = std::make_unique<ClientCore>(job, &member_, ClientOptionsOf(host_->scenario()));
    stream_ = std::make_unique<ClientStream>(&member_, client_.get());
    KeyCutter cutter(job.partitions);
    const Key key = ClientKey(incarnation_);
    counter_ = cutter.Cut(LayoutOf(job.tables[kTableOnes], kTableOnes), {&key, 1});
  }
  if (news.grants) OnGrants();
  if (news.map && client_ != nullptr) client_->OnMap(now, out);
  if (news.ended) member_.Leave(out);
}

void SimClient::OnGrants() {
  const ClientStream::News news = stream_->OnGrants();
  if (news == ClientStream::News::kNone) return;
  if (news == ClientStream::News::kLost) {
    if (!stream_->taken_back()) {
      host_->Die();
      return;
    }
    pulls_ = false;
    if (!stream_->granted()) return;  // That is to come.
    host_->probes()->Hit(Probe::kClientTakenBack);
    stream_->Resume();
    host_->checkers()->OnClientResumed(ClientKey(incarnation_), stream_->base(),
                                       member_.grants()->rollback_index);
  }
  started_ = acknowledged_ = stream_->base();
}

void SimClient::Deliver(const MessagePtr& message, Micros now) {
  Outbox out;
  OnNews(member_.Receive(*message, now, &out), now, &out);
  if (client_ != nullptr && !ended()) client_->Receive(*message, now, &out);
  Finish(std::move(out), now);
}

Micros SimClient::next_wake() const {
  if (ended()) return kNever;
  const Micros member = member_.next_tick();
  if (client_ == nullptr) return member;
  return std::min({member, client_->next_tick(), stream_->next_report()});
}

void SimClient::Wake(Micros now) {
  Outbox out;
  OnNews(member_.Tick(now, &out), now, &out);
  if (client_ != nullptr && !ended() && now >= client_->next_tick()) client_->Tick(now, &out);
  Finish(std::move(out), now);
}

void SimClient::Finish(Outbox out, Micros now) {
  if (client_ != nullptr && !ended()) {
    for (auto done = client_->TakeCompletions(); !done.empty(); done = client_->TakeCompletions()) {
      for (const Completion& completion : done) OnCompletion(completion, now, &out);
    }
    MaybePull(now, &out);
    stream_->Report(now, &out);
    if (MayStep() && acknowledged_ >= steps_) {
      host_->probes()->Hit(Probe::kClientLeft);
      left_ = true;
      member_.Leave(&out);
    }
  }
  host_->Send(std::move(out));
}

void SimClient::OnCompletion(const Completion& completion, Micros now, Outbox* out) {
  Checkers* const checkers = host_->checkers();
  if (completion.code == Completion::Code::kFenced) {  // Grants will tell it, too.
    host_->Die();
    return;
  }
  if (completion.code != Completion::Code::kOk) {
    checkers->Report("report", Concat("a program failed: ", MessageOf(completion.status)));
    return;
  }
  const Key key = ClientKey(incarnation_);
  if (completion.is_push) {
    acknowledged_ = client_->ProgressOf(stream_->ref());
    checkers->OnClientAcknowledged(key, acknowledged_);
    return;
  }
  pulls_ = false;
  checkers->OnClientRead(key, static_cast<double>(completion.values.Packed()[0][0]), pull_least_);
  PushPayload push;
  push.rows = 1;
  push.tables.push_back({counter_, {1.0f}});
  ++started_;
  checkers->OnClientStep(key, started_);
  host_->probes()->Hit(Probe::kClientStep);
  client_->StartPush(
      {stream_->ref(), started_, std::make_shared<const PushPayload>(std::move(push))}, now, out);
  rests_ = true;
  host_->After(host_->DrawDelay(kRestMost), [this](Micros at) {
    rests_ = false;
    Finish({}, at);
  });
}

// Every other pull asks for the effect of pushes that are still under way.
void SimClient::MaybePull(Micros now, Outbox* out) {
  const bool may = MayStep() && !pulls_ && !rests_ && started_ < steps_ &&
                   started_ < acknowledged_ + kPushesAtOnce;
  if (!may || !client_->HasRun(stream_->ref())) return;
  ClientCore::PullRequest request;
  request.ref = stream_->ref();
  request.step = started_ + 1;
  request.payload = std::make_shared<const PullPayload>(PullPayload{counter_});
  if (started_ % 2 == 0) request.after_push = started_;
  pull_least_ = std::max(request.after_push, acknowledged_);
  pulls_ = true;
  client_->StartPull(std::move(request), now, out);
}

}  // namespace cairn::sim
