// DescribeMessage of codec.h.
#include <iomanip>
#include <sstream>

#include "wire/codec.h"
#include "wire/message_type.h"

namespace cairn {
namespace {

std::ostream& operator<<(std::ostream& out, const ProcessId& id) {
  if (id.process == kUnassignedProcess) {
    out << "new";
  } else {
    out << id.process;
  }
  return out << '#' << std::hex << id.incarnation << std::dec;
}

// stream.attempt
std::ostream& operator<<(std::ostream& out, const StreamRef& ref) {
  return out << ref.stream << '.' << ref.attempt;
}

void Step(std::ostream& out, StepIndex step) {
  if (step == kStart) {
    out << "start";
  } else {
    out << step;
  }
}

const char* CodeName(PartCode code) {
  switch (code) {
    case PartCode::kOk:
      return "ok";
    case PartCode::kGap:
      return "gap";
    case PartCode::kFenced:
      return "fenced";
    case PartCode::kNotPrimary:
      return "not_primary";
    case PartCode::kBehind:
      return "behind";
    case PartCode::kPassed:
      return "passed";
    case PartCode::kInvalid:
      return "invalid";
    case PartCode::kNeedIds:
      return "need_ids";
  }
  return "?";
}

void Describe(std::ostream& out, const Hello& m) {
  out << ' ' << NameOf(m.role) << " address " << std::quoted(m.address) << " kernels "
      << std::quoted(m.kernel_target) << " host " << std::quoted(m.host) << " pid " << m.pid;
  if (m.job_id != 0) out << " of job " << std::hex << m.job_id << std::dec;
  if (!m.job_name.empty()) out << " wants " << std::quoted(m.job_name);
}
void Describe(std::ostream& out, const Submit& m) {
  Describe(out, m.hello);
  out << " job " << std::quoted(m.job.spec.name) << " servers " << m.job.plan.servers << " workers "
      << m.job.plan.workers << " epochs " << m.job.plan.schedule.epochs;
}
void Describe(std::ostream& out, const Wait& m) { out << ' ' << std::quoted(m.text); }
void Describe(std::ostream& out, const Welcome& m) {
  out << " process " << m.process << " job " << std::quoted(m.job.name) << " partitions "
      << m.job.partitions << " tables " << m.job.tables.size() << " init_files "
      << m.init_files.size() << " id " << std::hex << m.job_id << std::dec;
}
void Describe(std::ostream& out, const Heartbeat& m) {
  out << " has map " << m.map_index << " grants " << m.grants_index << " capacity " << m.capacity;
  if (m.leaving) out << " leaving";
}
void Describe(std::ostream& out, const MapUpdate& m) {
  out << " index " << m.index << " rollback " << m.rollback_index << " streams " << m.floor << ".."
      << m.opened << " closed " << m.closed.size() << " partitions " << m.partitions.size()
      << " servers " << m.servers.size();
  if (!m.restored.empty()) out << " as of checkpoint " << m.checkpoint;
}
void Describe(std::ostream& out, const Grants& m) {
  out << " index " << m.index << " rollback " << m.rollback_index << " [";
  for (const Grant& grant : m.grants) {
    out << (&grant == m.grants.data() ? "" : ", ") << grant.ref << ' ' << grant.base << ".."
        << grant.limit << '/' << grant.work.last;
  }
  out << ']';
  for (const StepNote& note : m.notes) {
    out << (note.kind == StepNote::Kind::kAlone ? " alone to " : " without ") << note.stream << ':'
        << note.step;
  }
}
void Describe(std::ostream& out, const Progress& m) {
  out << " stream " << m.ref << " step " << m.step << " rows " << m.rows;
}
void Describe(std::ostream& out, const EvaluationResult& m) {
  out << " stream " << m.ref << " step " << m.step << " rows " << m.labels.size();
}
void Describe(std::ostream& out, const EvaluationAck& m) {
  out << " stream " << m.ref << " step " << m.step;
}
void Describe(std::ostream& out, const StepAlone& m) {
  out << " stream " << m.ref << " step " << m.step;
}
void Describe(std::ostream& out, const StepAloneAck& m) {
  out << " stream " << m.ref << " step " << m.step;
}
void Describe(std::ostream& out, const SnapshotRequest& m) {
  out << " checkpoint " << m.checkpoint << " partition " << m.partition << " term " << m.term
      << " into " << std::quoted(m.directory);
  if (m.cut == kCutToCome) out << " at a step to come";
  if (m.cut != kCutToCome && m.cut != kOwnMoment) out << " at step " << m.cut;
}
void Describe(std::ostream& out, const SnapshotDone& m) {
  out << " checkpoint " << m.checkpoint << " partition " << m.partition << " term " << m.term
      << " file " << std::quoted(m.file) << " bytes " << m.bytes << " rows " << m.rows;
  if (m.stage == SnapshotDone::Stage::kScanned) out << " scanned at version " << m.version;
  if (m.stage == SnapshotDone::Stage::kPassed) out << " passed at version " << m.version;
  if (m.stage == SnapshotDone::Stage::kNotLoaded) out << " not loaded";
  if (!m.error.empty()) out << " error " << std::quoted(m.error);
}
void Describe(std::ostream& out, const JobEnd& m) {
  out << " code " << m.code << ' ' << std::quoted(m.message);
}
void Describe(std::ostream& out, const Goodbye& m) {
  out << " code " << m.code << ' ' << std::quoted(m.message);
}

void Describe(std::ostream& out, const StopJob& m) {
  out << " code " << m.code << ' ' << std::quoted(m.message);
}
void Describe(std::ostream& out, const MemberDead& m) {
  out << " host " << std::quoted(m.host) << " pid " << m.pid << ' ' << std::quoted(m.text);
}
void Describe(std::ostream& out, const StatusRequest& m) {
  out << " epochs from " << m.epochs_from;
}
void Describe(std::ostream& out, const StatusReply& m) {
  const JobStatus& s = m.status;
  out << " job " << std::quoted(s.job) << ' ' << NameOf(s.phase) << " epoch " << s.epoch << " of "
      << s.epochs << " batches " << s.batches_done << '/' << s.batches << " members "
      << s.member_count;
}
void Describe(std::ostream& out, const VersionNotice& m) {
  out << " speaks " << m.major << '.' << m.minor;
}

size_t IdCount(const std::vector<TableSlice>& slices) {
  size_t ids = 0;
  for (const TableSlice& slice : slices) ids += slice.id_count();
  return ids;
}

// One partition's part: p3 term 2 prev 6, and its place if it is a fragment.
void Describe(std::ostream& out, const Push& m) {
  out << " stream " << m.ref << " step " << m.step << " epoch " << m.epoch << " rows " << m.rows
      << " ids " << IdCount(m.slices) << " [";
  for (const PushPart& part : m.parts) {
    out << (&part == m.parts.data() ? "p" : ", p") << part.partition << " term " << part.term
        << " prev ";
    Step(out, part.prev);
    if (part.fragment_count > 1) {
      out << " fragment " << part.fragment << " of " << part.fragment_count;
    }
  }
  out << ']';
}
void Describe(std::ostream& out, const PushReply& m) {
  out << " stream " << m.ref << " step " << m.step << " [";
  for (const PartResult& part : m.parts) {
    out << (&part == m.parts.data() ? "p" : ", p") << part.partition << ' ' << CodeName(part.code);
    if (part.code == PartCode::kGap) out << ' ' << part.last;
  }
  out << ']';
  if (!m.error.empty()) out << " error " << std::quoted(m.error);
}
void Describe(std::ostream& out, const Pull& m) {
  if (m.kind == Pull::Kind::kReadOnly) {
    out << " read-only";
  } else {
    out << " stream " << m.ref << " step " << m.step;
  }
  out << " ids " << IdCount(m.slices) << " [";
  for (const PullPart& part : m.parts) {
    out << (&part == m.parts.data() ? "p" : ", p") << part.partition << " term " << part.term
        << " min " << part.min;
  }
  out << ']';
}
void Describe(std::ostream& out, const PullReply& m) {
  out << " stream " << m.ref << " step " << m.step << " [";
  for (const PullResult& part : m.parts) {
    out << (&part == m.parts.data() ? "p" : ", p") << part.partition << ' ' << CodeName(part.code)
        << " floats " << part.values.size();
  }
  out << ']';
  if (!m.error.empty()) out << " error " << std::quoted(m.error);
}

}  // namespace

std::string DescribeMessage(const Message& message) {
  std::ostringstream out;
  out << NameOf(TypeOf(message.body)) << ' ' << message.header.from << " -> " << message.header.to
      << " request " << message.header.request << " map " << message.header.map_index << ':';
  std::visit([&](const auto& body) { Describe(out, body); }, message.body);
  return std::move(out).str();
}

}  // namespace cairn
