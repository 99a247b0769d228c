#include "server/executor_core.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "wire/limits.h"

namespace cairn {
namespace {

constexpr int32_t kExitModelDamaged = 4;

// All values of a reply have to fit a frame.
constexpr size_t kReplyFloatsMax = (limits::kFrameBytesMax - (limits::kFrameBytesMax >> 4)) / 4;

// The reply that is being made for a request: first what each part is answered with, then, once it
// is known how many they are, the values, which are read into one array.
class OpenReply {
 public:
  explicit OpenReply(MessagePtr request)
      : request_(std::move(request)), pull_(BodyAs<Pull>(*request_)) {
    reply_.ref = pull_->ref;
    reply_.step = pull_->step;
  }

  const MessagePtr& request() const { return request_; }
  bool empty() const { return reply_.parts.empty(); }

  // `partition`: whom to read from; null if nothing is to be read.
  void Add(const PullPart& part, PartCode code, const Partition* partition, std::string error) {
    if (partition != nullptr && floats_ + partition->FloatsOf(*pull_, part) > kReplyFloatsMax) {
      code = PartCode::kInvalid;
      error = Concat("more than ", kReplyFloatsMax, " floats in one reply");
      partition = nullptr;
    }
    if (!error.empty()) reply_.error = std::move(error);
    if (partition != nullptr) floats_ += partition->FloatsOf(*pull_, part);
    reply_.parts.push_back({part.partition, code, {}});
    readings_.push_back({partition, &part});
  }

  PullReply Close() {
    const std::shared_ptr<float[]> values(new float[floats_]);
    std::span<float> rest(values.get(), floats_);
    Prefetch(0);
    for (size_t i = 0; i < readings_.size(); ++i) {
      Prefetch(i + 1);
      const auto& [partition, part] = readings_[i];
      if (partition == nullptr) continue;
      const std::span<float> some = rest.first(partition->FloatsOf(*pull_, *part));
      partition->ReadPull(*pull_, *part, some.data());
      reply_.parts[i].values = some;
      rest = rest.subspan(some.size());
    }
    reply_.storage = values;
    return std::move(reply_);
  }

 private:
  struct Reading {
    const Partition* partition;
    const PullPart* part;
  };

  // While one part is read, what the next one looks at first is on its way into the cache.
  void Prefetch(size_t i) const {
    if (i >= readings_.size() || readings_[i].partition == nullptr) return;
    const PullPart& part = *readings_[i].part;
    readings_[i].partition->Prefetch(pull_->slices, part.slice_begin, part.slice_end);
  }

  MessagePtr request_;
  const Pull* pull_;  // In the request.
  PullReply reply_;
  std::vector<Reading> readings_;  // By part of the reply.
  size_t floats_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ExecutorCore>> ExecutorCore::Make(const Welcome& welcome,
                                                                 const ProcessId& self,
                                                                 const ProcessId& coordinator,
                                                                 std::string coordinator_address,
                                                                 Options options) {
  auto core = std::unique_ptr<ExecutorCore>(new ExecutorCore(
      welcome, self, coordinator, std::move(coordinator_address), std::move(options)));
  PartitionContext& context = core->context_;
  for (uint32_t table = 0; table < context.job.tables.size(); ++table) {
    CAIRN_ASSIGN_OR_RETURN(auto schema,
                           TableSchema::Make(context.job, table, core->options_.optimizers));
    context.schemas.push_back(std::move(schema));
  }
  return core;
}

ExecutorCore::ExecutorCore(const Welcome& welcome, const ProcessId& self,
                           const ProcessId& coordinator, std::string coordinator_address,
                           Options options)
    : options_(std::move(options)),
      self_(self),
      coordinator_(coordinator),
      coordinator_address_(std::move(coordinator_address)),
      init_files_(welcome.init_files),
      pulled_ids_(options_.pulled_ids_bytes_max,
                  options_.guards.need_ids ? UnknownIds::kLeave : UnknownIds::kDrop),
      snapshots_(&context_, self.process, options_.snapshot_pieces) {
  context_.job = welcome.job;
  context_.guards = options_.guards;
}

Header ExecutorCore::ReplyTo(const Message& request) const {
  return {self_, request.header.from, request.header.request, map_index_};
}

void ExecutorCore::Receive(const MessagePtr& message, ExecutorActions* out) {
  if (message->header.to != self_) return;  // Meant for a former life of this address.
  if (message->header.from.process == kCoordinatorProcess) coordinator_ = message->header.from;
  if (const auto* map = BodyAs<MapUpdate>(*message)) {
    OnMap(*map, out);
  } else if (std::holds_alternative<Push>(message->body)) {
    OnPush(message, out);
    RepeatNotLoaded(out);
  } else if (std::holds_alternative<Pull>(message->body)) {
    OnPull(message, out);
    RepeatNotLoaded(out);
  } else if (const auto* request = BodyAs<SnapshotRequest>(*message)) {
    OnSnapshotRequest(*request, out);
  }
}

void ExecutorCore::OnMap(const MapUpdate& map, ExecutorActions* out) {
  if (map.index <= map_index_ || map.partitions.size() != context_.job.partitions) return;
  map_index_ = map.index;
  restored_ = map.checkpoint;
  context_.streams = {map.floor, map.opened, map.closed};
  for (uint32_t p = options_.executor; p < map.partitions.size(); p += options_.executors) {
    const PartitionEntry& entry = map.partitions[p];
    if (entry.primary == self_) {
      OwnPartition(p, entry, map, out);
    } else {
      ForgetPartition(p, out);
    }
  }
  std::vector<uint32_t> changed;
  for (auto& [p, owned] : owned_) {
    if (owned.partition->OnStreamsChanged()) OnStep(*owned.partition, out);
  }
  for (const auto& [p, waiting] : waiting_) changed.push_back(p);
  ServeWaiting(changed, out);
}

// A new term: what there was of it belongs to a past that is taken back.
void ExecutorCore::OwnPartition(uint32_t p, const PartitionEntry& entry, const MapUpdate& map,
                                ExecutorActions* out) {
  const auto found = owned_.find(p);
  if (found != owned_.end() && found->second.term == entry.term) return;
  ForgetPartition(p, out);
  Owned& owned = owned_[p];
  owned.term = entry.term;
  owned.partition = std::make_unique<Partition>(&context_, p);
  const bool is_restored = !map.restored.empty();
  const std::vector<InitFile>& files = is_restored ? map.restored : init_files_;
  if (files.empty()) return;
  using Stamps = PartitionLoader::Stamps;
  owned.loader = std::make_unique<PartitionLoader>(
      owned.partition.get(), context_.job.partitions, files,
      is_restored ? Stamps::kKept : Stamps::kDropped, next_ticket_++);
  busy_ = true;
}

// What is being written looks into the partition. Waiting pulls are answered by the caller.
void ExecutorCore::ForgetPartition(uint32_t p, ExecutorActions* out) {
  SnapshotActions actions;
  snapshots_.Forget(p, &actions);
  CarryOut(std::move(actions), out);
  owned_.erase(p);
}

ExecutorCore::Owned* ExecutorCore::Serving(uint32_t partition, uint64_t term, PartCode* code) {
  const auto found = owned_.find(partition);
  // A higher term: the sender knows that we are deposed. A lower one: it does not know that what it
  // is doing was taken back.
  const bool is_other = found != owned_.end() && options_.guards.term_check
                            ? term != found->second.term
                            : found != owned_.end() && term > found->second.term;
  if (found == owned_.end() || is_other) {
    *code = PartCode::kNotPrimary;
    return nullptr;
  }
  if (found->second.loader != nullptr) {
    *code = PartCode::kBehind;
    return nullptr;
  }
  return &found->second;
}

ExecutorCore::Owned* ExecutorCore::Admit(const Push& push, const PushPart& part, PartCode* code) {
  Owned* owned = Serving(part.partition, part.term, code);
  if (owned == nullptr) return nullptr;
  if (LacksIds(push, part)) {
    *code = PartCode::kNeedIds;
    return nullptr;
  }
  // A record that has begun to arrive may go on: only new ones wait for room.
  if (part.fragment_count > 1 && owned->partition->AssemblyBytes(push.ref.stream) == 0 &&
      AssemblyBytes() >= limits::kAssemblyBytesMax) {
    *code = PartCode::kBehind;
    return nullptr;
  }
  return owned;
}

void ExecutorCore::OnPush(const MessagePtr& sent, ExecutorActions* out) {
  const MessagePtr message =
      pulled_ids_.Resolve(sent, [this](uint32_t partition) { return Serves(partition); });
  const Push& push = *BodyAs<Push>(*message);
  PushReply reply{push.ref, push.step, {}, {}};
  std::vector<uint32_t> changed;
  for (const PushPart& part : push.parts) {
    PrefetchNext(push, &part);
    if (!Serves(part.partition)) continue;
    PartResult result{part.partition, PartCode::kOk, 0};
    Owned* owned = Admit(push, part, &result.code);
    if (owned == nullptr) {
      reply.parts.push_back(result);
      continue;
    }
    Partition::PushOutcome outcome = owned->partition->OnPush(message, part);
    if (outcome.answered) reply.parts.push_back(outcome.result);
    if (outcome.changed) {
      OnStep(*owned->partition, out);
      changed.push_back(part.partition);
      pulled_ids_.Release(*message, part);
    }
    if (!outcome.error.empty()) reply.error = std::move(outcome.error);
  }
  if (!reply.parts.empty()) {
    out->messages.push_back({"", MakeMessage(ReplyTo(*message), std::move(reply))});
  }
  ServeWaiting(changed, out);
}

// While one part is handled, what the next one looks at first is on its way into the cache.
void ExecutorCore::PrefetchNext(const Push& push, const PushPart* part) const {
  if (++part == push.parts.data() + push.parts.size()) return;
  if (const Partition* partition = FindPartition(part->partition)) {
    partition->Prefetch(push.slices, part->slice_begin, part->slice_end);
  }
}

uint64_t ExecutorCore::AssemblyBytes() const {
  uint64_t sum = 0;
  for (const auto& [p, owned] : owned_) sum += owned.partition->AssemblyBytes();
  return sum;
}

void ExecutorCore::OnPull(const MessagePtr& message, ExecutorActions* out) {
  const Pull& pull = *BodyAs<Pull>(*message);
  OpenReply open(message);
  if (pull.kind == Pull::Kind::kTraining) KeepIds(message);
  for (const PullPart& part : pull.parts) {
    if (!Serves(part.partition)) continue;
    Partition::PullOutcome outcome;
    const Owned* owned = Serving(part.partition, part.term, &outcome.result.code);
    if (owned != nullptr) outcome = owned->partition->OnPull(pull, part);
    if (outcome.wait && waiting_count_ < limits::kWaitingPullsMax) {
      Park(message, part);
      continue;
    }
    if (outcome.wait) outcome.result.code = PartCode::kBehind;
    const bool reads = owned != nullptr && outcome.result.code == PartCode::kOk;
    open.Add(part, outcome.result.code, reads ? owned->partition.get() : nullptr,
             std::move(outcome.error));
  }
  if (open.empty()) return;
  out->messages.push_back({"", MakeMessage(ReplyTo(*message), open.Close())});
}

// The push of the step may name them.
void ExecutorCore::KeepIds(const MessagePtr& message) {
  const std::vector<PullPart>& parts = BodyAs<Pull>(*message)->parts;
  const auto mine = std::count_if(parts.begin(), parts.end(),
                                  [this](const PullPart& part) { return Serves(part.partition); });
  if (mine > 0) pulled_ids_.Keep(message, static_cast<size_t>(mine));
}

void ExecutorCore::Park(const MessagePtr& message, const PullPart& part) {
  std::deque<WaitingPull>& waiting = waiting_[part.partition];
  for (const WaitingPull& other : waiting) {
    const Header& header = other.message->header;
    if (header.request == message->header.request && header.from == message->header.from) return;
  }
  waiting.push_back({message, &part});
  ++waiting_count_;
}

void ExecutorCore::ServeWaiting(const std::vector<uint32_t>& partitions, ExecutorActions* out) {
  std::vector<OpenReply> replies;
  for (const uint32_t p : partitions) {
    const auto found = waiting_.find(p);
    if (found == waiting_.end()) continue;
    std::deque<WaitingPull> still;
    for (WaitingPull& waiting : found->second) {
      const Pull& pull = *BodyAs<Pull>(*waiting.message);
      Partition::PullOutcome outcome;
      outcome.result.partition = p;
      Owned* owned = Serving(p, waiting.part->term, &outcome.result.code);
      if (owned != nullptr) outcome = owned->partition->OnPull(pull, *waiting.part);
      if (outcome.wait) {
        still.push_back(std::move(waiting));
        continue;
      }
      auto open = std::find_if(replies.begin(), replies.end(), [&](const OpenReply& reply) {
        return reply.request() == waiting.message;
      });
      if (open == replies.end()) open = replies.emplace(replies.end(), waiting.message);
      const bool reads = owned != nullptr && outcome.result.code == PartCode::kOk;
      open->Add(*waiting.part, outcome.result.code, reads ? owned->partition.get() : nullptr,
                std::move(outcome.error));
    }
    waiting_count_ -= found->second.size() - still.size();
    found->second = std::move(still);
    if (found->second.empty()) waiting_.erase(found);
  }
  for (OpenReply& open : replies) {
    const Header header = ReplyTo(*open.request());
    out->messages.push_back({"", MakeMessage(header, open.Close())});
  }
}

void ExecutorCore::Fail(int32_t code, const absl::Status& status, ExecutorActions* out) {
  SendToCoordinator(Goodbye{code, std::string(MessageOf(status))}, out);
}

// ---- Long work: loads and snapshots, in slices ----------------------------------------------

void ExecutorCore::Tick(ExecutorActions* out) {
  busy_ = false;
  AdvanceLoads(out);
  SnapshotActions actions;
  busy_ = snapshots_.Advance(&actions) || busy_;
  CarryOut(std::move(actions), out);
}

void ExecutorCore::AdvanceLoads(ExecutorActions* out) {
  for (auto& [p, owned] : owned_) {
    if (owned.loader == nullptr || !owned.not_loaded.empty()) continue;
    if (auto read = owned.loader->NextRead()) out->storage.push_back(*std::move(read));
  }
}

void ExecutorCore::Completed(const StorageResult& result, ExecutorActions* out) {
  for (auto& [p, owned] : owned_) {
    if (owned.loader == nullptr || owned.loader->ticket() != result.ticket) continue;
    const absl::Status status = owned.loader->OnRead(result);
    if (!status.ok() && restored_ != 0) {
      owned.not_loaded = std::string(MessageOf(status));
      RepeatNotLoaded(out);
    } else if (!status.ok()) {
      Fail(kExitModelDamaged, Annotate(status, "loading the model from ", context_.job.init_dir),
           out);
    } else if (owned.loader->done()) {
      owned.loader.reset();
      ServeWaiting({p}, out);
    } else {
      busy_ = true;
    }
    return;
  }
  SnapshotActions actions;
  busy_ = snapshots_.OnStorage(result, &actions) || busy_;  // There may be room for more.
  CarryOut(std::move(actions), out);
}

// The coordinator has to hear of it, and nobody else asks again: whoever wants to be served.
void ExecutorCore::RepeatNotLoaded(ExecutorActions* out) const {
  for (const auto& [p, owned] : owned_) {
    if (owned.not_loaded.empty()) continue;
    SnapshotDone done;
    done.checkpoint = restored_;
    done.partition = p;
    done.term = owned.term;
    done.error = owned.not_loaded;
    done.stage = SnapshotDone::Stage::kNotLoaded;
    SendToCoordinator(std::move(done), out);
  }
}

void ExecutorCore::OnSnapshotRequest(const SnapshotRequest& request, ExecutorActions* out) {
  if (!Serves(request.partition)) return;
  const auto owned = owned_.find(request.partition);
  if (owned == owned_.end() || owned->second.term != request.term) return;
  RepeatNotLoaded(out);
  if (owned->second.loader != nullptr) return;  // It will be repeated.
  SnapshotActions actions;
  Partition* const partition = owned->second.partition.get();
  busy_ = snapshots_.OnRequest(request, next_ticket_++, partition, &actions) || busy_;
  CarryOut(std::move(actions), out);
}

// Perhaps to that of its snapshot.
void ExecutorCore::OnStep(const Partition& partition, ExecutorActions* out) {
  if (!partition.has_snapshot()) return;
  SnapshotActions actions;
  snapshots_.OnStep(partition.index(), &actions);
  CarryOut(std::move(actions), out);
}

void ExecutorCore::CarryOut(SnapshotActions actions, ExecutorActions* out) const {
  for (SnapshotDone& done : actions.answers) SendToCoordinator(std::move(done), out);
  std::move(actions.storage.begin(), actions.storage.end(), std::back_inserter(out->storage));
}

void ExecutorCore::SendToCoordinator(Body body, ExecutorActions* out) const {
  out->messages.push_back(
      {coordinator_address_,
       MakeMessage(Header{self_, coordinator_, 0, map_index_}, std::move(body))});
}

const Partition* ExecutorCore::FindPartition(uint32_t partition) const {
  const auto owned = owned_.find(partition);
  return owned == owned_.end() ? nullptr : owned->second.partition.get();
}

uint64_t ExecutorCore::rows() const {
  uint64_t sum = 0;
  for (const auto& [p, owned] : owned_) {
    for (const TableShard& shard : *owned.partition->shards()) {
      if (shard.schema().spec().kind == TableSpec::Kind::kSparse) sum += shard.rows();
    }
  }
  return sum;
}

uint64_t ExecutorCore::bytes() const {
  uint64_t sum = 0;
  for (const auto& [p, owned] : owned_) {
    for (const TableShard& shard : *owned.partition->shards()) sum += shard.bytes();
  }
  return sum;
}

}  // namespace cairn
