#include "cluster/warm_start.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/status.h"
#include "cluster/saved_model.h"
#include "server/row_converter.h"
#include "server/table_schema.h"

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
