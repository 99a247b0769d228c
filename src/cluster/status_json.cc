#include "cluster/status_json.h"

#include <string_view>

#include "coordinator/manifest.h"
#include "sharding/consistency.h"
#include "wire/message_type.h"

namespace cairn {
namespace {

void EpochUnderWay(JsonWriter* json, const JobStatus& status) {
  Field(json, "epoch", status.epoch + 1);
  Field(json, "epochs", status.epochs);
  Field(json, "batches_done", status.batches_done);
  Field(json, "batches", status.batches);
  Field(json, "rows", status.rows);
  Field(json, "loss_sum", status.loss_sum);
}

void MemberList(JsonWriter* json, const JobStatus& status) {
  Field(json, "member_count", uint64_t{status.member_count});
  json->Key("members");
  json->BeginArray();
  for (const MemberStatus& member : status.members) {
    json->BeginObject();
    Field(json, "process", uint64_t{member.process});
    Field(json, "role", NameOf(member.role));
    Field(json, "address", member.address);
    Field(json, "host", member.host);
    Field(json, "pid", uint64_t{member.pid});
    Field(json, "silent_ms", uint64_t{member.silent_ms});
    Field(json, "streams", uint64_t{member.streams});
    Field(json, "rss_bytes", member.usage.rss_bytes);
    Field(json, "cpu_ms", member.usage.cpu_ms);
    Field(json, "bytes_sent", member.usage.bytes_sent);
    Field(json, "bytes_received", member.usage.bytes_received);
    json->EndObject();
  }
  json->EndArray();
  Field(json, "workers_lost", uint64_t{status.workers_lost});
  Field(json, "checkpoint", status.checkpoint);
  Field(json, "rollbacks", status.rollbacks);
  Field(json, "alarm", status.alarm);
}

void ResultOf(JsonWriter* json, const JobStatus& status) {
  json->Key("result");
  json->BeginObject();
  Field(json, "exit_code", static_cast<uint64_t>(status.code));
  Field(json, "message", status.message);
  Field(json, "rows", status.rows_trained);
  Field(json, "features", status.features);
  Field(json, "model_digest", FormatDigest(status.digest_high, status.digest_low));
  Field(json, "train_seconds", status.train_seconds);
  json->EndObject();
}

}  // namespace

void EpochsAsJson(JsonWriter* json, std::span<const EpochRecord> epochs) {
  json->Key("epochs_done");
  json->BeginArray();
  for (const EpochRecord& epoch : epochs) {
    json->BeginObject();
    Field(json, "epoch", epoch.epoch + 1);
    Field(json, "rows", epoch.rows);
    Field(json, "train_logloss", epoch.train_logloss);
    Field(json, "valid_logloss", epoch.valid_logloss);
    Field(json, "valid_auc", epoch.valid_auc);
    Field(json, "valid_accuracy", epoch.valid_accuracy);
    Field(json, "seconds", epoch.seconds);
    json->EndObject();
  }
  json->EndArray();
}

std::string JobStatusAsJson(const JobStatus& status) {
  JsonWriter json;
  json.BeginObject();
  Field(&json, "job", status.job);
  Field(&json, "phase", NameOf(status.phase));
  Field(&json, "waiting_for", status.waiting_for);
  if (!status.job.empty()) {
    Field(&json, "consistency", FormatConsistency(status.mode));
    EpochUnderWay(&json, status);
    EpochsAsJson(&json, status.epochs_listed);
    MemberList(&json, status);
    Field(&json, "bytes_sent", status.bytes_sent);
    Field(&json, "bytes_received", status.bytes_received);
  }
  if (status.over()) ResultOf(&json, status);
  json.EndObject();
  return json.Finish();
}

}  // namespace cairn
