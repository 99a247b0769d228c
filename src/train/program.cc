#include "train/program.h"

#include <charconv>

#include "base/numbers.h"
#include "base/status.h"
#include "train/bad_row.h"
#include "wire/limits.h"

namespace cairn {
namespace {

constexpr std::string_view kTitle = "cairn program 1";
constexpr std::string_view kAsTraining = "as-train";

// One entry for each scalar, in both directions: `io` writes or reads "name value".
template <typename Io, typename Program>
void ForEachScalar(Io& io, Program& program) {
  io("model", program.model.model);
  io("optimizer", program.model.optimizer);
  io("learning_rate", program.model.learning_rate);
  io("l1", program.model.l1);
  io("l2", program.model.l2);
  io("base_rate", program.model.base_rate);
  io("update", program.model.update);
  io("admit_count", program.model.retention.admit_count);
  io("admit_probability", program.model.retention.admit_probability);
  io("sketch_bytes", program.model.retention.sketch_bytes);
  io("expire_steps", program.model.retention.expire_steps);
  io("expire_below", program.model.retention.expire_below);
  io("table_bytes", program.model.retention.bytes_max);
  io("epochs", program.schedule.epochs);
  io("batches_per_epoch", program.schedule.batches_per_epoch);
  io("batches_max", program.schedule.batches_max);
  io("fixed_streams", program.schedule.fixed_streams);
  io("warmup_share", program.schedule.warmup_share);
  io("decay", program.schedule.decay);
  io("bad_rows_share", program.bad_rows_share);
  io("steps_at_once", program.steps_at_once);
  io("device", program.device);
  io("dim", program.model.dim);
  io("vector_optimizer", program.model.vector_optimizer);
  io("vector_learning_rate", program.model.vector_learning_rate);
  io("vector_l2", program.model.vector_l2);
  io("init_scale", program.model.init_scale);
  io("fields", program.model.fields);
  io("loss", program.model.loss);
  io("classes", program.model.classes);
  io("label_mean", program.model.label_mean);
  io("label_scale", program.model.label_scale);
  io("hidden", program.model.hidden);
  io("inputs", program.model.inputs);
  io("first_scale", program.model.first_scale);
  io("first_rate", program.model.first_rate);
  io("gemm", program.model.gemm);
  io("model_options", program.model.model_options);
}

template <typename Io, typename Data>
void ForEachDataScalar(Io& io, const std::string& prefix, Data& data) {
  io(prefix + "_format", data.format);
  io(prefix + "_chunk_bytes", data.chunk_bytes);
  io(prefix + "_chunks_per_batch", data.chunks_per_batch);
  io(prefix + "_seed", data.seed);
  io(prefix + "_order", data.order);
  io(prefix + "_part", data.part);
  io(prefix + "_held_out_of", data.held_out_of);
}

struct Writer {
  std::string text;

  void operator()(std::string_view name, const std::string& value) { Line(name, value); }
  void operator()(std::string_view name, double value) {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    Line(name, std::string_view(buffer, static_cast<size_t>(end - buffer)));
  }
  void operator()(std::string_view name, float value) {
    operator()(name, static_cast<double>(value));
  }
  void operator()(std::string_view name, uint64_t value) { Line(name, std::to_string(value)); }
  void operator()(std::string_view name, uint32_t value) { Line(name, std::to_string(value)); }
  void operator()(std::string_view name, bool value) { Line(name, value ? "1" : "0"); }
  void operator()(std::string_view name, DataFormat value) {
    operator()(name, static_cast<uint32_t>(value));
  }
  void operator()(std::string_view name, DataOrder value) {
    operator()(name, static_cast<uint32_t>(value));
  }
  void operator()(std::string_view name, DataPart value) {
    operator()(name, static_cast<uint32_t>(value));
  }
  void Line(std::string_view name, std::string_view value) {
    text.append(name).append(" ").append(value).append("\n");
  }
};

// Looks for one entry: set `name` and `value`, then run it over all.
struct Reader {
  std::string_view name, value;
  bool found = false;
  absl::Status status;

  void operator()(std::string_view entry, std::string& out) {
    if (Take(entry)) out = std::string(value);
  }
  void operator()(std::string_view entry, double& out) {
    if (!Take(entry)) return;
    const absl::StatusOr<double> parsed = ParseDouble(value);
    status = parsed.status();
    if (parsed.ok()) out = *parsed;
  }
  void operator()(std::string_view entry, float& out) {
    double wide = out;
    operator()(entry, wide);
    out = static_cast<float>(wide);
  }
  void operator()(std::string_view entry, uint64_t& out) { Whole(entry, out, ~uint64_t{0}); }
  void operator()(std::string_view entry, uint32_t& out) { Whole(entry, out, 0xFFFFFFFF); }
  void operator()(std::string_view entry, bool& out) { Whole(entry, out, 1); }
  void operator()(std::string_view entry, DataFormat& out) {
    Whole(entry, out, static_cast<uint64_t>(kLastDataFormat));
  }
  void operator()(std::string_view entry, DataOrder& out) { Whole(entry, out, 1); }
  void operator()(std::string_view entry, DataPart& out) {
    Whole(entry, out, static_cast<uint64_t>(DataPart::kHeldOut));
  }

  bool Take(std::string_view entry) {
    if (entry != name) return false;
    found = true;
    return true;
  }
  template <typename T>
  void Whole(std::string_view entry, T& out, uint64_t largest) {
    if (!Take(entry)) return;
    const absl::StatusOr<uint64_t> parsed = ParseU64(value);
    status = parsed.status();
    if (!parsed.ok()) return;
    if (*parsed > largest) status = InvalidArgument(name, " is ", value, ", at most ", largest);
    out = static_cast<T>(*parsed);
  }
};

std::string_view CutWord(std::string_view* line) {
  const size_t at = line->find(' ');
  const std::string_view word = line->substr(0, at);
  *line = at == std::string_view::npos ? std::string_view() : line->substr(at + 1);
  return word;
}

// "bytes fingerprint path".
absl::StatusOr<DataFile> ParseFile(std::string_view value) {
  DataFile file;
  CAIRN_ASSIGN_OR_RETURN(file.bytes, ParseU64(CutWord(&value)));
  CAIRN_ASSIGN_OR_RETURN(file.fingerprint, ParseU64(CutWord(&value)));
  if (value.empty()) return InvalidArgument("a file without a path");
  file.path = std::string(value);
  return file;
}

absl::Status ParseEntry(std::string_view line, TrainProgram* program) {
  const std::string_view name = CutWord(&line);
  if (name == "train" || name == "valid") {
    CAIRN_ASSIGN_OR_RETURN(DataFile file, ParseFile(line));
    DataDefinition& data = name == "train" ? program->train : program->valid;
    data.files.push_back(std::move(file));
    return {};
  }
  if (name == "train_read") return SetEntry(CutWord(&line), line, &program->train.read);
  if (name == "valid_read" && line == kAsTraining) {
    program->valid.read = program->train.read;
    return {};
  }
  if (name == "valid_read") return SetEntry(CutWord(&line), line, &program->valid.read);
  Reader reader{name, line, false, {}};
  ForEachScalar(reader, *program);
  ForEachDataScalar(reader, "train", program->train);
  ForEachDataScalar(reader, "valid", program->valid);
  if (!reader.found) return InvalidArgument("unknown entry \"", name, "\"");
  return reader.status;
}

// Validation data is mostly read as the training data is, and columns can be many.
absl::Status WriteReadSpec(const std::string& name, const ReadSpec& spec, const ReadSpec& training,
                           Writer* writer) {
  if (&spec != &training && spec == training) {
    if (spec != ReadSpec{}) writer->Line(name, kAsTraining);
    return {};
  }
  for (const auto& [entry, value] : EntriesOf(spec)) {
    if (value.find('\n') != std::string::npos) {
      return InvalidArgument("a line break in ", QuoteText(value));
    }
    writer->Line(name, Concat(entry, " ", value));
  }
  return {};
}

}  // namespace

LabelKind LabelsOf(const ModelSettings& settings) {
  if (settings.loss == kSoftmaxLoss) return LabelKind::kClass;
  const bool any = settings.loss == kSquaredLoss || settings.loss == kOwnLoss;
  return any ? LabelKind::kAny : LabelKind::kBinary;
}

absl::StatusOr<std::string> EncodeProgram(const TrainProgram& program) {
  Writer writer;
  writer.text = std::string(kTitle) + "\n";
  ForEachScalar(writer, program);
  for (const auto& [name, data] :
       {std::pair<std::string, const DataDefinition&>("train", program.train),
        {"valid", program.valid}}) {
    ForEachDataScalar(writer, name, data);
    CAIRN_RETURN_IF_ERROR(WriteReadSpec(name + "_read", data.read, program.train.read, &writer));
    for (const DataFile& file : data.files) {
      if (file.path.find('\n') != std::string::npos) {
        return InvalidArgument("a line break in a path: ", file.path);
      }
      writer.Line(name, Concat(file.bytes, " ", file.fingerprint, " ", file.path));
    }
  }
  if (writer.text.size() > limits::kProgramBytesMax) {
    return InvalidArgument("too many data files or columns: their names take ", writer.text.size(),
                           " bytes, at most ", limits::kProgramBytesMax,
                           "; name fewer and larger ones");
  }
  return std::move(writer.text);
}

absl::StatusOr<TrainProgram> DecodeProgram(std::string_view text) {
  TrainProgram program;
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (number == 1) {
      if (line != kTitle) return InvalidArgument("not a training program of version 1");
      continue;
    }
    CAIRN_RETURN_IF_ERROR(Annotate(ParseEntry(line, &program), "program, line ", number));
  }
  if (program.train.files.empty()) return InvalidArgument("a training program without data");
  CAIRN_RETURN_IF_ERROR(CheckDefinition(program.train));
  if (!program.valid.files.empty()) CAIRN_RETURN_IF_ERROR(CheckDefinition(program.valid));
  for (const DataDefinition* data : {&program.train, &program.valid}) {
    if (data->files.empty() || data->read.fields == program.model.fields) continue;
    return InvalidArgument("data is read with ", data->read.fields, " fields for a model of ",
                           program.model.fields);
  }
  return program;
}

}  // namespace cairn
