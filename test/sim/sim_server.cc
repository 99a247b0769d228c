#include "sim/sim_server.h"

#include <algorithm>

#include "base/check.h"
#include "base/status.h"
#include "kernels/target.h"

namespace cairn::sim {
namespace {

constexpr Micros kTickAfter = 20;  // Long work goes on after whatever else is waiting.
constexpr Micros kDiskMost = 5 * kMicrosPerMilli;

MemberCore::Options MemberOptions(const SimHost& host, uint64_t incarnation) {
  MemberCore::Options options;
  options.role = Role::kServer;
  options.incarnation = incarnation;
  options.coordinator_address = kCoordinatorAddress;
  options.own_address = host.address();
  options.kernel_target = kKernelTarget;
  options.host = kHostName;
  options.pid = PidOf(incarnation);
  options.join_timeout = options.orphan_timeout = 10 * kMicrosPerSecond;
  options.leave_timeout = 2 * kMicrosPerSecond;
  return options;
}

}  // namespace

SimServer::SimServer(SimHost* host, uint64_t incarnation)
    : host_(host), member_(MemberOptions(*host, incarnation)) {}

void SimServer::Start(Micros now) {
  Outbox out;
  member_.Start(now, &out);
  host_->Send(std::move(out));
}

void SimServer::OnNews(const MemberCore::News& news, Outbox* out) {
  if (news.welcomed) MakeExecutors();
  if (news.ended) member_.Leave(out);
}

void SimServer::MakeExecutors() {
  const uint32_t count = host_->scenario().executors;
  for (uint32_t i = 0; i < count; ++i) {
    ExecutorCore::Options options{i, count, host_->scenario().guards, {}};
    options.pulled_ids_bytes_max = host_->scenario().pulled_ids_bytes_max;
    options.snapshot_pieces = {.slice_rows = 3, .append_bytes = 1};  // So that more can go wrong.
    auto core = ExecutorCore::Make(member_.welcome(), member_.self(), member_.coordinator(),
                                   member_.coordinator_address(), std::move(options));
    CAIRN_CHECK(core.ok(), MessageOf(core.status()));
    executors_.push_back(*std::move(core));
  }
}

void SimServer::Deliver(const MessagePtr& message, Micros now) {
  Outbox out;
  OnNews(member_.Receive(*message, now, &out), &out);
  host_->Send(std::move(out));
  for (size_t i = 0; i < executors_.size(); ++i) {
    ExecutorActions actions;
    host_->checkers()->BeforeHandling(*executors_[i], *message);
    executors_[i]->Receive(message, &actions);
    host_->checkers()->AfterHandling(*executors_[i], *message, actions);
    Perform(i, std::move(actions), now);
  }
}

Micros SimServer::next_wake() const {
  if (member_.ended()) return kNever;
  return std::min(member_.next_tick(), tick_at_);
}

void SimServer::Wake(Micros now) {
  Outbox out;
  OnNews(member_.Tick(now, &out), &out);
  host_->Send(std::move(out));
  if (now < tick_at_) return;
  tick_at_ = kNever;
  for (size_t i = 0; i < executors_.size(); ++i) {
    ExecutorActions actions;
    executors_[i]->Tick(&actions);
    Perform(i, std::move(actions), now);
  }
}

void SimServer::AskToLeave(Micros now) {
  Outbox out;
  OnNews(member_.AskToLeave(now, &out), &out);
  host_->Send(std::move(out));
}

void SimServer::Perform(size_t executor, ExecutorActions actions, Micros now) {
  host_->Send(std::move(actions.messages));
  for (StorageRequest& request : actions.storage) {
    // Requests of one ticket are done in order, however long each takes, and whatever the clock of
    // this machine makes of that.
    Ticket& ticket = tickets_[{executor, request.ticket}];
    ticket.done_at = std::max(ticket.done_at, now) + host_->DrawDelay(kDiskMost);
    host_->After(ticket.done_at - now, [this, executor, number = request.ticket](Micros at) {
      Ticket& due = tickets_[{executor, number}];
      const StorageRequest next = std::move(due.requests.front());
      due.requests.pop_front();
      ExecutorActions more;
      executors_[executor]->Completed(Execute(executor, next), &more);
      Perform(executor, std::move(more), at);
    });
    ticket.requests.push_back(std::move(request));
  }
  if (executors_[executor]->wants_tick()) tick_at_ = std::min(tick_at_, now + kTickAfter);
}

StorageResult SimServer::Execute(size_t executor, const StorageRequest& request) {
  FileSystem* files = host_->files();
  Ticket& ticket = tickets_[{executor, request.ticket}];
  StorageResult result{request.ticket, request.kind, {}, {}};
  switch (request.kind) {
    case StorageRequest::Kind::kCreate: {
      result.status = files->CreateDirectories(ParentDirectory(request.path));
      auto file = files->OpenForAppend(request.path);
      result.status.Update(file.status());
      if (file.ok()) ticket.file = *std::move(file);
      break;
    }
    case StorageRequest::Kind::kAppend:
    case StorageRequest::Kind::kCommit:
      result.status = Write(request, &ticket);
      break;
    case StorageRequest::Kind::kAbort:
      ticket.file.reset();
      result.status = files->Remove(request.path);
      break;
    case StorageRequest::Kind::kRead: {
      result.bytes.resize(request.length);
      auto got = files->ReadAt(request.path, request.offset, result.bytes);
      result.status = got.status();
      result.bytes.resize(got.ok() ? *got : 0);
      break;
    }
  }
  return result;
}

absl::Status SimServer::Write(const StorageRequest& request, Ticket* ticket) {
  if (ticket->file == nullptr) return FailedPrecondition("not open for writing: ", request.path);
  if (request.kind == StorageRequest::Kind::kAppend) return ticket->file->Append(request.bytes);
  const std::unique_ptr<WritableFile> file = std::move(ticket->file);
  CAIRN_RETURN_IF_ERROR(file->Sync());
  CAIRN_RETURN_IF_ERROR(file->Close());
  host_->probes()->Hit(Probe::kSaved);
  return host_->files()->SyncDirectory(ParentDirectory(request.path));
}

std::vector<const ExecutorCore*> SimServer::executors() const {
  std::vector<const ExecutorCore*> all;
  for (const auto& executor : executors_) all.push_back(executor.get());
  return all;
}

}  // namespace cairn::sim
