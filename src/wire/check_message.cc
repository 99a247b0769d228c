#include "wire/check_message.h"

#include <cmath>
#include <string_view>

#include "base/status.h"
#include "wire/limits.h"

namespace cairn {
namespace {

absl::Status AtMost(std::string_view field, uint64_t value, uint64_t value_max) {
  if (value <= value_max) return absl::OkStatus();
  return InvalidArgument(field, ": ", value, ", at most ", value_max, " is legal");
}

// A field of the i-th element of an array: its name is only put together for an error.
absl::Status AtMost(std::string_view array, size_t i, std::string_view field, uint64_t value,
                    uint64_t value_max) {
  if (value <= value_max) return absl::OkStatus();
  return AtMost(Concat(array, "[", i, "].", field), value, value_max);
}

template <typename Enum>
absl::Status CheckEnum(std::string_view field, Enum value, Enum last) {
  return AtMost(field, static_cast<uint64_t>(value), static_cast<uint64_t>(last));
}

absl::Status CheckHello(const Hello& hello) {
  CAIRN_RETURN_IF_ERROR(
      AtMost("hello.address bytes", hello.address.size(), limits::kAddressBytesMax));
  CAIRN_RETURN_IF_ERROR(AtMost("hello.host bytes", hello.host.size(), limits::kAddressBytesMax));
  CAIRN_RETURN_IF_ERROR(
      AtMost("hello.job_name bytes", hello.job_name.size(), limits::kStringBytesMax));
  return AtMost("hello.kernel_target bytes", hello.kernel_target.size(), limits::kStringBytesMax);
}

absl::Status Check(const Hello& hello) {
  CAIRN_RETURN_IF_ERROR(CheckEnum("hello.role", hello.role, Role::kReader));
  return CheckHello(hello);
}

absl::Status CheckSpec(const JobSpec& job) {
  CAIRN_RETURN_IF_ERROR(AtMost("job.name bytes", job.name.size(), limits::kStringBytesMax));
  CAIRN_RETURN_IF_ERROR(AtMost("job.init_dir bytes", job.init_dir.size(), limits::kStringBytesMax));
  CAIRN_RETURN_IF_ERROR(AtMost("job.program bytes", job.program.size(), limits::kProgramBytesMax));
  return AtMost("job.tables", job.tables.size(), limits::kTablesMax);
}

absl::Status Check(const Submit& submit) {
  if (submit.hello.role != Role::kSubmitter) {
    return InvalidArgument("submit.hello.role: ", static_cast<int>(submit.hello.role),
                           ", not that of a submitter");
  }
  CAIRN_RETURN_IF_ERROR(Annotate(CheckHello(submit.hello), "submit"));
  CAIRN_RETURN_IF_ERROR(Annotate(CheckSpec(submit.job.spec), "submit"));
  const JobPlan& plan = submit.job.plan;
  CAIRN_RETURN_IF_ERROR(AtMost("submit.plan.checkpoints.directory bytes",
                               plan.checkpoints.directory.size(), limits::kStringBytesMax));
  return AtMost("submit.plan.save_dir bytes", plan.save_dir.size(), limits::kStringBytesMax);
}

absl::Status CheckFiles(std::string_view field, const std::vector<InitFile>& files) {
  CAIRN_RETURN_IF_ERROR(AtMost(field, files.size(), limits::kInitFilesMax));
  uint32_t partition = 0;  // The next one.
  for (size_t i = 0; i < files.size(); ++i) {
    const bool is_first = files[i].partition == partition;
    if (is_first) ++partition;
    if (!is_first && files[i].partition + 1 != partition) {
      return InvalidArgument(field, "[", i, "] is of partition ", files[i].partition,
                             ", after one of ", int64_t{partition} - 1);
    }
    CAIRN_RETURN_IF_ERROR(AtMost(field, i, "bytes", files[i].path.size(), limits::kStringBytesMax));
  }
  return absl::OkStatus();
}

absl::Status Check(const Welcome& welcome) {
  CAIRN_RETURN_IF_ERROR(Annotate(CheckSpec(welcome.job), "welcome"));
  return CheckFiles("welcome.init_files", welcome.init_files);
}

absl::Status Check(const MapUpdate& map) {
  CAIRN_RETURN_IF_ERROR(
      AtMost("map_update.partitions", map.partitions.size(), limits::kPartitionsMax));
  CAIRN_RETURN_IF_ERROR(AtMost("map_update.servers", map.servers.size(), limits::kProcessesMax));
  CAIRN_RETURN_IF_ERROR(AtMost("map_update.floor", map.floor, map.opened));
  CAIRN_RETURN_IF_ERROR(AtMost("map_update.closed", map.closed.size(), limits::kFixedStreamsMax));
  for (size_t i = 0; i < map.servers.size(); ++i) {
    CAIRN_RETURN_IF_ERROR(AtMost("map_update.servers", i, "address bytes",
                                 map.servers[i].address.size(), limits::kAddressBytesMax));
  }
  return CheckFiles("map_update.restored", map.restored);
}

absl::Status Check(const Grants& grants) {
  CAIRN_RETURN_IF_ERROR(AtMost("grants.grants", grants.grants.size(), limits::kFixedStreamsMax));
  for (size_t i = 0; i < grants.grants.size(); ++i) {
    const StreamWork& work = grants.grants[i].work;
    CAIRN_RETURN_IF_ERROR(AtMost("grants.grants", i, "work.kind", static_cast<uint64_t>(work.kind),
                                 static_cast<uint64_t>(StreamWork::Kind::kClient)));
    CAIRN_RETURN_IF_ERROR(
        AtMost("grants.grants", i, "work.slot", work.slot, limits::kFixedStreamsMax - 1));
  }
  CAIRN_RETURN_IF_ERROR(AtMost("grants.notes", grants.notes.size(), limits::kStepNotesMax));
  for (size_t i = 0; i < grants.notes.size(); ++i) {
    CAIRN_RETURN_IF_ERROR(AtMost("grants.notes", i, "kind",
                                 static_cast<uint64_t>(grants.notes[i].kind),
                                 static_cast<uint64_t>(StepNote::Kind::kSkipped)));
  }
  return absl::OkStatus();
}

// As many scores for each label; of classes, labels are among them.
absl::Status CheckLabels(const EvaluationResult& result) {
  const size_t rows = result.labels.size(), scores = result.scores.size();
  const bool has_classes = result.kind == ScoreKind::kClasses;
  const bool fits = has_classes && rows > 0 ? scores % rows == 0 && scores > 0 : scores == rows;
  if (!fits) {
    return InvalidArgument("evaluation_result.labels: ", rows, " for ", scores, " scores");
  }
  if (!has_classes || rows == 0) return absl::OkStatus();
  for (const float label : result.labels) {
    if (label >= 0 && label < static_cast<float>(scores / rows)) continue;
    return InvalidArgument("evaluation_result.labels: ", label, " of ", scores / rows, " classes");
  }
  return absl::OkStatus();
}

absl::Status Check(const EvaluationResult& result) {
  CAIRN_RETURN_IF_ERROR(
      AtMost("evaluation_result.scores", result.scores.size(), limits::kEvaluationScoresMax));
  CAIRN_RETURN_IF_ERROR(AtMost("evaluation_result.kind", static_cast<uint64_t>(result.kind),
                               static_cast<uint64_t>(ScoreKind::kValue)));
  CAIRN_RETURN_IF_ERROR(CheckLabels(result));
  if (!result.weights.empty() && result.weights.size() != result.labels.size()) {
    return InvalidArgument("evaluation_result.weights: ", result.weights.size(), " for ",
                           result.labels.size(), " rows");
  }
  for (const float weight : result.weights) {
    if (std::isfinite(weight) && weight >= 0) continue;
    return InvalidArgument("evaluation_result.weights: ", weight,
                           " is not a finite number of 0 or more");
  }
  return absl::OkStatus();
}

absl::Status Check(const SnapshotRequest& request) {
  CAIRN_RETURN_IF_ERROR(
      AtMost("snapshot_request.partition", request.partition, limits::kPartitionsMax - 1));
  return AtMost("snapshot_request.directory bytes", request.directory.size(),
                limits::kStringBytesMax);
}

absl::Status Check(const SnapshotDone& done) {
  CAIRN_RETURN_IF_ERROR(
      AtMost("snapshot_done.partition", done.partition, limits::kPartitionsMax - 1));
  return AtMost("snapshot_done.file bytes", done.file.size(), limits::kStringBytesMax);
}

absl::Status Check(const MemberDead& dead) {
  return AtMost("member_dead.host bytes", dead.host.size(), limits::kAddressBytesMax);
}

absl::Status Check(const StatusReply& reply) {
  const JobStatus& status = reply.status;
  CAIRN_RETURN_IF_ERROR(CheckEnum("status.phase", status.phase, JobPhase::kFinished));
  CAIRN_RETURN_IF_ERROR(
      CheckEnum("status.consistency", status.mode.consistency, Consistency::kBsp));
  CAIRN_RETURN_IF_ERROR(AtMost("status.job bytes", status.job.size(), limits::kStringBytesMax));
  CAIRN_RETURN_IF_ERROR(
      AtMost("status.epochs", status.epochs_listed.size(), limits::kStatusEpochsMax));
  CAIRN_RETURN_IF_ERROR(AtMost("status.members", status.members.size(), limits::kStatusMembersMax));
  for (size_t i = 0; i < status.members.size(); ++i) {
    const MemberStatus& member = status.members[i];
    CAIRN_RETURN_IF_ERROR(AtMost("status.members", i, "role", static_cast<uint64_t>(member.role),
                                 static_cast<uint64_t>(Role::kSubmitter)));
    CAIRN_RETURN_IF_ERROR(AtMost("status.members", i, "address bytes", member.address.size(),
                                 limits::kAddressBytesMax));
    CAIRN_RETURN_IF_ERROR(
        AtMost("status.members", i, "host bytes", member.host.size(), limits::kAddressBytesMax));
  }
  return absl::OkStatus();
}

// Of the two slices messages: parts take slices in rising order and share none, so a message
// cannot ask for more work than its length pays for.
template <typename Part>
absl::Status CheckParts(std::string_view array, const std::vector<Part>& parts,
                        size_t slice_count) {
  uint32_t taken = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const Part& part = parts[i];
    CAIRN_RETURN_IF_ERROR(
        AtMost(array, i, "partition", part.partition, limits::kPartitionsMax - 1));
    CAIRN_RETURN_IF_ERROR(AtMost(array, i, "slice_end", part.slice_end, slice_count));
    if (part.slice_begin < taken || part.slice_begin > part.slice_end) {
      return InvalidArgument(array, "[", i, "].slice_begin: ", part.slice_begin, ", not ", taken,
                             " .. ", part.slice_end);
    }
    taken = part.slice_end;
  }
  return absl::OkStatus();
}

absl::Status CheckIds(std::string_view array, size_t i, const TableSlice& slice) {
  CAIRN_RETURN_IF_ERROR(AtMost(array, i, "table", slice.table, limits::kTablesMax - 1));
  CAIRN_RETURN_IF_ERROR(AtMost(array, i, "ids", slice.id_count(), limits::kIdsPerSliceMax));
  const PulledIds& named = slice.named;
  CAIRN_RETURN_IF_ERROR(AtMost(array, i, "named.begin", named.begin, limits::kIdsPerSliceMax));
  const bool is_named = named.request != 0 && named.count > 0 &&
                        (slice.ids.empty() || slice.ids.size() == named.count);
  if (is_named || named == PulledIds{}) return absl::OkStatus();
  return InvalidArgument(array, "[", i, "].named: ", named.count, " ids of request ", named.request,
                         " beside ", slice.ids.size(), " ids");
}

absl::Status CheckSlices(const std::vector<TableSlice>& slices) {
  constexpr std::string_view kArray = "push.slices";
  for (size_t i = 0; i < slices.size(); ++i) {
    const TableSlice& slice = slices[i];
    CAIRN_RETURN_IF_ERROR(CheckIds(kArray, i, slice));
    const size_t ids = slice.id_count();
    if (!slice.counts.empty() && slice.counts.size() != ids) {
      return InvalidArgument(kArray, "[", i, "].counts: ", slice.counts.size(), " for ", ids,
                             " ids");
    }
    const size_t floats = slice.values.size();
    const bool rows_fit =
        floats == 0 || (ids > 0 && floats % ids == 0 && floats / ids <= limits::kRowFloatsMax);
    if (!rows_fit) {
      return InvalidArgument(kArray, "[", i, "].values: ", floats, " for ", ids, " ids");
    }
  }
  return absl::OkStatus();
}

absl::Status Check(const Push& push) {
  if (!std::isfinite(push.rate_factor)) {
    return InvalidArgument("push.rate_factor: ", push.rate_factor, " is not finite");
  }
  for (size_t i = 0; i < push.parts.size(); ++i) {
    const PushPart& part = push.parts[i];
    CAIRN_RETURN_IF_ERROR(
        AtMost("push.parts", i, "fragment_count", part.fragment_count, limits::kFragmentsMax));
    if (part.fragment >= part.fragment_count) {
      return InvalidArgument("push.parts[", i, "].fragment: ", part.fragment, " of ",
                             part.fragment_count);
    }
  }
  CAIRN_RETURN_IF_ERROR(CheckParts("push.parts", push.parts, push.slices.size()));
  return CheckSlices(push.slices);
}

absl::Status Check(const Pull& pull) {
  CAIRN_RETURN_IF_ERROR(CheckEnum("pull.kind", pull.kind, Pull::Kind::kReadOnly));
  CAIRN_RETURN_IF_ERROR(CheckParts("pull.parts", pull.parts, pull.slices.size()));
  for (size_t i = 0; i < pull.slices.size(); ++i) {
    const TableSlice& slice = pull.slices[i];
    CAIRN_RETURN_IF_ERROR(CheckIds("pull.slices", i, slice));
    if (slice.values.empty() && slice.counts.empty() && slice.named.request == 0) continue;
    return InvalidArgument("pull.slices[", i, "].values, counts, named: a pull has ids only");
  }
  return absl::OkStatus();
}

template <typename Result>
absl::Status CheckResults(std::string_view array, const std::vector<Result>& results) {
  for (size_t i = 0; i < results.size(); ++i) {
    CAIRN_RETURN_IF_ERROR(
        AtMost(array, i, "partition", results[i].partition, limits::kPartitionsMax - 1));
    CAIRN_RETURN_IF_ERROR(AtMost(array, i, "code", static_cast<uint64_t>(results[i].code),
                                 static_cast<uint64_t>(PartCode::kNeedIds)));
  }
  return absl::OkStatus();
}

absl::Status Check(const PushReply& reply) { return CheckResults("push_reply.parts", reply.parts); }
absl::Status Check(const PullReply& reply) { return CheckResults("pull_reply.parts", reply.parts); }

// Nothing in these can be out of range.
absl::Status Check(const Heartbeat&) { return absl::OkStatus(); }
absl::Status Check(const Progress&) { return absl::OkStatus(); }
absl::Status Check(const EvaluationAck&) { return absl::OkStatus(); }
absl::Status Check(const StepAlone&) { return absl::OkStatus(); }
absl::Status Check(const StepAloneAck&) { return absl::OkStatus(); }
absl::Status Check(const JobEnd&) { return absl::OkStatus(); }
absl::Status Check(const Goodbye&) { return absl::OkStatus(); }
absl::Status Check(const Wait&) { return absl::OkStatus(); }
absl::Status Check(const StopJob&) { return absl::OkStatus(); }
absl::Status Check(const StatusRequest&) { return absl::OkStatus(); }
absl::Status Check(const VersionNotice&) { return absl::OkStatus(); }

}  // namespace

absl::Status CheckBody(const Body& body) {
  return std::visit([](const auto& alternative) { return Check(alternative); }, body);
}

}  // namespace cairn
