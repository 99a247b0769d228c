#include "cluster/warm_start.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/status.h"
#include "cluster/saved_model.h"
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

// " --label delay>15 --cross a*b"; "" if all is read as it stands.
std::string ReadingOptions(const TrainProgram& program) {
  std::string text;
  for (const auto& [name, value] : DescribeReadSpec(program.train.read)) {
    text += Concat(" --", name, " ", value);
  }
  return text;
}

// Keys follow from how text becomes rows: of other features, the model knows nothing.
void NoteReading(const std::string& saved, const std::string& now,
                 std::vector<std::string>* notes) {
  const absl::StatusOr<TrainProgram> before = DecodeProgram(saved);
  const absl::StatusOr<TrainProgram> after = DecodeProgram(now);
  if (!before.ok() || !after.ok()) return;  // A program of somebody's own.
  const std::string was = ReadingOptions(*before), is = ReadingOptions(*after);
  if (was == is) return;
  notes->push_back(Concat("the model learnt from data that was read with other options (",
                          was.empty() ? "none" : was.substr(1),
                          "): features that differ start afresh"));
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
  NoteReading(model.manifest().program, job.program, &notes);
  for (uint32_t index = 0; index < job.tables.size(); ++index) {
    const TableSpec& now = job.tables[index];
    const TableSpec* const before = FindTable(saved.tables, now.name);
    if (before == nullptr) {
      notes.push_back(Concat("table \"", now.name, "\" is new: it starts afresh"));
      continue;
    }
    CAIRN_ASSIGN_OR_RETURN(const auto schema, TableSchema::Make(job, index, {}));
    const auto position = static_cast<size_t>(before - saved.tables.data());
    const auto fits = RowConverter::Make(*before, saved.state_floats[position], schema);
    CAIRN_RETURN_IF_ERROR(Annotate(fits.status(), "the model in ", job.init_dir));
    NoteOptimizers(*before, now, &notes);
  }
  return notes;
}

absl::Status CheckInitAndSave(const std::string& init_dir, const std::string& save_dir) {
  if (init_dir.empty() || save_dir.empty()) return {};
  std::error_code ignored;  // One that is not there is not the same.
  if (init_dir != save_dir && !std::filesystem::equivalent(init_dir, save_dir, ignored)) return {};
  return InvalidArgument("--init and --save are the same directory, ", save_dir,
                         ": a saved model is never written over; save to another one");
}

}  // namespace cairn
