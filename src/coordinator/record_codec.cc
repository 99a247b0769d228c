#include "coordinator/record_codec.h"

#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/status.h"
#include "wire/job_codec.h"
#include "wire/limits.h"

namespace cairn {
namespace {

// What a record or a state consists of is written once, in the functions Fields below; these two
// walk through it. Numbers are packed; a job, whose own codec asks for it, is aligned.
class Out {
 public:
  template <typename T>
  using Of = const T;

  explicit Out(ByteWriter* out) : out_(out) {}

  void Number(const char*, uint64_t number) { out_->Varint(number); }
  void Signed(const char*, int32_t number) {
    out_->Varint(ZigZag(static_cast<uint64_t>(int64_t{number})));
  }
  void Flag(const char*, bool flag) { out_->Varint(flag ? 1 : 0); }
  void Real(const char*, double number) { out_->Packed(std::span<const double>(&number, 1)); }
  template <typename Enum>
  void Choice(const char*, Enum choice, Enum) {
    out_->Varint(static_cast<uint64_t>(choice));
  }
  void Text(const char*, const std::string& text) {
    out_->Varint(text.size());
    out_->PackedText(text);
  }
  template <typename T, typename Each>
  void List(const char*, const std::vector<T>& list, const Each& each) {
    out_->Varint(list.size());
    for (const T& element : list) each(element);
  }
  template <typename Key, typename T, typename Each>
  void Map(const char*, const std::map<Key, T>& map, const Each& each) {
    out_->Varint(map.size());
    for (const auto& [key, value] : map) {
      out_->Varint(key);
      each(value);
    }
  }
  template <typename T, typename Each>
  void Optional(const char* field, const std::optional<T>& optional, const Each& each) {
    Flag(field, optional.has_value());
    if (optional.has_value()) each(*optional);
  }
  template <typename T, typename Each>
  void Shared(const std::shared_ptr<const T>& shared, const Each& each) {
    each(*shared);
  }
  void Job(const JobSpec& job, const JobPlan& plan) {
    std::vector<std::byte> bytes;
    ByteWriter aligned(&bytes);
    WriteJob(job, &aligned);
    WritePlan(plan, &aligned);
    out_->Varint(bytes.size());
    out_->PackedText({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }

 private:
  ByteWriter* const out_;
};

// After the first thing that cannot be read, nothing is, and status() says what it was.
class In {
 public:
  template <typename T>
  using Of = T;

  explicit In(ByteReader* in) : in_(in) {}

  const absl::Status& status() const { return status_; }
  void Fail(absl::Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

  template <typename T>
  void Number(const char* field, T& number) {
    if (status_.ok()) status_ = in_->Varint(field, &number);
  }
  void Signed(const char* field, int32_t& number) {
    uint64_t coded = 0;
    Number(field, coded);
    number = static_cast<int32_t>(static_cast<int64_t>(UnZigZag(coded)));
  }
  void Flag(const char* field, bool& flag) {
    uint64_t number = 0;
    Number(field, number);
    flag = number != 0;
  }
  void Real(const char* field, double& number) {
    if (status_.ok()) status_ = in_->Packed(field, 1, &number);
  }
  template <typename Enum>
  void Choice(const char* field, Enum& choice, Enum last) {
    uint64_t number = 0;
    Number(field, number);
    if (number > static_cast<uint64_t>(last)) {
      Fail(InvalidArgument(field, ": ", number, " has no meaning"));
    } else {
      choice = static_cast<Enum>(number);
    }
  }
  void Text(const char* field, std::string& text) {
    const uint64_t bytes = Count(field);
    if (status_.ok()) status_ = in_->PackedText(field, bytes, bytes, &text);
  }
  template <typename T, typename Each>
  void List(const char* field, std::vector<T>& list, const Each& each) {
    list.clear();
    for (uint64_t left = Count(field); left > 0 && status_.ok(); --left) {
      each(list.emplace_back());
    }
  }
  template <typename Key, typename T, typename Each>
  void Map(const char* field, std::map<Key, T>& map, const Each& each) {
    map.clear();
    for (uint64_t left = Count(field); left > 0 && status_.ok(); --left) {
      Key key = 0;
      Number(field, key);
      each(map[key]);
    }
  }
  template <typename T, typename Each>
  void Optional(const char* field, std::optional<T>& optional, const Each& each) {
    bool is_there = false;
    Flag(field, is_there);
    optional.reset();
    if (is_there && status_.ok()) each(optional.emplace());
  }
  template <typename T, typename Each>
  void Shared(std::shared_ptr<const T>& shared, const Each& each) {
    auto made = std::make_shared<T>();
    each(*made);
    shared = std::move(made);
  }
  void Job(JobSpec& job, JobPlan& plan) {
    const uint64_t bytes = Count("job");
    if (!status_.ok()) return;
    const absl::StatusOr<std::span<const std::byte>> taken = in_->Take("job", bytes);
    if (!taken.ok()) return Fail(taken.status());
    ByteReader aligned(*taken);
    Fail(ReadJob(&aligned, &job));
    if (status_.ok()) Fail(ReadPlan(&aligned, &plan));
    if (status_.ok()) Fail(aligned.End("job"));
  }

 private:
  // Of things that take a byte each, at least.
  uint64_t Count(const char* field) {
    uint64_t count = 0;
    Number(field, count);
    if (status_.ok()) status_ = in_->Need(field, count, 1);
    return status_.ok() ? count : 0;
  }

  ByteReader* const in_;
  absl::Status status_;
};

// ---- What they consist of --------------------------------------------------------------------

template <typename A, typename T>
using Field = typename A::template Of<T>&;

template <typename A>
void Fields(A& a, Field<A, ProcessId> id) {
  a.Number("process", id.process);
  a.Number("incarnation", id.incarnation);
}

template <typename A>
void Fields(A& a, Field<A, std::vector<InitFile>> files) {
  a.List("init_files", files, [&](auto& file) {
    a.Text("init_files.path", file.path);
    a.Number("init_files.crc", file.crc);
    a.Number("init_files.partition", file.partition);
  });
}

template <typename A>
void Fields(A& a, Field<A, std::vector<PartitionEntry>> partitions) {
  a.List("partitions", partitions, [&](auto& entry) {
    a.Number("partitions.term", entry.term);
    Fields(a, entry.primary);
  });
}

template <typename A>
void Fields(A& a, Field<A, StreamWork> work) {
  a.Choice("work.kind", work.kind, StreamWork::Kind::kClient);
  a.Number("work.slot", work.slot);
  a.Number("work.epoch", work.epoch);
  a.Number("work.first_batch", work.first_batch);
  a.Number("work.last", work.last);
}

template <typename A>
void Fields(A& a, Field<A, EpochRecord> epoch) {
  a.Number("epoch", epoch.epoch);
  a.Number("epoch.rows", epoch.rows);
  a.Real("epoch.train_logloss", epoch.train_logloss);
  a.Real("epoch.valid_logloss", epoch.valid_logloss);
  a.Real("epoch.valid_auc", epoch.valid_auc);
  a.Real("epoch.seconds", epoch.seconds);
  a.Real("epoch.valid_accuracy", epoch.valid_accuracy);
  a.Real("epoch.valid_baseline_loss", epoch.valid_baseline_loss);
  a.Real("epoch.valid_baseline_accuracy", epoch.valid_baseline_accuracy);
  a.Real("epoch.valid_calibration", epoch.valid_calibration);
}

template <typename A>
void Fields(A& a, Field<A, JobCreated> created) {
  a.Job(created.job, created.plan);
  a.Number("job.id", created.id);
  Fields(a, created.init_files);
}

// Of MemberJoined and of MemberState.
template <typename A, typename Member>
void MemberFields(A& a, Member& member) {
  Fields(a, member.id);
  a.Choice("member.role", member.role, Role::kSubmitter);
  a.Text("member.address", member.address);
  a.Text("member.host", member.host);
  a.Number("member.pid", member.pid);
}

template <typename A>
void Fields(A& a, Field<A, MemberJoined> joined) {
  MemberFields(a, joined);
}

template <typename A>
void Fields(A& a, Field<A, MemberLeft> left) {
  a.Number("process", left.process);
}

template <typename A>
void Fields(A& a, Field<A, MapChanged> map) {
  Fields(a, map.partitions);
}

template <typename A>
void Fields(A& a, Field<A, StreamsOpened> opened) {
  a.Number("first", opened.first);
  a.Number("limit", opened.limit);
  a.List("works", opened.works, [&](auto& work) { Fields(a, work); });
}

template <typename A>
void Fields(A& a, Field<A, StreamLeased> leased) {
  a.Number("stream", leased.stream);
  a.Number("attempt", leased.attempt);
  a.Number("worker", leased.worker);
}

template <typename A>
void Fields(A& a, Field<A, StreamProgressed> progressed) {
  a.Number("stream", progressed.ref.stream);
  a.Number("attempt", progressed.ref.attempt);
  a.Number("step", progressed.step);
  a.Number("rows", progressed.rows);
  a.Real("loss_sum", progressed.loss_sum);
  a.Real("extra_weight", progressed.extra_weight);
}

template <typename A>
void Fields(A& a, Field<A, StreamClosed> closed) {
  a.Number("stream", closed.stream);
}

template <typename A>
void Fields(A& a, Field<A, StreamSuspected> suspected) {
  a.Number("stream", suspected.stream);
  a.Number("until", suspected.until);
}

template <typename A>
void Fields(A& a, Field<A, StepBlamed> blamed) {
  a.Number("stream", blamed.stream);
  a.Number("step", blamed.step);
}

template <typename A>
void Fields(A& a, Field<A, LimitRaised> raised) {
  a.Number("limit", raised.limit);
}

template <typename A>
void Fields(A& a, Field<A, FloorRaised> raised) {
  a.Number("floor", raised.floor);
}

template <typename A>
void Fields(A& a, Field<A, EpochEnded> ended) {
  Fields(a, ended.record);
}

template <typename A>
void Fields(A& a, Field<A, std::vector<SnapshotDone>> files) {
  a.List("files", files, [&](auto& file) {
    a.Number("files.checkpoint", file.checkpoint);
    a.Number("files.partition", file.partition);
    a.Number("files.term", file.term);
    a.Text("files.file", file.file);
    a.Number("files.bytes", file.bytes);
    a.Number("files.crc", file.crc);
    a.Number("files.rows", file.rows);
    a.Number("files.digest_high", file.digest_high);
    a.Number("files.digest_low", file.digest_low);
    a.Text("files.error", file.error);
    a.Number("files.since", file.since);
  });
}

template <typename A>
void Fields(A& a, Field<A, CheckpointBegun> begun) {
  a.Number("checkpoint", begun.id);
  a.Flag("checkpoint.is_checkpoint", begun.is_checkpoint);
  a.Number("checkpoint.since", begun.since);
}

template <typename A>
void Fields(A& a, Field<A, CheckpointCut> cut) {
  a.Number("cut", cut.step);
}

template <typename A>
void Fields(A& a, Field<A, CheckpointCommitted> committed) {
  Fields(a, committed.files);
}

template <typename A>
void Fields(A& a, Field<A, CheckpointAbandoned> abandoned) {
  a.Number("checkpoint", abandoned.id);
}

template <typename A>
void Fields(A& a, Field<A, RolledBack> back) {
  a.Number("checkpoint", back.checkpoint);
  Fields(a, back.partitions);
}

template <typename A>
void Fields(A& a, Field<A, CheckpointDamaged> damaged) {
  a.Number("checkpoint", damaged.id);
}

template <typename A>
void Fields(A& a, Field<A, ModelKept> kept) {
  a.Number("kept.epoch", kept.epoch);
  Fields(a, kept.files);
}

template <typename A>
void Fields(A& a, Field<A, JobEnded> ended) {
  a.Signed("end.code", ended.code);
  a.Text("end.message", ended.message);
  a.Number("end.features", ended.features);
  a.Number("end.digest_high", ended.digest_high);
  a.Number("end.digest_low", ended.digest_low);
  a.Real("end.train_seconds", ended.train_seconds);
}

template <typename A>
void Fields(A& a, Field<A, StreamState> stream) {
  Fields(a, stream.work);
  a.Number("stream.attempt", stream.attempt);
  a.Number("stream.progress", stream.progress);
  a.Number("stream.limit", stream.limit);
  a.Number("stream.worker", stream.worker);
  a.Number("stream.rows", stream.rows);
  a.Real("stream.loss_sum", stream.loss_sum);
  a.Real("stream.extra_weight", stream.extra_weight);
  a.Number("stream.alone_until", stream.alone_until);
  a.Number("stream.suspicions", stream.suspicions);
}

template <typename A>
void Fields(A& a, Field<A, TrainingState> training) {
  a.Number("floor", training.floor);
  a.Number("epochs_opened", training.epochs_opened);
  a.List("closed", training.closed, [&](auto& stream) { a.Number("closed", stream); });
  a.Map("streams", training.streams, [&](auto& stream) { Fields(a, stream); });
  a.Number("epoch_rows", training.epoch_rows);
  a.Real("epoch_loss_sum", training.epoch_loss_sum);
  a.Real("epoch_extra_weight", training.epoch_extra_weight);
  a.Number("rows_total", training.rows_total);
  a.List("epochs", training.epochs, [&](auto& epoch) { Fields(a, epoch); });
}

template <typename A>
void Fields(A& a, Field<A, CheckpointState> checkpoint) {
  a.Number("checkpoints.id", checkpoint.id);
  a.Number("checkpoints.cut", checkpoint.cut);
  Fields(a, checkpoint.training);
  Fields(a, checkpoint.files);
  a.Number("checkpoints.since", checkpoint.since);
  a.Number("checkpoints.base", checkpoint.base);
  a.Number("checkpoints.increments", checkpoint.increments);
}

template <typename A>
void Fields(A& a, Field<A, JobState> state) {
  a.Number("index", state.index);
  a.Number("job.id", state.job_id);
  if (state.job_id == 0) return;
  a.Job(state.job, state.plan);
  Fields(a, state.init_files);
  a.Map("members", state.members, [&](auto& member) { MemberFields(a, member); });
  a.Number("next_process", state.next_process);
  Fields(a, state.partitions);
  a.Number("map_index", state.map_index);
  a.Number("grants_index", state.grants_index);
  a.Number("rollback_index", state.rollback_index);
  a.Number("opened", state.opened);
  a.Number("next_evaluation", state.next_evaluation);
  a.Map("epoch_streams", state.epoch_streams,
        [&](auto& first) { a.Number("epoch_streams.first", first); });
  a.Map("blames", state.blames, [&](auto& blames) {
    a.List("blames.steps", blames, [&](auto& blame) {
      a.Number("blames.step", blame.step);
      a.Number("blames.deaths", blame.deaths);
    });
  });
  a.Number("attempts", state.attempts);
  a.Number("attempt_base", state.attempt_base);
  Fields(a, static_cast<Field<A, TrainingState>>(state));
  a.Number("checkpoint", state.checkpoint);
  a.Optional("taking", state.taking, [&](auto& taking) { Fields(a, taking); });
  a.List("checkpoints", state.checkpoints, [&](auto& each) { Fields(a, each); });
  a.Number("restored", state.restored);
  a.Number("rollbacks", state.rollbacks);
  Fields(a, state.kept);
  a.Flag("ended", state.ended);
  Fields(a, state.end);
}

template <typename A>
void Fields(A& a, Field<A, JobRestored> restored) {
  a.Shared(restored.state, [&](auto& state) { Fields(a, state); });
}

// Makes the alternative of this number, which is part of the format, and reads it.
template <size_t kind = 0>
void ReadKind(In& in, uint64_t wanted, LogRecord* record) {
  if constexpr (kind == std::variant_size_v<LogRecord>) {
    in.Fail(InvalidArgument("a record of kind ", wanted, ": of a later version?"));
  } else if (wanted == kind) {
    Fields(in, record->emplace<kind>());
  } else {
    ReadKind<kind + 1>(in, wanted, record);
  }
}

}  // namespace

void WriteRecord(const LogRecord& record, ByteWriter* writer) {
  Out out(writer);
  out.Number("kind", record.index());
  std::visit([&](const auto& each) { Fields(out, each); }, record);
}

absl::Status ReadRecord(ByteReader* reader, LogRecord* record) {
  In in(reader);
  uint64_t kind = 0;
  in.Number("kind", kind);
  if (in.status().ok()) ReadKind(in, kind, record);
  return in.status();
}

void WriteState(const JobState& state, ByteWriter* writer) {
  Out out(writer);
  Fields(out, state);
}

absl::Status ReadState(ByteReader* reader, JobState* state) {
  In in(reader);
  Fields(in, *state);
  return in.status();
}

}  // namespace cairn
