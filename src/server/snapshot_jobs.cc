#include "server/snapshot_jobs.h"

#include <utility>

#include "base/file_system.h"
#include "base/status.h"

namespace cairn {
namespace {

constexpr uint32_t kStorageRequestsInFlight = 4;  // Of one snapshot: bounds its memory.

}  // namespace

bool SnapshotJobs::OnRequest(const SnapshotRequest& request, uint64_t ticket, Partition* partition,
                             SnapshotActions* out) {
  const auto found = jobs_.find(request.partition);
  if (found != jobs_.end()) {
    Job& job = found->second;
    if (job.request.checkpoint > request.checkpoint) return false;  // This request was overtaken.
    if (job.request.checkpoint == request.checkpoint) {
      if (job.finished) {
        out->answers.push_back(job.done);
      } else {
        SetCut(&job, request.cut, out);
      }
      return false;
    }
    if (!job.finished) Abort(&job, out);  // Nobody waits for it any more, nor for its answer.
    jobs_.erase(found);
  }
  Job& job = jobs_[request.partition];
  job.request = request;
  job.partition = partition;
  job.ticket = ticket;
  Begin(&job, out);
  return true;
}

void SnapshotJobs::Begin(Job* job, SnapshotActions* out) {
  const SnapshotRequest& request = job->request;
  job->done.checkpoint = request.checkpoint;
  job->done.partition = request.partition;
  job->done.term = request.term;
  if (request.directory.empty()) {
    job->digest = std::make_unique<DigestScan>(job->partition->shards());
    return;
  }
  // The name holds who wrote it: a file is created once and never rewritten.
  job->done.file = Concat("p", request.partition, "-c", request.checkpoint, "-t", request.term,
                          "-i", process_, ".snapshot");
  job->path = JoinPath(request.directory, job->done.file);
  SnapshotHeader header;
  header.job = context_->job.name;
  header.checkpoint = request.checkpoint;
  header.partition = request.partition;
  header.partitions = context_->job.partitions;
  header.tables = context_->job.tables;
  std::vector<TableShard>* const shards = job->partition->shards();
  if (request.is_checkpoint) {
    header.since = job->done.since = IncrementOn(*job);
    bases_.erase(request.partition);  // From here on rows are clean for this one.
    job->writer =
        std::make_unique<SnapshotWriter>(SnapshotWriter::OfCheckpoint(std::move(header), shards));
  } else {
    job->writer = std::make_unique<SnapshotWriter>(std::move(header), shards);
  }
  if (context_->guards.tail) job->partition->set_snapshot(job->writer.get());
  out->storage.push_back({job->ticket, StorageRequest::Kind::kCreate, job->path, {}, 0, 0});
  ++job->requests_pending;
}

// On which checkpoint's snapshot this one may be an increment; 0: on none.
uint64_t SnapshotJobs::IncrementOn(const Job& job) const {
  const uint64_t since = job.request.since;
  const auto base = bases_.find(job.request.partition);
  const bool is_base = base != bases_.end() && base->second == since;
  if (context_->guards.since_check && !is_base) return 0;
  return job.partition->NotesErased() ? since : 0;
}

void SnapshotJobs::OnStep(uint32_t partition, SnapshotActions* out) {
  const auto found = jobs_.find(partition);
  if (found == jobs_.end()) return;
  Job& job = found->second;
  if (job.scanned && !job.finished && job.request.cut != kCutToCome) {
    SetCut(&job, job.request.cut, out);
  }
}

void SnapshotJobs::Forget(uint32_t partition, SnapshotActions* out) {
  bases_.erase(partition);
  const auto found = jobs_.find(partition);
  if (found == jobs_.end()) return;
  if (!found->second.finished) Abort(&found->second, out);
  jobs_.erase(found);
}

bool SnapshotJobs::OnStorage(const StorageResult& result, SnapshotActions* out) {
  for (auto& [partition, job] : jobs_) {
    if (job.ticket != result.ticket || job.finished) continue;
    --job.requests_pending;
    if (!result.status.ok()) {
      job.done.error = std::string(MessageOf(result.status));
      Abort(&job, out);
      Finish(&job, out);
    } else if (result.kind == StorageRequest::Kind::kCommit) {
      if (job.request.is_checkpoint) bases_[job.request.partition] = job.request.checkpoint;
      Finish(&job, out);
    }
    return true;
  }
  return false;
}

// One after the other, so that little of each changes between its scan and its end.
bool SnapshotJobs::Advance(SnapshotActions* out) {
  for (auto& [partition, job] : jobs_) {
    if (!job.Scans()) continue;
    if (job.requests_pending >= kStorageRequestsInFlight) return false;
    Step(&job, out);
    return true;
  }
  return false;
}

void SnapshotJobs::Append(Job* job, SnapshotActions* out) {
  if (job->bytes.empty()) return;
  out->storage.push_back(
      {job->ticket, StorageRequest::Kind::kAppend, job->path, std::exchange(job->bytes, {}), 0, 0});
  ++job->requests_pending;
}

void SnapshotJobs::Step(Job* job, SnapshotActions* out) {
  if (job->digest != nullptr) {
    if (job->digest->Step(pieces_.slice_rows)) return;  // More to scan.
    SetTotals(job, job->digest->rows(), job->digest->digest());
    Finish(job, out);
    return;
  }
  const bool more = job->writer->ScanSlice(pieces_.slice_rows, &job->bytes);
  if (!more && job->request.cut == kOwnMoment) {
    Close(job, out);
    return;
  }
  if (job->bytes.size() >= pieces_.append_bytes) Append(job, out);
  if (more) return;
  job->scanned = true;
  SetCut(job, job->request.cut, out);
}

// bsp: the snapshot is to be of this step. Before its body is there, that is only noted.
void SnapshotJobs::SetCut(Job* job, StepIndex cut, SnapshotActions* out) {
  job->request.cut = cut;
  if (!job->scanned) return;
  const StepIndex version = job->partition->version();
  if (cut == kCutToCome) {
    job->done.stage = SnapshotDone::Stage::kScanned;
    job->done.version = version;
    out->answers.push_back(job->done);
    job->done.stage = SnapshotDone::Stage::kWritten;
  } else if (version == cut) {
    Close(job, out);
  } else if (version > cut) {
    Abort(job, out);
    job->done.stage = SnapshotDone::Stage::kPassed;
    job->done.version = version;
    Finish(job, out);
  }
}

// Its body is complete: the snapshot is the state of the partition at this moment.
void SnapshotJobs::Close(Job* job, SnapshotActions* out) {
  job->scanned = false;
  job->writer->Finish(job->partition->AppliedStamps(), &job->bytes);
  job->partition->set_snapshot(nullptr);
  SetTotals(job, job->writer->rows(), job->writer->digest());
  job->done.bytes = job->writer->bytes();
  job->done.crc = job->writer->crc();
  job->writer.reset();
  Append(job, out);
  out->storage.push_back({job->ticket, StorageRequest::Kind::kCommit, job->path, {}, 0, 0});
  ++job->requests_pending;
}

// Its file is of no use.
void SnapshotJobs::Abort(Job* job, SnapshotActions* out) {
  if (job->writer != nullptr) job->partition->set_snapshot(nullptr);
  job->writer.reset();
  job->bytes = {};
  job->scanned = false;
  if (job->path.empty()) return;
  out->storage.push_back({job->ticket, StorageRequest::Kind::kAbort, job->path, {}, 0, 0});
}

void SnapshotJobs::SetTotals(Job* job, uint64_t rows, const ModelDigest& digest) {
  job->done.rows = rows;
  job->done.digest_high = digest.high;
  job->done.digest_low = digest.low;
}

void SnapshotJobs::Finish(Job* job, SnapshotActions* out) {
  job->finished = true;
  job->digest.reset();
  out->answers.push_back(job->done);
}

}  // namespace cairn
