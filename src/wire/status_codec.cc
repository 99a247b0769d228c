#include "wire/status_codec.h"

#include "wire/limits.h"

namespace cairn {
namespace {

struct RawStatus {
  uint64_t job_id, epoch, epochs, batches_done, batches, rows, epochs_done;
  uint64_t bytes_sent, bytes_received, frames_refused, rows_trained, features, digest_high,
      digest_low, checkpoint, rollbacks;
  double loss_sum, train_seconds;
  uint32_t staleness, member_count, workers_lost, epoch_list_count, member_list_count;
  int32_t code;
  uint8_t phase, consistency;
  uint8_t reserved[6];
};
static_assert(sizeof(RawStatus) == 176);

struct RawEpoch {
  uint64_t epoch, rows;
  double train_logloss, valid_logloss, valid_auc, seconds, valid_accuracy, baseline_loss,
      baseline_accuracy, calibration;
};
static_assert(sizeof(RawEpoch) == 80);

struct RawMember {
  uint64_t rss_bytes, cpu_ms, bytes_sent, bytes_received, frames_refused;
  uint32_t process, pid, silent_ms, streams;
  uint8_t role;
  uint8_t reserved[7];
};
static_assert(sizeof(RawMember) == 64);

RawStatus RawOf(const JobStatus& status) {
  return {.job_id = status.job_id,
          .epoch = status.epoch,
          .epochs = status.epochs,
          .batches_done = status.batches_done,
          .batches = status.batches,
          .rows = status.rows,
          .epochs_done = status.epochs_done,
          .bytes_sent = status.bytes_sent,
          .bytes_received = status.bytes_received,
          .frames_refused = status.frames_refused,
          .rows_trained = status.rows_trained,
          .features = status.features,
          .digest_high = status.digest_high,
          .digest_low = status.digest_low,
          .checkpoint = status.checkpoint,
          .rollbacks = status.rollbacks,
          .loss_sum = status.loss_sum,
          .train_seconds = status.train_seconds,
          .staleness = status.mode.staleness,
          .member_count = status.member_count,
          .workers_lost = status.workers_lost,
          .epoch_list_count = static_cast<uint32_t>(status.epochs_listed.size()),
          .member_list_count = static_cast<uint32_t>(status.members.size()),
          .code = status.code,
          .phase = static_cast<uint8_t>(status.phase),
          .consistency = static_cast<uint8_t>(status.mode.consistency),
          .reserved = {}};
}

// Everything but strings and lists. Enums are checked by CheckBody.
void Assign(const RawStatus& raw, JobStatus* status) {
  status->job_id = raw.job_id;
  status->phase = static_cast<JobPhase>(raw.phase);
  status->mode = {static_cast<Consistency>(raw.consistency), raw.staleness};
  status->epoch = raw.epoch;
  status->epochs = raw.epochs;
  status->batches_done = raw.batches_done;
  status->batches = raw.batches;
  status->rows = raw.rows;
  status->loss_sum = raw.loss_sum;
  status->epochs_done = raw.epochs_done;
  status->member_count = raw.member_count;
  status->workers_lost = raw.workers_lost;
  status->checkpoint = raw.checkpoint;
  status->rollbacks = raw.rollbacks;
  status->bytes_sent = raw.bytes_sent;
  status->bytes_received = raw.bytes_received;
  status->frames_refused = raw.frames_refused;
  status->code = raw.code;
  status->rows_trained = raw.rows_trained;
  status->features = raw.features;
  status->digest_high = raw.digest_high;
  status->digest_low = raw.digest_low;
  status->train_seconds = raw.train_seconds;
}

void WriteMember(const MemberStatus& member, ByteWriter* out) {
  out->Record(RawMember{.rss_bytes = member.usage.rss_bytes,
                        .cpu_ms = member.usage.cpu_ms,
                        .bytes_sent = member.usage.bytes_sent,
                        .bytes_received = member.usage.bytes_received,
                        .frames_refused = member.usage.frames_refused,
                        .process = member.process,
                        .pid = member.pid,
                        .silent_ms = member.silent_ms,
                        .streams = member.streams,
                        .role = static_cast<uint8_t>(member.role),
                        .reserved = {}});
  out->String(member.address);
  out->String(member.host);
}

absl::Status ReadMember(ByteReader* in, MemberStatus* member) {
  CAIRN_ASSIGN_OR_RETURN(const RawMember raw, in->Record<RawMember>("status.members"));
  member->process = raw.process;
  member->role = static_cast<Role>(raw.role);
  member->pid = raw.pid;
  member->silent_ms = raw.silent_ms;
  member->streams = raw.streams;
  member->usage = {raw.rss_bytes, raw.cpu_ms, raw.bytes_sent, raw.bytes_received,
                   raw.frames_refused};
  CAIRN_RETURN_IF_ERROR(
      in->String("status.members.address", limits::kAddressBytesMax, &member->address));
  return in->String("status.members.host", limits::kAddressBytesMax, &member->host);
}

std::string Clip(const std::string& text) { return text.substr(0, limits::kStringBytesMax); }

}  // namespace

uint32_t WriteBody(const StatusReply& reply, ByteWriter* out) {
  const JobStatus& status = reply.status;
  out->Record(RawOf(status));
  out->String(status.job);
  out->String(Clip(status.waiting_for));
  out->String(Clip(status.message));
  out->String(Clip(status.alarm));
  for (const EpochRecord& e : status.epochs_listed) {
    out->Record(RawEpoch{e.epoch, e.rows, e.train_logloss, e.valid_logloss, e.valid_auc, e.seconds,
                         e.valid_accuracy, e.valid_baseline_loss, e.valid_baseline_accuracy,
                         e.valid_calibration});
  }
  for (const MemberStatus& member : status.members) WriteMember(member, out);
  return 0;
}

absl::Status ReadBody(std::span<const std::byte>, ByteReader* in, StatusReply* reply) {
  JobStatus* const status = &reply->status;
  CAIRN_ASSIGN_OR_RETURN(const RawStatus raw, in->Record<RawStatus>("status"));
  Assign(raw, status);
  CAIRN_RETURN_IF_ERROR(in->String("status.job", limits::kStringBytesMax, &status->job));
  CAIRN_RETURN_IF_ERROR(
      in->String("status.waiting_for", limits::kStringBytesMax, &status->waiting_for));
  CAIRN_RETURN_IF_ERROR(in->String("status.message", limits::kStringBytesMax, &status->message));
  CAIRN_RETURN_IF_ERROR(in->String("status.alarm", limits::kStringBytesMax, &status->alarm));
  std::vector<RawEpoch> epochs;
  CAIRN_RETURN_IF_ERROR(in->Records("status.epochs", raw.epoch_list_count, &epochs));
  for (const RawEpoch& e : epochs) {
    status->epochs_listed.push_back({e.epoch, e.rows, e.train_logloss, e.valid_logloss, e.valid_auc,
                                     e.seconds, e.valid_accuracy, e.baseline_loss,
                                     e.baseline_accuracy, e.calibration});
  }
  CAIRN_RETURN_IF_ERROR(in->Need("status.members", raw.member_list_count, sizeof(RawMember)));
  status->members.resize(raw.member_list_count);
  for (MemberStatus& member : status->members) CAIRN_RETURN_IF_ERROR(ReadMember(in, &member));
  return absl::OkStatus();
}

}  // namespace cairn
