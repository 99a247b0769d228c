#include "sim/checkers.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <string_view>

#include "base/status.h"
#include "sharding/schedule.h"
#include "sim/serial_reference.h"

namespace cairn::sim {
namespace {

constexpr int64_t kViolationsKept = 5;  // Of each kind.
constexpr size_t kRowsAtOnce = 4'096;

std::vector<uint64_t> IdsOf(const TableShard& shard) {
  std::vector<uint64_t> ids;
  shard.IdsInRange(0, std::numeric_limits<uint64_t>::max(), kRowsAtOnce, &ids);
  return ids;
}

StreamStamp StampOf(const SnapshotStamps& stamps, StreamId stream) {
  for (const StreamStamp& state : stamps.streams) {
    if (state.stream == stream) return state;
  }
  return {stream, 0, 0};
}

// The row as files have it; empty: there is none.
std::vector<float> RowOf(const TableShard& shard, uint64_t id) {
  std::vector<float> row(shard.schema().row_floats());
  if (!shard.Get(id, row.data())) row.clear();
  return row;
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

Checkers::Checkers(const Scenario& scenario, const SimProgram& program, ProbeCounts* probes)
    : scenario_(scenario), program_(program), probes_(probes) {}

void Checkers::Report(const char* what, std::string text) {
  static const std::set<std::string_view> of_data = {"G1", "G3", "G4", "stamps", "report"};
  if (innocent_left_out_ && of_data.contains(what)) return;
  const auto of_this_kind =
      std::count_if(violations_.begin(), violations_.end(),
                    [&](const Violation& violation) { return violation.what == what; });
  if (of_this_kind < kViolationsKept) violations_.push_back({what, std::move(text)});
}

// ---- G3: what a pull sees -------------------------------------------------------------------

void Checkers::OnPulled(const StepKey& key, const SimPrepared& prepared,
                        const std::vector<float>& ones) {
  const KeyCut& cut = *(*prepared.payload)[kTableOnes];
  for (size_t i = 0; i < prepared.sightings.size(); ++i) {
    const Sighting& sighting = prepared.sightings[i];
    const bool due = sighting.own_step != 0 && sighting.own_step <= prepared.acknowledged;
    const double least = static_cast<double>(sighting.least) + (due ? 1 : 0);
    // A partition's snapshot may have been taken later than its checkpoint began, epochs even.
    const bool is_ahead = rolled_back_ && scenario_.job.mode.consistency == Consistency::kAsp;
    const auto most = static_cast<double>(
        is_ahead && sighting.most > 0 ? scenario_.plan.schedule.epochs : sighting.most);
    const double seen = static_cast<double>(ones[cut.inverse[i]]);
    if (seen >= least && seen <= most) continue;
    Report("G3", Concat("stream ", key.ref.stream, " attempt ", key.ref.attempt, " step ", key.step,
                        ": row of data ", sighting.row, " was seen trained ", seen,
                        " times, legal: ", least, " .. ", most));
  }
}

void Checkers::OnClientStep(Key key, StepIndex step) {
  ClientBooks& books = clients_[key];
  books.started = std::max(books.started, step);  // Some are begun once more.
}

void Checkers::OnClientRead(Key key, double seen, StepIndex least) {
  const ClientBooks& books = clients_[key];
  const bool sees_enough = books.taken_back || seen >= static_cast<double>(least);
  if (sees_enough && seen <= static_cast<double>(books.started)) return;
  Report("G3", Concat("a program saw ", seen, " of its steps, legal: ", least, " .. ",
                      books.started, books.taken_back ? ", or less" : ""));
}

void Checkers::OnClientResumed(Key key, StepIndex base, uint64_t rollback_index) {
  ClientBooks& books = clients_[key];
  books.acknowledged = base;
  books.taken_back = rollback_index < last_rollback_;  // And so on.
}

// ---- Stamps: what a partition does with records -----------------------------------------------

void Checkers::OnDecision(const LogRecord& record, uint64_t index) {
  if (const auto* restored = std::get_if<JobRestored>(&record)) moved_from_ = restored->state;
  if (const auto* back = std::get_if<RolledBack>(&record)) {
    rolled_back_ = true;
    last_rollback_ = index;
    for (auto& [key, books] : clients_) books.taken_back = true;
    const CheckpointState* const former =
        moved_from_ == nullptr ? nullptr : moved_from_->FindCheckpoint(back->checkpoint);
    if (former != nullptr) {
      progress_.clear();
      for (const auto& [id, stream] : former->training.streams) progress_[id] = stream.progress;
    }
  }
  if (const auto* blamed = std::get_if<StepBlamed>(&record)) NoteBlame(*blamed);
  const auto* opened = std::get_if<StreamsOpened>(&record);
  if (opened != nullptr) {
    for (size_t i = 0; i < opened->works.size(); ++i) {
      works_[opened->first + i] = opened->works[i];
      progress_.erase(opened->first + i);
    }
  }
}

void Checkers::NoteBlame(const StepBlamed& blamed) {
  const StreamWork& work = works_.at(blamed.stream);
  const bool evaluates = work.kind == StreamWork::Kind::kEvaluate;
  const std::pair<StreamId, StepIndex> step =
      evaluates ? std::pair(kEvaluationBit, work.first_batch + blamed.step)
                : std::pair(blamed.stream, blamed.step);
  if (++deaths_[step] < StepBlame::kDeathsOfOne) return;
  const bool is_fixed = !evaluates && scenario_.job.mode.consistency != Consistency::kAsp;
  const uint64_t batch = is_fixed
                             ? FixedBatch(scenario_.plan.schedule, work.slot, blamed.step).batch
                             : work.first_batch + blamed.step - 1;
  if ((evaluates ? program_.evaluation_batch(batch) : program_.batch(batch)).kills()) return;
  innocent_left_out_ = true;
  probes_->Hit(Probe::kInnocentLeftOut);
}

// The step of the stream that a partition must execute after `last`.
StepIndex Checkers::NextStep(StreamId stream, StepIndex last, uint32_t partition) const {
  const StreamWork& work = works_.at(stream);
  const auto moved = progress_.find(stream);
  StepIndex step = std::max(last, moved == progress_.end() ? 0 : moved->second) + 1;
  const bool touches_all = scenario_.job.mode.consistency != Consistency::kAsp;
  if (touches_all || work.kind == StreamWork::Kind::kClient) return step;  // Always the same key.
  while (step <= work.last && !program_.Touches(work, step, partition)) ++step;
  return step;
}

void Checkers::BeforeHandling(const ExecutorCore& executor, const Message& message) {
  before_.clear();
  const auto* push = BodyAs<Push>(message);
  const auto* pull = BodyAs<Pull>(message);
  if (push != nullptr) {
    for (const PushPart& part : push->parts) {
      const Partition* partition = executor.FindPartition(part.partition);
      if (partition != nullptr) before_.push_back({partition, partition->Stamps()});
    }
  }
  if (pull == nullptr || pull->kind != Pull::Kind::kTraining) return;
  for (const PullPart& part : pull->parts) {
    const Partition* partition = executor.FindPartition(part.partition);
    if (partition == nullptr || scenario_.job.mode.consistency != Consistency::kBsp) continue;
    if (partition->Stamps().version == pull->step) probes_->Hit(Probe::kUndoRead);
  }
}

void Checkers::AfterHandling(const ExecutorCore& executor, const Message& message,
                             const ExecutorActions& actions) {
  const auto* push = BodyAs<Push>(message);
  const auto* pull = BodyAs<Pull>(message);
  if (push != nullptr) {
    for (const Before& before : before_) CheckStep(before, *push);
  }
  size_t answered = 0;
  for (const Outgoing& out : actions.messages) {
    if (const auto* reply = BodyAs<PushReply>(*out.message); reply != nullptr) {
      for (const PartResult& part : reply->parts) {
        if (part.code == PartCode::kGap) probes_->Hit(Probe::kGap);
        if (part.code == PartCode::kFenced) probes_->Hit(Probe::kFenced);
        if (part.code == PartCode::kBehind) probes_->Hit(Probe::kBehind);
        if (part.code == PartCode::kNotPrimary) probes_->Hit(Probe::kNotPrimary);
        if (part.code == PartCode::kNeedIds) probes_->Hit(Probe::kNeedIds);
      }
    }
    if (const auto* reply = BodyAs<PullReply>(*out.message); reply != nullptr) {
      answered += reply->parts.size();
      for (const PullResult& part : reply->parts) {
        if (part.code == PartCode::kPassed) probes_->Hit(Probe::kPassed);
        if (part.code == PartCode::kFenced) probes_->Hit(Probe::kPullFenced);
        if (part.code == PartCode::kBehind) probes_->Hit(Probe::kBehind);
        if (part.code == PartCode::kNotPrimary) probes_->Hit(Probe::kNotPrimary);
      }
    }
  }
  if (pull == nullptr) return;
  for (const PullPart& part : pull->parts) answered += executor.Serves(part.partition) ? 0 : 1;
  if (answered < pull->parts.size()) probes_->Hit(Probe::kPullParked);
}

void Checkers::CheckStep(const Before& before, const Push& push) {
  const SnapshotStamps after = before.partition->Stamps();
  const uint64_t executed = after.lsn - before.stamps.lsn;
  const StepIndex last = StampOf(before.stamps, push.ref.stream).last;
  const StepIndex now = StampOf(after, push.ref.stream).last;
  const auto where = [&] {
    return Concat("partition ", before.partition->index(), " stream ", push.ref.stream, " attempt ",
                  push.ref.attempt, " step ", push.step);
  };
  if (executed == 0) {
    if (now != last) Report("stamps", Concat(where(), ": a stamp moved without a record"));
    if (push.step <= last) probes_->Hit(Probe::kDuplicateAcknowledged);
    return;
  }
  probes_->Hit(Probe::kApplied, executed);
  const bool is_partly_there = std::any_of(
      before.stamps.ahead.begin(), before.stamps.ahead.end(), [&](const AheadStamp& stamp) {
        return stamp.stream == push.ref.stream && stamp.last >= push.step;
      });
  if (is_partly_there) probes_->Hit(Probe::kRowsAhead);
  if (before.partition->has_snapshot()) probes_->Hit(Probe::kBehindScan, executed);
  if (push.rows > 0 && push.slices.empty()) probes_->Hit(Probe::kBareRecord);
  if (!works_.contains(push.ref.stream)) {
    Report("stamps", Concat(where(), ": the stream is not in the coordinator's log"));
    return;
  }
  if (push.step <= last) {
    Report("stamps", Concat(where(), ": executed again, the last one was ", last));
    return;
  }
  const StepIndex next = NextStep(push.ref.stream, last, before.partition->index());
  if (executed != 1 || now != push.step || now != next) {
    Report("stamps", Concat(where(), ": executed ", executed, " records after step ", last,
                            ", the next one was ", next));
  }
}

// ---- At the end -----------------------------------------------------------------------------

void Checkers::OnReport(const JobResult& heard, const JobResult& result) {
  if (heard.code == result.code && heard.rows == result.rows && heard.features == result.features &&
      heard.digest_high == result.digest_high && heard.digest_low == result.digest_low &&
      heard.epochs.size() == result.epochs.size()) {
    return;
  }
  Report("report",
         Concat("the submitter heard of code ", heard.code, ", ", heard.rows, " rows, ",
                heard.features, " features, ", heard.epochs.size(), " epochs, but there were ",
                result.code, ", ", result.rows, ", ", result.features, ", ", result.epochs.size()));
}

void Checkers::AtEnd(const std::vector<const ExecutorCore*>& executors,
                     const CoordinatorCore& coordinator) {
  std::vector<const Partition*> partitions;
  for (uint32_t p = 0; p < scenario_.job.partitions; ++p) {
    for (const ExecutorCore* executor : executors) {
      const Partition* partition = executor->FindPartition(p);
      if (partition != nullptr) partitions.push_back(partition);
    }
    if (partitions.size() != p + 1) {
      Report("G1", Concat("partition ", p, " is not held by exactly one executor"));
      return;
    }
  }
  CheckCounts(partitions);
  CheckBudget(partitions);
  CheckBooks(coordinator);
  if (scenario_.job.mode.consistency == Consistency::kBsp) CheckReference(partitions, coordinator);
}

// G1: every row of data was counted once an epoch, no more and no less.
void Checkers::CheckCounts(const std::vector<const Partition*>& partitions) {
  std::map<Key, double> counts;
  for (const Partition* partition : partitions) {
    const TableShard& shard = partition->shards()[kTableOnes];
    for (const uint64_t id : IdsOf(shard)) {
      counts[shard.schema().KeyOf(id)] += static_cast<double>(RowOf(shard, id)[kRowCountWords]);
    }
  }
  CheckClients(counts);
  std::erase_if(counts, [](const auto& entry) { return IsClientKey(entry.first); });
  size_t expected_rows = 0;
  for (uint64_t row = 0; row < program_.rows(); ++row) {
    const auto expected = static_cast<double>(program_.TrainingsOfRow(row));
    const auto found = counts.find(SimProgram::KeyOfRow(row));
    const double count = found == counts.end() ? 0 : found->second;
    expected_rows += expected > 0 ? 1 : 0;
    if (count != expected) {
      Report("G1", Concat("row of data ", row, " counts ", count, " times, not ", expected));
    }
  }
  if (counts.size() > expected_rows) {
    Report("G1", Concat(counts.size(), " keys were counted, not ", expected_rows));
  }
}

// G1 of programs: what was acknowledged counts once, and what was not, at most once.
void Checkers::CheckClients(const std::map<Key, double>& counts) {
  for (const auto& [key, books] : clients_) {
    const auto found = counts.find(key);
    const double count = found == counts.end() ? 0 : found->second;
    const auto least = static_cast<double>(books.taken_back ? 0 : books.acknowledged);
    if (count >= least && count <= static_cast<double>(books.started)) continue;
    Report("G1", Concat("a program's steps count ", count, " times, ", books.acknowledged,
                        " were acknowledged and ", books.started, " begun",
                        books.taken_back ? ", before the job went back" : ""));
  }
}

// Tables stay within their budgets.
void Checkers::CheckBudget(const std::vector<const Partition*>& partitions) {
  std::set<uint64_t> ids;  // That were pushed.
  for (uint64_t b = 0; b < scenario_.shape.batches; ++b) {
    const SimBatch& batch = program_.batch(b);
    if (batch.counts()) ids.insert(batch.x->ids.begin(), batch.x->ids.end());
  }
  uint64_t rows = 0;
  for (const Partition* partition : partitions) {
    const TableShard& shard = partition->shards()[kTableX];
    rows += shard.rows();
    if (shard.rows() <= shard.schema().retention().rows_max) continue;
    Report("budget", Concat("partition ", partition->index(), " holds ", shard.rows(), " rows"));
  }
  if (rows < ids.size()) probes_->Hit(Probe::kKeyWithoutRow, ids.size() - rows);
}

// The coordinator's own sums.
void Checkers::CheckBooks(const CoordinatorCore& coordinator) {
  const JobResult& result = coordinator.result();
  const uint64_t epochs = scenario_.plan.schedule.epochs;
  if (result.epochs.size() != epochs) {
    Report("report", Concat(result.epochs.size(), " epochs were reported, not ", epochs));
  }
  const uint64_t rows = epochs * (program_.rows() - program_.rows_left_out());
  if (result.rows != rows) {
    Report("report", Concat(result.rows, " rows were reported, not ", rows));
  }
}

// G4: bit for bit what the serial run has, optimizer state and counts included.
void Checkers::CheckReference(const std::vector<const Partition*>& partitions,
                              const CoordinatorCore& coordinator) {
  const SerialReference reference(scenario_, program_);
  for (uint32_t table = 0; table < scenario_.job.tables.size(); ++table) {
    const TableSchema& schema = reference.schema(table);
    uint64_t rows = 0;
    for (const Partition* partition : partitions) {
      const TableShard& shard = partition->shards()[table];
      rows += shard.rows();
      for (const uint64_t id : IdsOf(shard)) {
        const std::vector<float> expected = RowOf(reference.ShardOf(table, id), id);
        if (SameBits(expected, RowOf(shard, id))) continue;
        Report("G4", Concat("table ", schema.spec().name, " key ", schema.KeyOf(id),
                            " in partition ", partition->index(),
                            expected.empty() ? " should not exist" : " has other bits"));
      }
    }
    if (rows != reference.rows(table)) {
      Report("G4", Concat("table ", schema.spec().name, " has ", rows, " rows, not ",
                          reference.rows(table)));
    }
  }
  const JobResult& result = coordinator.result();
  const ModelDigest digest = reference.digest();
  if (result.digest_high != digest.high || result.digest_low != digest.low) {
    Report("G4", "the model digest differs from the serial run's");
  }
  for (size_t e = 0; e < reference.valid_logloss().size() && e < result.epochs.size(); ++e) {
    const double expected = reference.valid_logloss()[e];
    const double reported = result.epochs[e].valid_logloss;
    if (std::bit_cast<uint64_t>(expected) != std::bit_cast<uint64_t>(reported)) {
      Report("G4", Concat("epoch ", e, " evaluates to ", reported, ", not ", expected));
    }
  }
}

}  // namespace cairn::sim
