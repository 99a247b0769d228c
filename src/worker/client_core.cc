#include "worker/client_core.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "wire/limits.h"

namespace cairn {
namespace {

uint64_t BytesOf(const PushPayload& payload) {
  uint64_t bytes = 0;
  for (const TablePush& table : payload.tables) {
    bytes += table.values.size() * sizeof(float) + table.cut->ids.size() * 12;
  }
  return bytes;
}

// Does any table of the step have ids in this partition?
bool Touches(const PullPayload& payload, uint32_t partition) {
  return std::any_of(payload.begin(), payload.end(), [&](const auto& cut) {
    return cut->offsets[partition] != cut->offsets[partition + 1];
  });
}
bool Touches(const PushPayload& payload, uint32_t partition) {
  return std::any_of(payload.tables.begin(), payload.tables.end(), [&](const TablePush& table) {
    return table.cut->offsets[partition] != table.cut->offsets[partition + 1];
  });
}

// Pulls that a run remembers for its pushes: more than there are steps in flight.
constexpr size_t kPulledStepsMax = 64;

// The same distinct ids of the same table?
bool SameIds(const KeyCut& a, const KeyCut& b) {
  return &a == &b || (a.table == b.table && a.ids == b.ids);
}

// Of one partition's part on its way there or back, about; the rest of a frame is small.
uint64_t PartBytes(const PullPayload& payload, uint32_t partition) {
  uint64_t asked = 0;
  uint64_t answered = 0;
  for (const auto& cut : payload) {
    const uint64_t ids = cut->IdsOf(partition).size();
    asked += ids * sizeof(uint64_t);
    answered += ids * cut->width * sizeof(float);
  }
  return std::max(asked, answered);
}

}  // namespace

ClientCore::ClientCore(const JobSpec& job, MemberCore* member, Options options)
    : job_(job), member_(member), options_(options) {}

// ---- Runs -----------------------------------------------------------------------------------

void ClientCore::OpenRun(const StreamRef& ref, StepIndex base) {
  Run run;
  run.ref = ref;
  run.progress = run.last_started = base;
  run.touched.resize(job_.partitions);
  run.acked.resize(job_.partitions);
  run.rewound_at.assign(job_.partitions, INT64_MIN / 2);
  DropRun(ref);
  runs_[ref.stream] = std::move(run);
}

void ClientCore::DropRun(const StreamRef& ref) {
  const auto found = runs_.find(ref.stream);
  if (found == runs_.end()) return;
  for (const PushOp& op : found->second.pushes) {
    bytes_in_flight_ -= op.bytes;
    --pushes_in_flight_;
  }
  runs_.erase(found);
  std::erase_if(pulls_, [&](const auto& entry) {
    return entry.second.request.kind == Pull::Kind::kTraining &&
           entry.second.ref.stream == ref.stream;
  });
}

ClientCore::Run* ClientCore::FindRun(const StreamRef& ref) {
  const auto found = runs_.find(ref.stream);
  return found == runs_.end() || found->second.ref != ref ? nullptr : &found->second;
}

bool ClientCore::HasRun(const StreamRef& ref) const {
  const auto found = runs_.find(ref.stream);
  return found != runs_.end() && found->second.ref == ref;
}

StepIndex ClientCore::ProgressOf(const StreamRef& ref) const {
  const auto found = runs_.find(ref.stream);
  return found == runs_.end() || found->second.ref != ref ? 0 : found->second.progress;
}

// ---- Starting -------------------------------------------------------------------------------

OpId ClientCore::StartPull(PullRequest request, Micros now, Outbox* out) {
  const OpId id = next_op_++;
  const bool training = request.kind == Pull::Kind::kTraining;
  Run* run = training ? FindRun(request.ref) : nullptr;
  CAIRN_CHECK(!training || run != nullptr, "a training pull needs an open run");
  PullOp op;
  op.id = id;
  op.ref = request.ref;
  op.step = request.step;
  op.deadline = request.deadline;
  // bsp: also to partitions with nothing to read, so that no stream runs ahead anywhere.
  const bool everywhere = training && job_.mode.consistency == Consistency::kBsp;
  for (uint32_t p = 0; p < job_.partitions; ++p) {
    if (!everywhere && !Touches(*request.payload, p)) continue;
    Part part{.partition = p};
    if (run != nullptr && !everywhere) {
      part.min = std::max(run->acked[p], std::min(request.after_push, run->touched[p]));
    }
    op.parts.push_back(part);
  }
  op.unanswered = op.parts.size();
  std::vector<uint32_t> partitions;
  for (const Part& part : op.parts) partitions.push_back(part.partition);
  op.values = PulledValues(request.payload, partitions);
  op.request = std::move(request);
  if (absl::Status large = CheckPartSizes(op); !large.ok()) {
    Complete(op, false, Completion::Code::kError, std::move(large));
    return id;
  }
  if (op.unanswered == 0) {
    Complete(op, false, Completion::Code::kOk, {});
    completions_.back().values = std::move(op.values);
    return id;
  }
  if (run != nullptr) {
    run->pulled.push_back({id, op.step, op.request.payload});
    if (run->pulled.size() > kPulledStepsMax) run->pulled.pop_front();
  }
  Schedule(op.deadline);
  PullOp& kept = pulls_[id] = std::move(op);
  SendPull(&kept, now, out);
  return id;
}

// A pull is cut by partition, not finer: one that does not fit a frame would never be answered.
absl::Status ClientCore::CheckPartSizes(const PullOp& op) const {
  for (const Part& part : op.parts) {
    const uint64_t bytes = PartBytes(*op.request.payload, part.partition);
    if (bytes <= limits::kFrameBytesMax / 2) continue;
    return InvalidArgument("this pull takes ", bytes, " bytes of partition ", part.partition,
                           ", at most ", limits::kFrameBytesMax / 2,
                           ": pull fewer rows at once, or give the job more partitions");
  }
  return {};
}

OpId ClientCore::StartPush(PushRequest request, Micros now, Outbox* out) {
  const OpId id = next_op_++;
  Run* run = FindRun(request.ref);
  CAIRN_CHECK(run != nullptr, "a push needs an open run");
  CAIRN_CHECK(request.step == run->last_started + 1, "steps are pushed in order");
  run->last_started = request.step;
  PushOp op;
  op.id = id;
  op.ref = request.ref;
  op.step = request.step;
  op.deadline = request.deadline;
  op.bytes = BytesOf(*request.payload);
  for (uint32_t p = 0; p < job_.partitions; ++p) {
    if (!Chained() && !Touches(*request.payload, p)) continue;
    StepIndex& touched = run->touched[p];
    const StepIndex prev = Chained() ? request.step - 1 : touched == 0 ? kStart : touched;
    touched = request.step;
    op.parts.push_back(Part{.partition = p, .prev = prev});
  }
  op.unanswered = op.parts.size();
  op.pulled = TakePulled(run, request);
  op.payload = RoundPayload(job_, request.ref.stream, request.step, std::move(request.payload));
  bytes_in_flight_ += op.bytes;
  ++pushes_in_flight_;
  Schedule(op.deadline);
  run->pushes.push_back(std::move(op));
  // bsp: a step goes out only after all partitions acknowledged the one before.
  const bool hold = job_.mode.consistency == Consistency::kBsp && run->pushes.size() > 1;
  if (!hold) SendPush(&run->pushes.back(), now, out);
  PopAcknowledged(run, now, out);
  return id;
}

// The pulls of this step that listed the push's ids, table by table. Only pulls of this very run
// are looked at: what another attempt has pulled is not known to be the same.
std::vector<OpId> ClientCore::TakePulled(Run* run, const PushRequest& request) {
  std::vector<OpId> pulled;
  for (const TablePush& table : request.payload->tables) {
    OpId found = 0;
    for (const PulledStep& pull : run->pulled) {
      if (pull.step != request.step) continue;
      for (const auto& cut : *pull.payload) {
        if (SameIds(*cut, *table.cut)) found = pull.request;
      }
    }
    pulled.push_back(found);
  }
  std::erase_if(run->pulled, [&](const auto& pull) { return pull.step <= request.step; });
  return pulled;
}

void ClientCore::SkipStep(const StreamRef& ref, StepIndex step, Micros now, Outbox* out) {
  Run* run = FindRun(ref);
  CAIRN_CHECK(run != nullptr && step == run->last_started + 1, "steps are taken in order");
  run->last_started = step;
  PushOp op;
  op.id = next_op_++;
  op.ref = ref;
  op.step = step;
  op.sent = op.reported = true;
  op.retry_at = INT64_MAX;
  ++pushes_in_flight_;
  run->pushes.push_back(std::move(op));
  PopAcknowledged(run, now, out);
}

// ---- Sending --------------------------------------------------------------------------------

// After a rollback streams are granted anew: nothing is sent before map and grants are both as of
// the last one, since only then are they known to be of those streams, for those that serve. Who
// was never granted any reads as it likes.
bool ClientCore::MaySend(bool is_stream) const {
  if (member_->map() == nullptr) return false;
  if (!options_.rollback_check) return true;
  if (member_->grants() == nullptr && !is_stream) return true;
  const uint64_t granted = member_->grants() == nullptr ? 0 : member_->grants()->rollback_index;
  return member_->map()->rollback_index == granted;
}

const std::string* ClientCore::AddressOf(const ProcessId& id) const {
  for (const MemberAddress& member : member_->map()->servers) {
    if (member.id == id) return &member.address;
  }
  return nullptr;
}

Micros ClientCore::Backoff(uint32_t tries) const {
  return std::min(options_.retry_after << std::min(tries, 10u), options_.retry_after_max);
}

// A server that has too much to do is not helped by what it has not taken, at once and again.
Micros ClientCore::ComeAgainAfter(uint32_t tries) const {
  return options_.come_again_after << std::min(std::max(tries, 1u) - 1, 5u);
}

template <typename Target, typename Fill>
std::map<ProcessId, std::vector<Target>> ClientCore::ByServer(const std::vector<Part>& parts,
                                                              const std::vector<size_t>& chosen,
                                                              Fill fill) {
  std::map<ProcessId, std::vector<Target>> by_server;
  for (const size_t i : chosen) {
    const PartitionEntry& entry = member_->map()->partitions[parts[i].partition];
    by_server[entry.primary].push_back(fill(parts[i], entry.term));
  }
  return by_server;
}

void ClientCore::SendPull(PullOp* op, Micros now, Outbox* out) {
  const bool may_send = MaySend(op->request.kind == Pull::Kind::kTraining);
  op->retry_at = now + (may_send ? Backoff(op->tries++) : options_.come_again_after);
  Schedule(op->retry_at);
  if (!may_send) return;
  std::vector<size_t> chosen;
  for (size_t i = 0; i < op->parts.size(); ++i) {
    if (!op->parts[i].answered) chosen.push_back(i);
  }
  const auto by_server =
      ByServer<PullTarget>(op->parts, chosen, [](const Part& part, uint64_t term) {
        return PullTarget{part.partition, term, part.min};
      });
  for (const auto& [server, targets] : by_server) {
    const std::string* address = AddressOf(server);
    if (address == nullptr) continue;
    Header header = member_->HeaderTo(server);
    header.request = op->id;
    for (Pull& pull : BuildPulls(op->request.kind, op->ref, op->step, op->request.payload, targets,
                                 options_.sizes)) {
      out->push_back({*address, MakeMessage(header, std::move(pull))});
    }
  }
}

void ClientCore::SendPush(PushOp* op, Micros now, Outbox* out) {
  op->sent = true;
  op->retry_at = now + (MaySend(true) ? Backoff(op->tries++) : options_.come_again_after);
  Schedule(op->retry_at);
  if (!MaySend(true)) return;
  std::vector<size_t> chosen;
  for (size_t i = 0; i < op->parts.size(); ++i) {
    if (!op->parts[i].answered) chosen.push_back(i);
  }
  SendPushParts(*op, chosen, out);
}

void ClientCore::SendPushParts(const PushOp& op, const std::vector<size_t>& chosen, Outbox* out) {
  const auto by_server =
      ByServer<PushTarget>(op.parts, chosen, [](const Part& part, uint64_t term) {
        return PushTarget{part.partition, term, part.prev, part.name_ids};
      });
  for (const auto& [server, targets] : by_server) {
    const std::string* address = AddressOf(server);
    if (address == nullptr) continue;
    Header header = member_->HeaderTo(server);
    header.request = op.id;
    const PushContent content{op.ref, op.step, op.payload, op.pulled};
    for (Push& push : BuildPushes(content, targets, options_.sizes)) {
      out->push_back({*address, MakeMessage(header, std::move(push))});
    }
  }
}

// ---- Answers --------------------------------------------------------------------------------

void ClientCore::Receive(const Message& message, Micros now, Outbox* out) {
  if (message.header.to != member_->self()) return;  // Meant for a former life.
  if (const auto* pull = BodyAs<PullReply>(message)) {
    OnPullReply(message, *pull, now);
  } else if (const auto* push = BodyAs<PushReply>(message)) {
    OnPushReply(message, *push, now, out);
  }
}

// Keeps a partition's values. An answer of the wrong size is treated as none: the part is asked for
// again.
void ClientCore::StorePart(PullOp* op, const PullReply& reply, const PullResult& result) {
  const auto part =
      std::lower_bound(op->parts.begin(), op->parts.end(), result.partition,
                       [](const Part& a, uint32_t partition) { return a.partition < partition; });
  if (part == op->parts.end() || part->partition != result.partition || part->answered) return;
  const auto index = static_cast<size_t>(part - op->parts.begin());
  if (!op->values.Set(index, result.values, reply.storage)) return;
  part->answered = true;
  --op->unanswered;
}

void ClientCore::OnPullReply(const Message& message, const PullReply& reply, Micros now) {
  const auto found = pulls_.find(message.header.request);
  if (found == pulls_.end()) return;
  PullOp& op = found->second;
  if (op.ref != reply.ref || op.step != reply.step) return;
  Completion::Code code = Completion::Code::kOk;
  absl::Status status;
  for (const PullResult& result : reply.parts) {
    switch (result.code) {
      case PartCode::kOk:
        StorePart(&op, reply, result);
        break;
      case PartCode::kPassed:
        code = Completion::Code::kPassed;
        break;
      case PartCode::kFenced:
        code = Completion::Code::kFenced;
        break;
      case PartCode::kInvalid:
        code = Completion::Code::kError;
        status = InvalidArgument("the server refused a pull: ", reply.error);
        break;
      default:
        op.retry_at = std::min(op.retry_at, now + ComeAgainAfter(op.tries));
        Schedule(op.retry_at);
        break;
    }
  }
  if (code == Completion::Code::kOk && op.unanswered > 0) return;
  Complete(op, false, code, std::move(status));
  completions_.back().values = std::move(op.values);
  pulls_.erase(found);
}

void ClientCore::OnPushReply(const Message&, const PushReply& reply, Micros now, Outbox* out) {
  Run* run = FindRun(reply.ref);
  if (run == nullptr || run->pushes.empty()) return;
  const StepIndex first = run->pushes.front().step;
  if (reply.step < first || reply.step > run->pushes.back().step) return;
  PushOp& op = run->pushes[reply.step - first];
  for (const PartResult& result : reply.parts) {
    if (result.partition >= job_.partitions) continue;
    const auto part =
        std::lower_bound(op.parts.begin(), op.parts.end(), result.partition,
                         [](const Part& a, uint32_t partition) { return a.partition < partition; });
    if (part == op.parts.end() || part->partition != result.partition) continue;
    switch (result.code) {
      case PartCode::kOk:
        if (part->answered) break;
        part->answered = true;
        --op.unanswered;
        run->acked[result.partition] = std::max(run->acked[result.partition], op.step);
        break;
      case PartCode::kNeedIds:
        // Once: what was sent before that is answered in the same way, and needs nothing more.
        if (part->answered || !part->name_ids) break;
        part->name_ids = false;
        if (MaySend(true)) SendPushParts(op, {static_cast<size_t>(part - op.parts.begin())}, out);
        break;
      case PartCode::kGap:
        Rewind(run, result.partition, result.last, now, out);
        break;
      case PartCode::kFenced:
        FailRun(run, Completion::Code::kFenced, {});
        return;
      case PartCode::kInvalid:
        FailRun(run, Completion::Code::kError,
                InvalidArgument("the server refused a push: ", reply.error));
        return;
      default:
        op.retry_at = std::min(op.retry_at, now + ComeAgainAfter(op.tries));
        Schedule(op.retry_at);
        break;
    }
  }
  PopAcknowledged(run, now, out);
}

// A partition misses steps: everything above `last` goes there again, in order.
void ClientCore::Rewind(Run* run, uint32_t partition, StepIndex last, Micros now, Outbox* out) {
  if (!MaySend(true) || now - run->rewound_at[partition] < options_.come_again_after) return;
  run->rewound_at[partition] = now;
  for (const PushOp& op : run->pushes) {
    if (!op.sent || op.step <= last) continue;
    for (size_t i = 0; i < op.parts.size(); ++i) {
      if (op.parts[i].partition == partition && !op.parts[i].answered) {
        SendPushParts(op, {i}, out);
      }
    }
  }
}

// Progress is the longest prefix of steps that every partition has acknowledged.
void ClientCore::PopAcknowledged(Run* run, Micros now, Outbox* out) {
  while (!run->pushes.empty() && run->pushes.front().unanswered == 0) {
    const PushOp& op = run->pushes.front();
    run->progress = op.step;
    bytes_in_flight_ -= op.bytes;
    --pushes_in_flight_;
    if (!op.reported) Complete(op, true, Completion::Code::kOk, {});
    run->pushes.pop_front();
  }
  if (!run->pushes.empty() && !run->pushes.front().sent) SendPush(&run->pushes.front(), now, out);
}

void ClientCore::FailRun(Run* run, Completion::Code code, const absl::Status& status) {
  for (const PushOp& op : run->pushes) {
    if (!op.reported) Complete(op, true, code, status);
  }
  for (const auto& [id, op] : pulls_) {
    if (op.request.kind == Pull::Kind::kTraining && op.ref == run->ref) {
      Complete(op, false, code, status);
    }
  }
  DropRun(StreamRef{run->ref});
}

void ClientCore::Complete(const Op& op, bool is_push, Completion::Code code, absl::Status status) {
  completions_.push_back({op.id, is_push, op.ref, op.step, code, std::move(status), {}});
}

// ---- Time -----------------------------------------------------------------------------------

void ClientCore::OnMap(Micros now, Outbox* out) {
  for (auto& [id, op] : pulls_) op.retry_at = std::min(op.retry_at, now);
  for (auto& [stream, run] : runs_) {
    for (PushOp& op : run.pushes) {
      if (op.unanswered > 0) op.retry_at = std::min(op.retry_at, now);
    }
  }
  Tick(now, out);
}

absl::Status ClientCore::LateError(const Op& op, bool is_push) const {
  const auto part =
      std::find_if(op.parts.begin(), op.parts.end(), [](const Part& p) { return !p.answered; });
  std::string where = "no map of the servers yet";
  if (member_->map() != nullptr && part != op.parts.end()) {
    const ProcessId& primary = member_->map()->partitions[part->partition].primary;
    const std::string* address = AddressOf(primary);
    where = Concat("partition ", part->partition, " on server ", primary.process, " at ",
                   address == nullptr ? "an unknown address" : *address);
  }
  return DeadlineExceeded(is_push ? "push" : "pull", " of step ", op.step, ": ", op.unanswered,
                          " of ", op.parts.size(), " partitions have not answered, first ", where,
                          is_push ? "; the push may still be applied" : "");
}

void ClientCore::Tick(Micros now, Outbox* out) {
  next_tick_ = INT64_MAX;
  bool ask = false;
  for (auto it = pulls_.begin(); it != pulls_.end();) {
    PullOp& op = it->second;
    if (now >= op.deadline) {
      Complete(op, false, Completion::Code::kError, LateError(op, false));
      it = pulls_.erase(it);
      continue;
    }
    if (now >= op.retry_at) {
      ask = ask || op.tries > 0;
      SendPull(&op, now, out);
    }
    Schedule(std::min(op.retry_at, op.deadline));
    ++it;
  }
  for (auto& [stream, run] : runs_) {
    for (PushOp& op : run.pushes) {
      if (now >= op.deadline && !op.reported) {
        op.reported = true;
        Complete(op, true, Completion::Code::kError, LateError(op, true));
      }
      if (!op.reported) Schedule(op.deadline);
      if (!op.sent || op.unanswered == 0) continue;
      if (now >= op.retry_at) {
        ask = ask || op.tries > 0;
        SendPush(&op, now, out);
      }
      Schedule(op.retry_at);
    }
  }
  if (ask) member_->AskForMap(now, out);
}

}  // namespace cairn
