#include "coordinator/coordinator_core.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/status.h"
#include "coordinator/convergence.h"
#include "coordinator/manifest.h"
#include "kernels/target.h"
#include "sharding/placement_map.h"

namespace cairn {
namespace {

constexpr int32_t kExitInternal = 1;
constexpr int32_t kExitUsage = 2;
constexpr int32_t kExitNotFormed = 5;
constexpr Micros kTickEvery = 50 * kMicrosPerMilli;
constexpr StepIndex kForever = std::numeric_limits<StepIndex>::max();

bool IsEvaluation(StreamId stream) { return (stream & kEvaluationBit) != 0; }

}  // namespace

absl::Status StatusOf(const JobResult& result) {
  switch (result.code) {
    case 0:
      return {};
    case 2:
      return InvalidArgument(result.message);
    case 3:
      return NotFound(result.message);
    case 4:
      return DataLoss(result.message);
    case 5:
      return DeadlineExceeded(result.message);
    case 6:
      return MakeError(absl::StatusCode::kOutOfRange, result.message);
    case 130:
      return MakeError(absl::StatusCode::kCancelled, result.message);
    default:
      return Internal(result.message);
  }
}

CoordinatorCore::CoordinatorCore(Options options, Micros now, CoordinatorActions* out)
    : self_(options.self),
      times_(options.times),
      init_files_(std::move(options.init_files)),
      started_(now),
      next_tick_(now + kTickEvery) {
  Decide(JobCreated{std::move(options.job), std::move(options.plan)}, out);
}

void CoordinatorCore::Decide(LogRecord record, CoordinatorActions* out) {
  state_.Apply(record);
  out->log.emplace_back(state_.index, std::move(record));
}

void CoordinatorCore::Send(const ProcessId& to, Body body, CoordinatorActions* out) const {
  out->messages.push_back({"", MakeMessage({self_, to, 0, state_.map_index}, std::move(body))});
}

void CoordinatorCore::Receive(const MessagePtr& message, Micros now, CoordinatorActions* out) {
  const Header& header = message->header;
  const bool any_life = header.to.incarnation == 0;
  if (const auto* hello = BodyAs<Hello>(*message); hello != nullptr && any_life) {
    OnHello(*message, *hello, now, out);
    return;
  }
  if (header.to != self_) return;  // Meant for a former life.
  if (FindMember(header.from) == nullptr) {
    // Out of the job already: it may not know yet.
    if (phase_ >= Phase::kFarewell) {
      Send(header.from, JobEnd{state_.end_code, state_.end_message}, out);
    }
    return;
  }
  volatile_[header.from.process].heard = now;
  if (const auto* beat = BodyAs<Heartbeat>(*message)) {
    OnHeartbeat(*message, *beat, now, out);
  } else if (const auto* progress = BodyAs<Progress>(*message)) {
    OnProgress(*message, *progress, now, out);
  } else if (const auto* result = BodyAs<EvaluationResult>(*message)) {
    OnEvaluationResult(*message, *result, now, out);
  } else if (const auto* done = BodyAs<SnapshotDone>(*message)) {
    OnSnapshotDone(*message, *done, now, out);
  } else if (const auto* bye = BodyAs<Goodbye>(*message)) {
    OnGoodbye(*message, *bye, now, out);
  }
  TellMembers(out);
}

// ---- Members --------------------------------------------------------------------------------

const MemberState* CoordinatorCore::FindMember(const ProcessId& id) const {
  const auto found = state_.members.find(id.process);
  return found == state_.members.end() || found->second.id != id ? nullptr : &found->second;
}

uint32_t CoordinatorCore::CountOf(Role role) const {
  return static_cast<uint32_t>(
      std::count_if(state_.members.begin(), state_.members.end(),
                    [&](const auto& entry) { return entry.second.role == role; }));
}

void CoordinatorCore::OnHello(const Message& message, const Hello& hello, Micros now,
                              CoordinatorActions* out) {
  const uint64_t incarnation = message.header.from.incarnation;
  const auto known = std::find_if(
      state_.members.begin(), state_.members.end(),
      [&](const auto& entry) { return entry.second.id.incarnation == incarnation; });
  ProcessId id{state_.next_process, incarnation};
  // Who was taken for dead and was not comes back under its old number: it knows no other.
  const uint32_t former = message.header.from.process;
  const bool came_back = former != kCoordinatorProcess && former < state_.next_process;
  if (came_back && !state_.members.contains(former)) id.process = former;
  if (known != state_.members.end()) {
    id = known->second.id;
  } else if (phase_ >= Phase::kFarewell && came_back) {
    Send(message.header.from, JobEnd{state_.end_code, state_.end_message}, out);
    return;
  } else if (phase_ >= Phase::kFarewell) {
    Send(message.header.from, JobEnd{kExitNotFormed, "the job is over"}, out);
    return;
  } else if (Fixed() && hello.role != Role::kReader && hello.kernel_target != kKernelTarget) {
    Send(message.header.from,
         JobEnd{kExitUsage, Concat("this job's arithmetic is pinned to ", kKernelTarget,
                                   ", this process has ", hello.kernel_target)},
         out);
    return;
  } else if (hello.role == Role::kServer && phase_ != Phase::kForming) {
    Send(message.header.from,
         JobEnd{kExitNotFormed, Concat("the job runs with its ", state_.plan.servers,
                                       " servers already")},
         out);
    return;
  } else {
    Decide(MemberJoined{id, hello.role, hello.address}, out);
    if (hello.role == Role::kClient) OpenClientStream(state_.members.at(id.process), out);
  }
  volatile_[id.process].heard = now;
  // The welcome travels under the name by which the process is known to the transport so far.
  Send({kUnassignedProcess, incarnation},
       Welcome{id.process, state_.job, static_cast<uint32_t>(times_.heartbeat / 1000),
               init_files_},
       out);
  MaybeForm(now, out);
  TellMembers(out);
}

std::string CoordinatorCore::Missing() const {
  const JobPlan& plan = state_.plan;
  const uint32_t servers = CountOf(Role::kServer);
  const uint32_t workers = CountOf(plan.schedule.epochs > 0 ? Role::kWorker : Role::kClient);
  if (servers < plan.servers) {
    return Concat(plan.servers - servers, " of ", plan.servers,
                  plan.servers == 1 ? " server" : " servers");
  }
  if (plan.schedule.epochs > 0 && workers < plan.workers) {
    return Concat(plan.workers - workers, " of ", plan.workers,
                  plan.workers == 1 ? " worker" : " workers");
  }
  return {};
}

// All servers are there: the partitions are placed. All workers too: training begins.
void CoordinatorCore::MaybeForm(Micros now, CoordinatorActions* out) {
  if (phase_ != Phase::kForming) return;
  if (state_.partitions.empty() && CountOf(Role::kServer) >= state_.plan.servers) {
    std::vector<ProcessId> servers;
    for (const auto& [process, member] : state_.members) {
      if (member.role == Role::kServer) servers.push_back(member.id);
    }
    MapChanged map;
    for (const uint32_t position : AssignPartitions(
             state_.job.partitions, static_cast<uint32_t>(servers.size()))) {
      map.partitions.push_back({1, servers[position]});
    }
    Decide(std::move(map), out);
  }
  if (!Missing().empty()) return;
  training_started_ = now;
  if (state_.plan.schedule.epochs == 0) {
    phase_ = Phase::kServing;
    return;
  }
  phase_ = Phase::kTraining;
  OpenEpoch(out);
  LeaseStreams(out);
}

void CoordinatorCore::OnHeartbeat(const Message& message, const Heartbeat& beat, Micros,
                                  CoordinatorActions* out) {
  Volatile& member = volatile_[message.header.from.process];
  member.capacity = beat.capacity;
  member.map_index = beat.map_index;
  member.grants_index = beat.grants_index;
  LeaseStreams(out);
  TellMember(state_.members.at(message.header.from.process), out);
}

// What the member does not know yet, by its last heartbeat.
void CoordinatorCore::TellMember(const MemberState& member, CoordinatorActions* out) {
  if (phase_ >= Phase::kFarewell) {
    Send(member.id, JobEnd{state_.end_code, state_.end_message}, out);
    return;
  }
  const Volatile& known = volatile_[member.id.process];
  if (!state_.partitions.empty() && known.map_index < state_.map_index) {
    Send(member.id, state_.MakeMap(), out);
  }
  const bool runs_streams = member.role == Role::kWorker || member.role == Role::kClient;
  if (runs_streams && known.grants_index < state_.grants_index) {
    Send(member.id, state_.MakeGrants(member.id.process), out);
  }
}

// Whoever is concerned by what has just been decided hears of it at once; heartbeats repair.
void CoordinatorCore::TellMembers(CoordinatorActions* out) {
  if (phase_ >= Phase::kFarewell || state_.partitions.empty()) return;
  const bool map = told_map_ < state_.map_index;
  const bool grants = told_grants_ < state_.grants_index;
  if (!map && !grants) return;
  told_map_ = state_.map_index;
  told_grants_ = state_.grants_index;
  for (const auto& [process, member] : state_.members) {
    if (map) Send(member.id, state_.MakeMap(), out);
    const bool runs_streams = member.role == Role::kWorker || member.role == Role::kClient;
    if (grants && runs_streams) Send(member.id, state_.MakeGrants(process), out);
  }
}

void CoordinatorCore::OnGoodbye(const Message& message, const Goodbye& bye, Micros now,
                                CoordinatorActions* out) {
  const uint32_t process = message.header.from.process;
  const Role role = state_.members.at(process).role;
  RemoveMember(process, out);
  if (phase_ >= Phase::kFarewell) {
    if (state_.members.empty()) phase_ = Phase::kFinished;
    return;
  }
  if (bye.code != 0) {
    End(bye.code, bye.message, now, out);
  } else if (role == Role::kServer) {
    End(kExitInternal, Concat("server ", process, " left before the job was over"), now, out);
  } else {
    LeaseStreams(out);
  }
}

void CoordinatorCore::RemoveMember(uint32_t process, CoordinatorActions* out) {
  const Role role = state_.members.at(process).role;
  Decide(MemberLeft{process}, out);
  volatile_.erase(process);
  std::vector<StreamId> held;
  for (const auto& [id, stream] : state_.streams) {
    if (stream.worker == process) held.push_back(id);
  }
  for (const StreamId id : held) {
    if (role == Role::kClient) {
      Decide(StreamClosed{id}, out);  // Nobody else could run it.
    } else {
      Decide(StreamLeased{id, state_.streams.at(id).attempt, 0}, out);
      unleased_.insert(id);
    }
  }
  if (role == Role::kClient && !Fixed()) RaiseFloor(out);
}

// asp: streams below the lowest open one are closed for good; servers may forget them.
void CoordinatorCore::RaiseFloor(CoordinatorActions* out) {
  const auto lowest = state_.streams.begin();
  const bool none = lowest == state_.streams.end() || IsEvaluation(lowest->first);
  const StreamId floor = none ? state_.opened : lowest->first;
  if (floor > state_.floor) Decide(FloorRaised{floor}, out);
}

void CoordinatorCore::ExpireMembers(Micros now, CoordinatorActions* out) {
  std::vector<uint32_t> silent;
  for (const auto& [process, member] : state_.members) {
    const Micros lease =
        member.role == Role::kServer ? times_.server_lease : times_.worker_lease;
    if (now - volatile_[process].heard > lease) silent.push_back(process);
  }
  for (const uint32_t process : silent) {
    const MemberState member = state_.members.at(process);
    RemoveMember(process, out);
    if (member.role == Role::kServer && phase_ != Phase::kForming) {
      End(kExitInternal,
          Concat("server ", process, " at ", member.address, " has been silent for ",
                 times_.server_lease / kMicrosPerSecond,
                 " s: its part of the model is lost, and with it the job"),
          now, out);
      return;
    }
  }
  if (!silent.empty()) LeaseStreams(out);
}

// ---- Streams --------------------------------------------------------------------------------

void CoordinatorCore::OpenEpoch(CoordinatorActions* out) {
  const uint64_t epoch = state_.epochs.size();
  const Schedule& schedule = state_.plan.schedule;
  const uint64_t batches = BatchesOfEpoch(schedule, epoch);
  if (Fixed()) {
    const StepIndex limit = FixedStepsThrough(schedule, epoch + 1);
    if (state_.opened > 0) {
      Decide(LimitRaised{limit}, out);
      return;
    }
    StreamsOpened opened{0, limit, {}};
    for (uint32_t slot = 0; slot < state_.job.streams; ++slot) {
      StreamWork work{.slot = slot, .last = FixedStepsThrough(schedule, schedule.epochs)};
      opened.works.push_back(work);
      unleased_.insert(slot);
    }
    Decide(std::move(opened), out);
    return;
  }
  RaiseFloor(out);  // The epoch before is done and closed: its stamps are not needed any more.
  StreamsOpened opened{state_.opened, kForever, {}};
  const uint64_t lease = state_.plan.lease_batches;
  for (uint64_t first = 0; first < batches; first += lease) {
    StreamWork work{.epoch = epoch, .first_batch = first, .last = std::min(lease, batches - first)};
    unleased_.insert(opened.first + opened.works.size());
    opened.works.push_back(work);
  }
  Decide(std::move(opened), out);
}

void CoordinatorCore::OpenEvaluation(CoordinatorActions* out) {
  const uint64_t batches = state_.plan.evaluation_batches;
  evaluation_.emplace(batches);
  const uint64_t lease =
      std::max<uint64_t>(1, batches / (4 * std::max(1u, CountOfStreamRunners())));
  StreamsOpened opened{next_evaluation_, kForever, {}};
  for (uint64_t first = 0; first < batches; first += lease) {
    opened.works.push_back({.kind = StreamWork::Kind::kEvaluate,
                            .epoch = state_.epochs.size(),
                            .first_batch = first,
                            .last = std::min(lease, batches - first)});
    unleased_.insert(next_evaluation_++);
  }
  Decide(std::move(opened), out);
}

void CoordinatorCore::OpenClientStream(const MemberState& member, CoordinatorActions* out) {
  clients_came_ = true;
  StreamWork work{.kind = StreamWork::Kind::kClient, .last = kForever};
  if (Fixed() && state_.opened == 0) {
    // All slots exist from the start: servers wait for every one of them.
    StreamsOpened opened{0, kForever, {}};
    for (uint32_t slot = 0; slot < state_.job.streams; ++slot) {
      work.slot = slot;
      opened.works.push_back(work);
      unleased_.insert(slot);
    }
    Decide(std::move(opened), out);
  }
  if (!Fixed()) {
    unleased_.insert(state_.opened);
    Decide(StreamsOpened{state_.opened, kForever, {work}}, out);
  }
  for (const StreamId id : unleased_) {
    if (state_.streams.at(id).work.kind != StreamWork::Kind::kClient) continue;
    Decide(StreamLeased{id, 1, member.id.process}, out);
    unleased_.erase(id);
    return;
  }
  Send({kUnassignedProcess, member.id.incarnation},
       JobEnd{kExitUsage, Concat("all ", state_.job.streams,
                                 " streams of this job are taken (JobSpec::streams)")},
       out);
}

// The worker with the fewest streams among those with room; with `always`, room or not.
uint32_t CoordinatorCore::WorkerFor(const std::map<uint32_t, uint32_t>& load, bool always) const {
  uint32_t best = 0;
  for (const auto& [process, streams] : load) {
    const auto known = volatile_.find(process);
    const uint32_t capacity = known == volatile_.end() ? 0 : known->second.capacity;
    if (!always && streams >= capacity) continue;
    if (best == 0 || streams < load.at(best)) best = process;
  }
  return best;
}

// Gives every stream that nobody runs to a worker with room, in the order of their ids. A fixed
// stream goes out in any case: all others wait for it.
void CoordinatorCore::LeaseStreams(CoordinatorActions* out) {
  if (unleased_.empty() || phase_ == Phase::kForming || phase_ >= Phase::kSaving) return;
  std::map<uint32_t, uint32_t> load;
  for (const auto& [process, member] : state_.members) {
    if (member.role == Role::kWorker) load[process] = 0;
  }
  for (const auto& [id, stream] : state_.streams) {
    const bool runs = !IsEvaluation(id) || phase_ == Phase::kEvaluating;
    const bool idle = Fixed() && phase_ == Phase::kEvaluating && !IsEvaluation(id);
    if (runs && !idle && load.contains(stream.worker)) ++load[stream.worker];
  }
  for (auto it = unleased_.begin(); it != unleased_.end();) {
    const StreamState& stream = state_.streams.at(*it);
    if (stream.work.kind == StreamWork::Kind::kClient) {
      ++it;
      continue;
    }
    const uint32_t worker = WorkerFor(load, Fixed() && !IsEvaluation(*it));
    if (worker == 0) return;
    ++load[worker];
    attempt_sums_[*it] = {stream.attempt + 1, 0, 0};
    Decide(StreamLeased{*it, stream.attempt + 1, worker}, out);
    it = unleased_.erase(it);
  }
}

void CoordinatorCore::OnProgress(const Message& message, const Progress& progress, Micros now,
                                 CoordinatorActions* out) {
  const auto found = state_.streams.find(progress.ref.stream);
  if (found == state_.streams.end()) return;
  const StreamState& stream = found->second;
  if (stream.worker != message.header.from.process || stream.attempt != progress.ref.attempt ||
      progress.step <= stream.progress || progress.step > stream.work.last) {
    return;
  }
  AttemptSums& sums = attempt_sums_[progress.ref.stream];
  StreamProgressed record{progress.ref, progress.step, progress.rows - sums.rows,
                          progress.loss_sum - sums.loss_sum};
  sums = {progress.ref.attempt, progress.rows, progress.loss_sum};
  const bool done = progress.step == stream.work.last;
  Decide(record, out);
  if (done) {
    attempt_sums_.erase(progress.ref.stream);
    Decide(StreamClosed{progress.ref.stream}, out);
  }
  MaybeEndEpoch(now, out);
  if (done) LeaseStreams(out);
}

bool CoordinatorCore::EpochComplete() const {
  return std::all_of(state_.streams.begin(), state_.streams.end(), [&](const auto& entry) {
    const StreamState& stream = entry.second;
    if (stream.work.kind != StreamWork::Kind::kTrain) return true;
    return Fixed() && stream.progress >= stream.limit;
  });
}

void CoordinatorCore::MaybeEndEpoch(Micros now, CoordinatorActions* out) {
  if (phase_ != Phase::kTraining || !EpochComplete()) return;
  result_.train_seconds = static_cast<double>(now - training_started_) / kMicrosPerSecond;
  if (state_.plan.evaluation_batches == 0) {
    EndEpoch(now, out);
    return;
  }
  phase_ = Phase::kEvaluating;
  OpenEvaluation(out);
  LeaseStreams(out);
}

void CoordinatorCore::OnEvaluationResult(const Message& message, const EvaluationResult& result,
                                         Micros now, CoordinatorActions* out) {
  const auto found = state_.streams.find(result.ref.stream);
  Send(message.header.from, EvaluationAck{result.ref, result.step}, out);
  if (phase_ != Phase::kEvaluating || found == state_.streams.end()) return;
  const StreamState& stream = found->second;
  if (result.step == 0 || result.step > stream.work.last) return;
  const StreamWork work = stream.work;
  const auto added = evaluation_->Add(work.first_batch + result.step - 1, result);
  if (added == Evaluation::Added::kTooMany) {
    End(kExitUsage, Concat("more than ", Evaluation::kRowsMax, " rows of validation data"), now,
        out);
    return;
  }
  bool all = true;
  for (StepIndex s = 1; s <= work.last; ++s) all = all && evaluation_->Has(work.first_batch + s - 1);
  if (all) Decide(StreamClosed{result.ref.stream}, out);
  if (evaluation_->complete()) {
    EndEpoch(now, out);
  } else if (all) {
    LeaseStreams(out);
  }
}

void CoordinatorCore::EndEpoch(Micros now, CoordinatorActions* out) {
  EpochRecord record;
  record.epoch = state_.epochs.size();
  record.rows = state_.epoch_rows;
  record.train_logloss = state_.epoch_rows == 0
                             ? std::nan("")
                             : state_.epoch_loss_sum / static_cast<double>(state_.epoch_rows);
  record.valid_logloss = record.valid_auc = std::nan("");
  record.seconds = static_cast<double>(now - training_started_) / kMicrosPerSecond;
  if (evaluation_.has_value()) {
    const Evaluation::Metrics metrics = evaluation_->Compute();
    record.valid_logloss = metrics.logloss;
    record.valid_auc = metrics.auc;
    evaluation_.reset();
  }
  Decide(EpochEnded{record}, out);
  std::optional<StopDecision> stop =
      DecideStop(state_.plan.stop, state_.plan.schedule.epochs, state_.epochs);
  if (!stop.has_value() && BatchesOfEpoch(state_.plan.schedule, state_.epochs.size()) == 0) {
    stop = StopDecision{0, Concat(state_.plan.schedule.batches_max, " batches are done")};
  }
  if (stop.has_value()) {
    BeginSaving(stop->code, stop->reason, now, out);
    return;
  }
  phase_ = Phase::kTraining;
  OpenEpoch(out);
  LeaseStreams(out);
}

// ---- The end --------------------------------------------------------------------------------

void CoordinatorCore::BeginSaving(int32_t code, const std::string& message, Micros now,
                                  CoordinatorActions* out) {
  const JobPlan& plan = state_.plan;
  if (code != 0 || (!plan.want_digest && plan.save_dir.empty())) {
    End(code, message, now, out);
    return;
  }
  phase_ = Phase::kSaving;
  pending_code_ = code;
  pending_message_ = message;
  repeat_at_ = now + times_.repeat;
  RequestSnapshots(out);
}

void CoordinatorCore::RequestSnapshots(CoordinatorActions* out) const {
  for (uint32_t p = 0; p < state_.partitions.size(); ++p) {
    if (snapshots_.contains(p)) continue;
    const PartitionEntry& entry = state_.partitions[p];
    Send(entry.primary, SnapshotRequest{1, p, entry.term, state_.plan.save_dir}, out);
  }
}

void CoordinatorCore::OnSnapshotDone(const Message& message, const SnapshotDone& done, Micros now,
                                     CoordinatorActions* out) {
  if (phase_ != Phase::kSaving || done.partition >= state_.partitions.size()) return;
  const PartitionEntry& entry = state_.partitions[done.partition];
  if (done.term != entry.term || message.header.from != entry.primary) return;
  if (snapshots_.contains(done.partition)) return;
  if (!done.error.empty()) {
    End(kExitInternal, Concat("the model could not be saved: ", done.error), now, out);
    return;
  }
  snapshots_[done.partition] = done;
  result_.features += done.rows;
  // Addition modulo 2^128.
  const uint64_t low = result_.digest_low + done.digest_low;
  result_.digest_high += done.digest_high + (low < done.digest_low ? 1 : 0);
  result_.digest_low = low;
  if (snapshots_.size() < state_.partitions.size()) return;
  if (state_.plan.save_dir.empty()) {
    End(pending_code_, pending_message_, now, out);
  } else if (!manifest_asked_) {
    manifest_asked_ = true;
    out->manifest = ManifestText();
  }
}

std::string CoordinatorCore::ManifestText() const {
  Manifest manifest;
  manifest.job = state_.job.name;
  manifest.program = state_.job.program;
  manifest.digest_high = result_.digest_high;
  manifest.digest_low = result_.digest_low;
  for (const auto& [p, done] : snapshots_) {
    manifest.files.push_back({p, done.file, done.bytes, done.crc, done.rows});
  }
  return FormatManifest(manifest);
}

void CoordinatorCore::ManifestWritten(const absl::Status& status, Micros now,
                                      CoordinatorActions* out) {
  if (phase_ != Phase::kSaving) return;
  if (!status.ok()) {
    End(kExitInternal, Concat("the model could not be saved: ", MessageOf(status)), now, out);
    return;
  }
  End(pending_code_, pending_message_, now, out);
}

void CoordinatorCore::Stop(int32_t code, const std::string& message, Micros now,
                           CoordinatorActions* out) {
  if (phase_ >= Phase::kSaving) return;
  if (code == 0 && !state_.partitions.empty()) {
    BeginSaving(code, message, now, out);
  } else {
    End(code, message, now, out);
  }
}

void CoordinatorCore::End(int32_t code, const std::string& message, Micros now,
                          CoordinatorActions* out) {
  if (phase_ >= Phase::kFarewell) return;
  Decide(JobEnded{code, message}, out);
  phase_ = Phase::kFarewell;
  farewell_until_ = now + times_.farewell;
  repeat_at_ = now + times_.repeat;
  result_.code = code;
  result_.message = message;
  result_.epochs = state_.epochs;
  result_.rows = state_.rows_total;
  Announce(out);
  if (state_.members.empty()) phase_ = Phase::kFinished;
}

void CoordinatorCore::Announce(CoordinatorActions* out) const {
  for (const auto& [process, member] : state_.members) {
    Send(member.id, JobEnd{state_.end_code, state_.end_message}, out);
  }
}

void CoordinatorCore::Tick(Micros now, CoordinatorActions* out) {
  next_tick_ = now + kTickEvery;
  if (phase_ == Phase::kFinished) return;
  if (phase_ == Phase::kFarewell) {
    if (now >= farewell_until_) {
      phase_ = Phase::kFinished;
    } else if (now >= repeat_at_) {
      repeat_at_ = now + times_.repeat;
      Announce(out);
    }
    return;
  }
  if (phase_ == Phase::kForming && now - started_ >= times_.form_timeout) {
    End(kExitNotFormed,
        Concat("the cluster was not formed: waited ", times_.form_timeout / kMicrosPerSecond,
               " s for ", Missing()),
        now, out);
    return;
  }
  ExpireMembers(now, out);
  if (phase_ == Phase::kServing && state_.plan.end_with_clients && clients_came_ &&
      CountOf(Role::kClient) == 0) {
    BeginSaving(0, "all clients have left", now, out);
  }
  if (phase_ == Phase::kSaving && now >= repeat_at_) {
    repeat_at_ = now + times_.repeat;
    RequestSnapshots(out);
  }
  TellMembers(out);
}

CoordinatorCore::Status CoordinatorCore::status(Micros now) const {
  static constexpr const char* kNames[] = {"forming", "serving",  "training", "evaluating",
                                           "saving",  "farewell", "finished"};
  Status status;
  status.phase = kNames[static_cast<size_t>(phase_)];
  status.epoch = state_.epochs.size();
  status.batches = BatchesOfEpoch(state_.plan.schedule, status.epoch);
  status.rows = state_.epoch_rows;
  status.loss_sum = state_.epoch_loss_sum;
  status.epochs = state_.epochs;
  if (phase_ == Phase::kForming) {
    status.waiting_for = Concat(Missing(), " for ", (now - started_) / kMicrosPerSecond, " s");
  }
  uint64_t left = 0;
  for (const auto& [id, stream] : state_.streams) {
    if (stream.work.kind != StreamWork::Kind::kTrain) continue;
    left += (Fixed() ? stream.limit : stream.work.last) - stream.progress;
  }
  status.batches_done = status.batches - std::min(status.batches, left);
  return status;
}

}  // namespace cairn
