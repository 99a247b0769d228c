#include "cluster/warm_start.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/escape.h"
#include "base/status.h"
#include "cluster/saved_model.h"
#include "cluster/vector_settings.h"
#include "server/row_converter.h"
#include "server/table_schema.h"
#include "train/program.h"
#include "train/read_spec.h"

namespace cairn {
namespace {

const TableSpec* FindTable(const std::vector<TableSpec>& tables, const std::string& name) {
  const auto found = std::find_if(tables.begin(), tables.end(),
                                  [&](const TableSpec& spec) { return spec.name == name; });
  return found == tables.end() ? nullptr : &*found;
}

// Parts whose optimizer is another one than the model's.
void NoteOptimizers(const TableSpec& saved, const TableSpec& now, std::vector<std::string>* notes) {
  for (size_t part = 0; part < now.parts.size(); ++part) {
    const std::string& before = saved.parts[part].optimizer.name;
    const std::string& after = now.parts[part].optimizer.name;
    if (before == after) continue;
    notes->push_back(Concat("table \"", now.name, "\"",
                            now.parts.size() == 1 ? "" : Concat(", part ", part), ": weights of ",
                            before, " are kept, the state of ", after, " starts afresh"));
  }
}

using Entries = std::vector<std::pair<std::string, std::string>>;

// An entry for each value: "--cross", "a*b".
Entries ReadingEntries(const ReadSpec& read) {
  Entries entries;
  for (const auto& [name, values] : DescribeReadSpec(read)) {
    for (size_t at = 0; at <= values.size();) {
      const size_t end = std::min(values.find('\n', at), values.size());
      entries.emplace_back("--" + name, values.substr(at, end - at));
      at = end + 1;
    }
  }
  return entries;
}

std::string AsOptions(const Entries& entries) {
  std::string text;
  for (size_t i = 0; i < entries.size(); ++i) {
    const bool same = i > 0 && entries[i].first == entries[i - 1].first;
    if (!same) text += Concat(i == 0 ? "" : " ", entries[i].first);
    text += Concat(" ", ShellWord(entries[i].second));
  }
  return text;
}

// Moves the entries called `name` to an end of their own.
Entries Take(std::string_view name, Entries* entries) {
  const auto taken = std::stable_partition(entries->begin(), entries->end(),
                                           [&](const auto& entry) { return entry.first != name; });
  Entries result(taken, entries->end());
  entries->erase(taken, entries->end());
  return result;
}

Entries Without(const Entries& entries, const Entries& others) {
  Entries rest;
  for (const auto& entry : entries) {
    if (std::find(others.begin(), others.end(), entry) == others.end()) rest.push_back(entry);
  }
  return rest;
}

std::string OrNone(const Entries& entries) { return entries.empty() ? "none" : AsOptions(entries); }

// Keys follow from how text becomes rows: of other features, the model knows nothing.
void NoteReading(const ReadSpec& before, const ReadSpec& now, std::vector<std::string>* notes) {
  Entries was = ReadingEntries(before), is = ReadingEntries(now);
  const Entries label_was = Take("--label", &was), label_is = Take("--label", &is);
  if (label_was != label_is) {
    notes->push_back(Concat("the model learnt another label (", OrNone(label_was), ", now ",
                            OrNone(label_is), "): its weights predict another thing"));
  }
  if (Take("--hash-bits", &was) != Take("--hash-bits", &is)) {
    notes->push_back("the model's --hash-bits were others: all features start afresh");
    return;
  }
  const Entries gone = Without(was, is), come = Without(is, was);
  if (gone.empty() && come.empty()) return;
  notes->push_back(
      Concat("the model's data was read otherwise (", gone.empty() ? "" : "then " + AsOptions(gone),
             gone.empty() || come.empty() ? "" : ", ", come.empty() ? "" : "now " + AsOptions(come),
             "): features that differ start afresh"));
}

// A row that workers update holds the optimizer's state where others hold weights.
absl::Status CheckUpdate(const std::string& init_dir, const ModelSettings& before,
                         const ModelSettings& now) {
  const bool same = before.update == now.update &&
                    (now.update != kSequentialUpdate || before.optimizer == now.optimizer);
  if (same) return {};
  const auto options = [](const ModelSettings& model) {
    return Concat("--update ", model.update, " --optimizer ", model.optimizer);
  };
  return FailedPrecondition("the model in ", init_dir, " was trained with ", options(before),
                            ", which keeps other numbers for a feature than ", options(now),
                            ": say ", options(before), " here too, or start without --init");
}

absl::Status CheckLoss(const std::string& init_dir, const ModelSettings& before,
                       const ModelSettings& now) {
  if (before.loss == now.loss) return {};
  return FailedPrecondition("the model in ", init_dir, " was trained with --loss ", before.loss,
                            ", and its weights mean nothing with --loss ", now.loss,
                            ": say --loss ", before.loss, " here too, or start without --init");
}

// Models with other numbers for a feature, in words of the command line.
absl::Status CheckVectors(const std::string& init_dir, const ModelSettings& before,
                          const ModelSettings& now) {
  const auto numbers = [](const ModelSettings& model) {
    if (!HasVectors(model.model)) return std::string("none");
    return Concat(model.dim, " times ", model.model == "ffm" ? model.fields : 1u);
  };
  if (numbers(before) == numbers(now)) return {};
  const auto options = [](const ModelSettings& model) {
    std::string text = "--model " + model.model;
    if (HasVectors(model.model)) text += Concat(" --dim ", model.dim);
    return model.fields == 0 ? text : Concat(text, " --fields ", model.fields);
  };
  return FailedPrecondition("the model in ", init_dir, " was trained with ", options(before),
                            ", which keeps other numbers for a feature than ", options(now),
                            ": say ", options(before), " here too, or start without --init");
}

}  // namespace

absl::StatusOr<std::vector<std::string>> CheckInit(FileSystem* files, const JobSpec& job) {
  CAIRN_ASSIGN_OR_RETURN(const SavedModel model, SavedModel::Open(files, job.init_dir));
  const SnapshotHeader& saved = model.header();
  for (const TableSpec& table : saved.tables) {
    if (FindTable(job.tables, table.name) != nullptr) continue;
    return FailedPrecondition("the model in ", job.init_dir, " (job \"", saved.job,
                              "\") has a table \"", table.name, "\", which this job (\"", job.name,
                              "\") does not have: it is of another kind");
  }
  std::vector<std::string> notes;
  const absl::StatusOr<TrainProgram> before = DecodeProgram(model.manifest().program);
  const absl::StatusOr<TrainProgram> now = DecodeProgram(job.program);
  if (before.ok() && now.ok()) {  // Else a program of somebody's own.
    CAIRN_RETURN_IF_ERROR(CheckVectors(job.init_dir, before->model, now->model));
    CAIRN_RETURN_IF_ERROR(CheckLoss(job.init_dir, before->model, now->model));
    CAIRN_RETURN_IF_ERROR(CheckUpdate(job.init_dir, before->model, now->model));
    NoteReading(before->train.read, now->train.read, &notes);
  }
  for (uint32_t index = 0; index < job.tables.size(); ++index) {
    const TableSpec& table = job.tables[index];
    const TableSpec* const saved_table = FindTable(saved.tables, table.name);
    if (saved_table == nullptr) {
      notes.push_back(Concat("table \"", table.name, "\" is new: it starts afresh"));
      continue;
    }
    CAIRN_ASSIGN_OR_RETURN(const auto schema, TableSchema::Make(job, index, {}));
    const auto position = static_cast<size_t>(saved_table - saved.tables.data());
    const auto fits = RowConverter::Make(*saved_table, saved.state_floats[position], schema);
    CAIRN_RETURN_IF_ERROR(Annotate(fits.status(), "the model in ", job.init_dir));
    NoteOptimizers(*saved_table, table, &notes);
  }
  return notes;
}

absl::StatusOr<TrainProgram> ProgramOfModel(FileSystem* files, const std::string& init_dir) {
  CAIRN_ASSIGN_OR_RETURN(const SavedModel model, SavedModel::Open(files, init_dir));
  const absl::StatusOr<TrainProgram> program = DecodeProgram(model.manifest().program);
  return program.ok() ? *program : TrainProgram{};
}

std::string ReadingOptions(const ReadSpec& read) { return AsOptions(ReadingEntries(read)); }

absl::Status CheckInitAndSave(const std::string& init_dir, const std::string& save_dir) {
  if (init_dir.empty() || save_dir.empty()) return {};
  std::error_code ignored;  // One that is not there is not the same.
  if (init_dir != save_dir && !std::filesystem::equivalent(init_dir, save_dir, ignored)) return {};
  return InvalidArgument("--init and --save are the same directory, ", save_dir,
                         ": a saved model is never written over; save to another one");
}

}  // namespace cairn
