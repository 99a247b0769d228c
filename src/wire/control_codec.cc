#include "wire/control_codec.h"

#include <algorithm>

#include "wire/cairn.pb.h"
#include "wire/job_codec.h"
#include "wire/limits.h"

namespace cairn {
namespace {

uint32_t WriteControl(const google::protobuf::MessageLite& control, ByteWriter* out) {
  const std::string bytes = control.SerializeAsString();
  CAIRN_CHECK(bytes.size() <= limits::kControlBytesMax);
  out->Bytes(bytes);
  return static_cast<uint32_t>(bytes.size());
}

absl::Status ReadControl(std::span<const std::byte> bytes, std::string_view name,
                         google::protobuf::MessageLite* control) {
  if (control->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::OkStatus();
  }
  return InvalidArgument(name, ": the control part at offset 96 is not valid Protobuf");
}

// A text for people is cut rather than refused: a long reason is no reason to fail.
std::string Clip(const std::string& text) { return text.substr(0, limits::kStringBytesMax); }

absl::Status CheckText(std::string_view field, const std::string& text) {
  if (text.size() <= limits::kStringBytesMax) return absl::OkStatus();
  return InvalidArgument(field, ": ", text.size(), " bytes, at most ", limits::kStringBytesMax,
                         " are legal");
}

template <typename T, typename Proto>
void SetRef(const T& message, Proto* control) {
  control->set_stream(message.ref.stream);
  control->set_attempt(message.ref.attempt);
  control->set_step(message.step);
}

template <typename T, typename Proto>
void GetRef(const Proto& control, T* message) {
  message->ref = {.stream = control.stream(), .attempt = control.attempt()};
  message->step = control.step();
}

void SetHello(const Hello& hello, pb::Hello* control) {
  control->set_role(static_cast<uint32_t>(hello.role));
  control->set_address(hello.address);
  control->set_kernel_target(hello.kernel_target);
  control->set_host(hello.host);
  control->set_pid(hello.pid);
  control->set_job_id(hello.job_id);
  control->set_job_name(hello.job_name);
}

absl::Status GetHello(const pb::Hello& control, Hello* hello) {
  if (control.role() > static_cast<uint32_t>(Role::kSubmitter)) {
    return InvalidArgument("hello.role: ", control.role(), " has no meaning");
  }
  hello->role = static_cast<Role>(control.role());
  hello->address = control.address();
  hello->kernel_target = control.kernel_target();
  hello->host = control.host();
  hello->pid = control.pid();
  hello->job_id = control.job_id();
  hello->job_name = control.job_name();
  return absl::OkStatus();
}

void SetUsage(const ProcessUsage& usage, pb::Usage* control) {
  control->set_rss_bytes(usage.rss_bytes);
  control->set_cpu_ms(usage.cpu_ms);
  control->set_bytes_sent(usage.bytes_sent);
  control->set_bytes_received(usage.bytes_received);
  control->set_frames_refused(usage.frames_refused);
}

ProcessUsage GetUsage(const pb::Usage& control) {
  return {control.rss_bytes(), control.cpu_ms(), control.bytes_sent(), control.bytes_received(),
          control.frames_refused()};
}

void WriteFiles(const std::vector<InitFile>& files, ByteWriter* out) {
  std::vector<uint32_t> numbers;
  for (const InitFile& file : files) {
    out->String(file.path);
    numbers.push_back(file.crc);
    numbers.push_back(file.partition);
  }
  out->Array(std::span<const uint32_t>(numbers));
}

absl::Status ReadFiles(std::string_view field, uint32_t count, ByteReader* in,
                       std::vector<InitFile>* files) {
  CAIRN_RETURN_IF_ERROR(in->Need(field, count, 8));  // The shortest string: length and padding.
  files->resize(count);
  for (InitFile& file : *files) {
    CAIRN_RETURN_IF_ERROR(in->String(field, limits::kStringBytesMax, &file.path));
  }
  std::vector<uint32_t> numbers;
  CAIRN_RETURN_IF_ERROR(in->Array(field, 2 * size_t{count}, &numbers));
  for (size_t i = 0; i < count; ++i) {
    (*files)[i].crc = numbers[2 * i];
    (*files)[i].partition = numbers[2 * i + 1];
  }
  return absl::OkStatus();
}

struct RawServer {
  uint64_t incarnation;
  uint32_t process, reserved;
};
static_assert(sizeof(RawServer) == 16);

struct RawGrant {
  uint64_t stream, base, limit, epoch, first_batch, last;
  uint32_t attempt, slot;
  uint8_t kind;
  uint8_t reserved[7];
};
static_assert(sizeof(RawGrant) == 64);

struct RawStepNote {
  uint64_t stream, step;
  uint8_t kind;
  uint8_t reserved[7];
};
static_assert(sizeof(RawStepNote) == 24);

}  // namespace

// ---- Hello, Welcome, Heartbeat ----

uint32_t WriteBody(const Hello& hello, ByteWriter* out) {
  pb::Hello control;
  SetHello(hello, &control);
  return WriteControl(control, out);
}

absl::Status ReadBody(std::span<const std::byte> bytes, ByteReader*, Hello* hello) {
  pb::Hello control;
  CAIRN_RETURN_IF_ERROR(ReadControl(bytes, "hello", &control));
  return GetHello(control, hello);
}

uint32_t WriteBody(const Submit& submit, ByteWriter* out) {
  pb::Submit control;
  SetHello(submit.hello, control.mutable_hello());
  const uint32_t control_bytes = WriteControl(control, out);
  WriteJob(submit.job.spec, out);
  WritePlan(submit.job.plan, out);
  return control_bytes;
}

absl::Status ReadBody(std::span<const std::byte> bytes, ByteReader* payload, Submit* submit) {
  pb::Submit control;
  CAIRN_RETURN_IF_ERROR(ReadControl(bytes, "submit", &control));
  CAIRN_RETURN_IF_ERROR(Annotate(GetHello(control.hello(), &submit->hello), "submit"));
  CAIRN_RETURN_IF_ERROR(Annotate(ReadJob(payload, &submit->job.spec), "submit"));
  return Annotate(ReadPlan(payload, &submit->job.plan), "submit");
}

uint32_t WriteBody(const Wait& wait, ByteWriter* out) {
  pb::Wait control;
  control.set_text(Clip(wait.text));
  return WriteControl(control, out);
}

absl::Status ReadBody(std::span<const std::byte> bytes, ByteReader*, Wait* wait) {
  pb::Wait control;
  CAIRN_RETURN_IF_ERROR(ReadControl(bytes, "wait", &control));
  wait->text = control.text();
  return CheckText("wait.text", wait->text);
}

uint32_t WriteBody(const Welcome& welcome, ByteWriter* out) {
  pb::Welcome control;
  control.set_process(welcome.process);
  control.set_heartbeat_ms(welcome.heartbeat_ms);
  control.set_init_file_count(static_cast<uint32_t>(welcome.init_files.size()));
  control.set_job_id(welcome.job_id);
  const uint32_t control_bytes = WriteControl(control, out);
  WriteJob(welcome.job, out);
  WriteFiles(welcome.init_files, out);
  return control_bytes;
}

absl::Status ReadBody(std::span<const std::byte> bytes, ByteReader* payload, Welcome* welcome) {
  pb::Welcome control;
  CAIRN_RETURN_IF_ERROR(ReadControl(bytes, "welcome", &control));
  welcome->process = control.process();
  welcome->heartbeat_ms = control.heartbeat_ms();
  welcome->job_id = control.job_id();
  CAIRN_RETURN_IF_ERROR(Annotate(ReadJob(payload, &welcome->job), "welcome"));
  return ReadFiles("welcome.init_files", control.init_file_count(), payload, &welcome->init_files);
}

uint32_t WriteBody(const Heartbeat& heartbeat, ByteWriter* out) {
  pb::Heartbeat control;
  control.set_map_index(heartbeat.map_index);
  control.set_grants_index(heartbeat.grants_index);
  control.set_capacity(heartbeat.capacity);
  SetUsage(heartbeat.usage, control.mutable_usage());
  control.set_leaving(heartbeat.leaving);
  return WriteControl(control, out);
}

absl::Status ReadBody(std::span<const std::byte> bytes, ByteReader*, Heartbeat* heartbeat) {
  pb::Heartbeat control;
  CAIRN_RETURN_IF_ERROR(ReadControl(bytes, "heartbeat", &control));
  heartbeat->map_index = control.map_index();
  heartbeat->grants_index = control.grants_index();
  heartbeat->capacity = control.capacity();
  heartbeat->usage = GetUsage(control.usage());
  heartbeat->leaving = control.leaving();
  return absl::OkStatus();
}

// ---- MapUpdate: terms, incarnations, processes [partitions each], closed, servers, files ----

uint32_t WriteBody(const MapUpdate& map, ByteWriter* out) {
  pb::MapUpdate control;
  control.set_index(map.index);
  control.set_rollback_index(map.rollback_index);
  control.set_floor(map.floor);
  control.set_opened(map.opened);
  control.set_partition_count(static_cast<uint32_t>(map.partitions.size()));
  control.set_server_count(static_cast<uint32_t>(map.servers.size()));
  control.set_closed_count(static_cast<uint32_t>(map.closed.size()));
  control.set_restored_count(static_cast<uint32_t>(map.restored.size()));
  control.set_checkpoint(map.checkpoint);
  const uint32_t control_bytes = WriteControl(control, out);
  std::vector<uint64_t> terms, incarnations;
  std::vector<uint32_t> processes;
  for (const PartitionEntry& entry : map.partitions) {
    terms.push_back(entry.term);
    incarnations.push_back(entry.primary.incarnation);
    processes.push_back(entry.primary.process);
  }
  out->Array(std::span<const uint64_t>(terms));
  out->Array(std::span<const uint64_t>(incarnations));
  out->Array(std::span<const uint32_t>(processes));
  out->Array(std::span<const uint64_t>(map.closed));
  for (const MemberAddress& server : map.servers) {
    out->Record(RawServer{server.id.incarnation, server.id.process, 0});
    out->String(server.address);
  }
  WriteFiles(map.restored, out);
  return control_bytes;
}

absl::Status ReadBody(std::span<const std::byte> bytes, ByteReader* payload, MapUpdate* map) {
  pb::MapUpdate control;
  CAIRN_RETURN_IF_ERROR(ReadControl(bytes, "map_update", &control));
  map->index = control.index();
  map->rollback_index = control.rollback_index();
  map->floor = control.floor();
  map->opened = control.opened();
  std::vector<uint64_t> terms, incarnations;
  std::vector<uint32_t> processes;
  const uint32_t count = control.partition_count();
  CAIRN_RETURN_IF_ERROR(payload->Array("map_update.terms", count, &terms));
  CAIRN_RETURN_IF_ERROR(payload->Array("map_update.incarnations", count, &incarnations));
  CAIRN_RETURN_IF_ERROR(payload->Array("map_update.processes", count, &processes));
  CAIRN_RETURN_IF_ERROR(payload->Array("map_update.closed", control.closed_count(), &map->closed));
  map->partitions.resize(count);
  for (uint32_t p = 0; p < count; ++p) {
    map->partitions[p] = {.term = terms[p], .primary = {processes[p], incarnations[p]}};
  }
  CAIRN_RETURN_IF_ERROR(
      payload->Need("map_update.servers", control.server_count(), sizeof(RawServer)));
  map->servers.resize(control.server_count());
  for (MemberAddress& server : map->servers) {
    CAIRN_ASSIGN_OR_RETURN(const RawServer raw, payload->Record<RawServer>("map_update.servers"));
    server.id = {.process = raw.process, .incarnation = raw.incarnation};
    CAIRN_RETURN_IF_ERROR(
        payload->String("map_update.servers.address", limits::kAddressBytesMax, &server.address));
  }
  map->checkpoint = control.checkpoint();
  return ReadFiles("map_update.restored", control.restored_count(), payload, &map->restored);
}

// ---- Grants, Progress ----

uint32_t WriteBody(const Grants& grants, ByteWriter* out) {
  pb::Grants control;
  control.set_index(grants.index);
  control.set_rollback_index(grants.rollback_index);
  control.set_grant_count(static_cast<uint32_t>(grants.grants.size()));
  control.set_note_count(static_cast<uint32_t>(grants.notes.size()));
  const uint32_t control_bytes = WriteControl(control, out);
  for (const Grant& grant : grants.grants) {
    out->Record(RawGrant{.stream = grant.ref.stream,
                         .base = grant.base,
                         .limit = grant.limit,
                         .epoch = grant.work.epoch,
                         .first_batch = grant.work.first_batch,
                         .last = grant.work.last,
                         .attempt = grant.ref.attempt,
                         .slot = grant.work.slot,
                         .kind = static_cast<uint8_t>(grant.work.kind),
                         .reserved = {}});
  }
  for (const StepNote& note : grants.notes) {
    out->Record(RawStepNote{.stream = note.stream,
                            .step = note.step,
                            .kind = static_cast<uint8_t>(note.kind),
                            .reserved = {}});
  }
  return control_bytes;
}

absl::Status ReadBody(std::span<const std::byte> bytes, ByteReader* payload, Grants* grants) {
  pb::Grants control;
  CAIRN_RETURN_IF_ERROR(ReadControl(bytes, "grants", &control));
  grants->index = control.index();
  grants->rollback_index = control.rollback_index();
  std::vector<RawGrant> raws;
  CAIRN_RETURN_IF_ERROR(payload->Records("grants.grants", control.grant_count(), &raws));
  grants->grants.reserve(raws.size());
  for (const RawGrant& raw : raws) {
    grants->grants.push_back({.ref = {.stream = raw.stream, .attempt = raw.attempt},
                              .base = raw.base,
                              .limit = raw.limit,
                              .work = {.kind = static_cast<StreamWork::Kind>(raw.kind),
                                       .slot = raw.slot,
                                       .epoch = raw.epoch,
                                       .first_batch = raw.first_batch,
                                       .last = raw.last}});
  }
  std::vector<RawStepNote> raw_notes;
  CAIRN_RETURN_IF_ERROR(payload->Records("grants.notes", control.note_count(), &raw_notes));
  grants->notes.reserve(raw_notes.size());
  for (const RawStepNote& raw : raw_notes) {
    grants->notes.push_back({static_cast<StepNote::Kind>(raw.kind), raw.stream, raw.step});
  }
  return absl::OkStatus();
}

uint32_t WriteBody(const Progress& progress, ByteWriter* out) {
  pb::Progress control;
  SetRef(progress, &control);
  control.set_rows(progress.rows);
  control.set_loss_sum(progress.loss_sum);
  control.set_extra_weight(progress.extra_weight);
  return WriteControl(control, out);
}

absl::Status ReadBody(std::span<const std::byte> bytes, ByteReader*, Progress* progress) {
  pb::Progress control;
  CAIRN_RETURN_IF_ERROR(ReadControl(bytes, "progress", &control));
  GetRef(control, progress);
  progress->rows = control.rows();
  progress->loss_sum = control.loss_sum();
  progress->extra_weight = control.extra_weight();
  return absl::OkStatus();
}

// ---- EvaluationResult: scores [rows x classes], labels [rows], weights [rows or 0] ----

uint32_t WriteBody(const EvaluationResult& result, ByteWriter* out) {
  pb::EvaluationResult control;
  SetRef(result, &control);
  control.set_row_count(static_cast<uint32_t>(result.labels.size()));
  control.set_score_kind(static_cast<uint32_t>(result.kind));
  if (result.kind == ScoreKind::kClasses && !result.labels.empty()) {
    control.set_class_count(static_cast<uint32_t>(result.scores.size() / result.labels.size()));
  }
  control.set_weight_count(static_cast<uint32_t>(result.weights.size()));
  const uint32_t control_bytes = WriteControl(control, out);
  out->Array(std::span<const float>(result.scores));
  out->Array(std::span<const float>(result.labels));
  out->Array(std::span<const float>(result.weights));
  return control_bytes;
}

absl::Status ReadBody(std::span<const std::byte> bytes, ByteReader* payload,
                      EvaluationResult* result) {
  pb::EvaluationResult control;
  CAIRN_RETURN_IF_ERROR(ReadControl(bytes, "evaluation_result", &control));
  GetRef(control, result);
  const uint64_t rows = control.row_count();
  if (control.score_kind() > static_cast<uint32_t>(ScoreKind::kValue)) {
    return InvalidArgument("evaluation_result.kind: ", control.score_kind(), " has no meaning");
  }
  result->kind = static_cast<ScoreKind>(control.score_kind());
  const uint64_t scores = rows * std::max(uint64_t{control.class_count()}, uint64_t{1});
  if (scores > limits::kEvaluationScoresMax) {
    return InvalidArgument("evaluation_result.scores: ", scores, ", at most ",
                           limits::kEvaluationScoresMax);
  }
  CAIRN_RETURN_IF_ERROR(payload->Array("evaluation_result.scores", scores, &result->scores));
  CAIRN_RETURN_IF_ERROR(payload->Array("evaluation_result.labels", rows, &result->labels));
  return payload->Array("evaluation_result.weights", control.weight_count(), &result->weights);
}

uint32_t WriteBody(const EvaluationAck& ack, ByteWriter* out) {
  pb::EvaluationAck control;
  SetRef(ack, &control);
  return WriteControl(control, out);
}

absl::Status ReadBody(std::span<const std::byte> bytes, ByteReader*, EvaluationAck* ack) {
  pb::EvaluationAck control;
  CAIRN_RETURN_IF_ERROR(ReadControl(bytes, "evaluation_ack", &control));
  GetRef(control, ack);
  return absl::OkStatus();
}

// ---- StepAlone ----

uint32_t WriteBody(const StepAlone& alone, ByteWriter* out) {
  pb::StepAlone control;
  SetRef(alone, &control);
  return WriteControl(control, out);
}

absl::Status ReadBody(std::span<const std::byte> bytes, ByteReader*, StepAlone* alone) {
  pb::StepAlone control;
  CAIRN_RETURN_IF_ERROR(ReadControl(bytes, "step_alone", &control));
  GetRef(control, alone);
  return absl::OkStatus();
}

uint32_t WriteBody(const StepAloneAck& ack, ByteWriter* out) {
  pb::StepAloneAck control;
  SetRef(ack, &control);
  return WriteControl(control, out);
}

absl::Status ReadBody(std::span<const std::byte> bytes, ByteReader*, StepAloneAck* ack) {
  pb::StepAloneAck control;
  CAIRN_RETURN_IF_ERROR(ReadControl(bytes, "step_alone_ack", &control));
  GetRef(control, ack);
  return absl::OkStatus();
}

// ---- Snapshots ----

uint32_t WriteBody(const SnapshotRequest& request, ByteWriter* out) {
  pb::SnapshotRequest control;
  control.set_checkpoint(request.checkpoint);
  control.set_partition(request.partition);
  control.set_term(request.term);
  control.set_directory(request.directory);
  control.set_cut(request.cut);
  control.set_is_checkpoint(request.is_checkpoint);
  control.set_since(request.since);
  return WriteControl(control, out);
}

absl::Status ReadBody(std::span<const std::byte> bytes, ByteReader*, SnapshotRequest* request) {
  pb::SnapshotRequest control;
  CAIRN_RETURN_IF_ERROR(ReadControl(bytes, "snapshot_request", &control));
  request->checkpoint = control.checkpoint();
  request->partition = control.partition();
  request->term = control.term();
  request->directory = control.directory();
  request->cut = control.cut();
  request->is_checkpoint = control.is_checkpoint();
  request->since = control.since();
  return absl::OkStatus();
}

uint32_t WriteBody(const SnapshotDone& done, ByteWriter* out) {
  pb::SnapshotDone control;
  control.set_checkpoint(done.checkpoint);
  control.set_partition(done.partition);
  control.set_term(done.term);
  control.set_file(done.file);
  control.set_file_bytes(done.bytes);
  control.set_crc(done.crc);
  control.set_rows(done.rows);
  control.set_digest_high(done.digest_high);
  control.set_digest_low(done.digest_low);
  control.set_error(Clip(done.error));
  control.set_stage(static_cast<uint32_t>(done.stage));
  control.set_version(done.version);
  control.set_since(done.since);
  return WriteControl(control, out);
}

absl::Status ReadBody(std::span<const std::byte> bytes, ByteReader*, SnapshotDone* done) {
  pb::SnapshotDone control;
  CAIRN_RETURN_IF_ERROR(ReadControl(bytes, "snapshot_done", &control));
  done->checkpoint = control.checkpoint();
  done->partition = control.partition();
  done->term = control.term();
  done->file = control.file();
  done->bytes = control.file_bytes();
  done->crc = control.crc();
  done->rows = control.rows();
  done->digest_high = control.digest_high();
  done->digest_low = control.digest_low();
  done->error = control.error();
  if (control.stage() > static_cast<uint32_t>(SnapshotDone::Stage::kNotLoaded)) {
    return InvalidArgument("snapshot_done.stage: ", control.stage(), " has no meaning");
  }
  done->stage = static_cast<SnapshotDone::Stage>(control.stage());
  done->version = control.version();
  done->since = control.since();
  return CheckText("snapshot_done.error", done->error);
}

// ---- The end ----

uint32_t WriteBody(const JobEnd& end, ByteWriter* out) {
  pb::JobEnd control;
  control.set_code(end.code);
  control.set_text(Clip(end.message));
  return WriteControl(control, out);
}

absl::Status ReadBody(std::span<const std::byte> bytes, ByteReader*, JobEnd* end) {
  pb::JobEnd control;
  CAIRN_RETURN_IF_ERROR(ReadControl(bytes, "job_end", &control));
  end->code = control.code();
  end->message = control.text();
  return CheckText("job_end.message", end->message);
}

uint32_t WriteBody(const Goodbye& goodbye, ByteWriter* out) {
  pb::Goodbye control;
  control.set_code(goodbye.code);
  control.set_text(Clip(goodbye.message));
  SetUsage(goodbye.usage, control.mutable_usage());
  return WriteControl(control, out);
}

absl::Status ReadBody(std::span<const std::byte> bytes, ByteReader*, Goodbye* goodbye) {
  pb::Goodbye control;
  CAIRN_RETURN_IF_ERROR(ReadControl(bytes, "goodbye", &control));
  goodbye->code = control.code();
  goodbye->message = control.text();
  goodbye->usage = GetUsage(control.usage());
  return CheckText("goodbye.message", goodbye->message);
}

// ---- A submitter's messages ----

uint32_t WriteBody(const StopJob& stop, ByteWriter* out) {
  pb::StopJob control;
  control.set_code(stop.code);
  control.set_text(Clip(stop.message));
  return WriteControl(control, out);
}

absl::Status ReadBody(std::span<const std::byte> bytes, ByteReader*, StopJob* stop) {
  pb::StopJob control;
  CAIRN_RETURN_IF_ERROR(ReadControl(bytes, "stop_job", &control));
  stop->code = control.code();
  stop->message = control.text();
  return CheckText("stop_job.message", stop->message);
}

uint32_t WriteBody(const MemberDead& dead, ByteWriter* out) {
  pb::MemberDead control;
  control.set_host(dead.host);
  control.set_pid(dead.pid);
  control.set_text(Clip(dead.text));
  return WriteControl(control, out);
}

absl::Status ReadBody(std::span<const std::byte> bytes, ByteReader*, MemberDead* dead) {
  pb::MemberDead control;
  CAIRN_RETURN_IF_ERROR(ReadControl(bytes, "member_dead", &control));
  dead->host = control.host();
  dead->pid = control.pid();
  dead->text = control.text();
  return CheckText("member_dead.text", dead->text);
}

uint32_t WriteBody(const StatusRequest& request, ByteWriter* out) {
  pb::StatusRequest control;
  control.set_epochs_from(request.epochs_from);
  return WriteControl(control, out);
}

absl::Status ReadBody(std::span<const std::byte> bytes, ByteReader*, StatusRequest* request) {
  pb::StatusRequest control;
  CAIRN_RETURN_IF_ERROR(ReadControl(bytes, "status_request", &control));
  request->epochs_from = control.epochs_from();
  return absl::OkStatus();
}

}  // namespace cairn
