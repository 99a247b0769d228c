// checkpoint list, verify, show and prune.
#include <sys/stat.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/posix_file_system.h"
#include "base/status.h"
#include "base/units.h"
#include "cairn/inspect.h"
#include "cli/checkpoint_view.h"
#include "cli/commands.h"
#include "cluster/checkpoints.h"
#include "coordinator/checkpoint_file.h"
#include "coordinator/manifest.h"

namespace cairn {
namespace {

std::optional<Micros> TimeWritten(const CheckpointInfo& info) {
  struct stat status = {};
  const std::string path = JoinPath(info.path, kManifestName);
  if (!info.has_manifest || ::stat(path.c_str(), &status) != 0) return std::nullopt;
  return Micros{status.st_mtim.tv_sec} * kMicrosPerSecond + status.st_mtim.tv_nsec / 1'000;
}

ShownCheckpoint Shown(CheckpointInfo info) {
  const std::optional<Micros> written = TimeWritten(info);
  return {std::move(info), written};
}

// Those that --checkpoint asks for: one, or all.
absl::StatusOr<std::vector<CheckpointInfo>> Asked(FileSystem* files, const OptionValues& values) {
  const std::string directory = values.Text("checkpoint-dir");
  CAIRN_ASSIGN_OR_RETURN(std::vector<CheckpointInfo> all, ListCheckpoints(files, directory));
  if (!values.IsGiven("checkpoint")) return all;
  const uint64_t number = values.Count("checkpoint");
  std::erase_if(all, [&](const CheckpointInfo& each) { return each.number != number; });
  if (all.empty()) return NotFound("there is no checkpoint ", number, " in ", directory);
  return all;
}

// What the exit code says of them all.
absl::Status Verdict(const std::vector<ShownCheckpoint>& checkpoints) {
  const CheckpointInfo* faulty = nullptr;
  bool any_whole = false;
  for (const ShownCheckpoint& each : checkpoints) {
    const CheckpointInfo& info = each.info;
    any_whole = any_whole || info.complete();
    const bool is_worse = faulty == nullptr || (info.damaged() && !faulty->damaged());
    if (!info.fault.ok() && is_worse) faulty = &info;
  }
  if (faulty != nullptr) return Annotate(faulty->fault, "checkpoint ", faulty->number);
  return any_whole ? absl::OkStatus() : NotFound("no checkpoint is complete");
}

}  // namespace

absl::Status CheckpointListCommand(const OptionValues& values, const Console& console) {
  PosixFileSystem files;
  CAIRN_ASSIGN_OR_RETURN(std::vector<CheckpointInfo> all,
                         ListCheckpoints(&files, values.Text("checkpoint-dir")));
  std::vector<ShownCheckpoint> shown;
  for (CheckpointInfo& info : all) shown.push_back(Shown(std::move(info)));
  *console.out << (values.Switch("json") ? CheckpointsAsJson(shown) : CheckpointsAsText(shown));
  return absl::OkStatus();
}

absl::Status CheckpointVerifyCommand(const OptionValues& values, const Console& console) {
  PosixFileSystem files;
  CAIRN_ASSIGN_OR_RETURN(std::vector<CheckpointInfo> asked, Asked(&files, values));
  const bool json = values.Switch("json");
  std::vector<ShownCheckpoint> verified;
  for (CheckpointInfo& info : asked) {
    verified.push_back(Shown(VerifyCheckpoint(&files, std::move(info))));
    if (!json) *console.out << VerifiedAsText(verified.back().info) << std::flush;
  }
  if (json) *console.out << CheckpointsAsJson(verified);
  return Verdict(verified);
}

absl::Status CheckpointShowCommand(const OptionValues& values, const Console& console) {
  PosixFileSystem files;
  CAIRN_ASSIGN_OR_RETURN(const std::vector<CheckpointInfo> all,
                         ListCheckpoints(&files, values.Text("checkpoint-dir")));
  CAIRN_ASSIGN_OR_RETURN(CheckpointInfo info, ChooseCheckpoint(all, values.Count("checkpoint")));
  InspectOptions options;
  options.model_dir = info.path;
  options.top = 0;
  CAIRN_ASSIGN_OR_RETURN(const ModelReport model, Inspect(options));
  const ShownCheckpoint shown = Shown(std::move(info));
  *console.out << (values.Switch("json") ? CheckpointAsJson(shown, model)
                                         : CheckpointAsText(shown, model));
  return absl::OkStatus();
}

absl::Status CheckpointPruneCommand(const OptionValues& values, const Console& console) {
  PosixFileSystem files;
  const bool dry_run = values.Switch("dry-run");
  CAIRN_ASSIGN_OR_RETURN(const PrunePlan plan,
                         PlanPrune(&files, values.Text("checkpoint-dir"),
                                   static_cast<uint32_t>(values.Count("keep"))));
  std::unique_ptr<DirectoryLock> lock;  // A job that goes on removes what it does not need itself.
  if (!dry_run) {
    CAIRN_ASSIGN_OR_RETURN(lock, files.LockDirectory(values.Text("checkpoint-dir")));
  }
  for (const std::string& note : plan.notes) *console.err << "note   " << note << '\n';
  for (const uint64_t number : plan.kept) PrintResult(console, Concat("kept     ", number));
  const std::string_view done = dry_run ? "would go " : "removed  ";
  uint64_t bytes = 0;
  for (const CheckpointInfo& info : plan.removed) {
    if (!dry_run) CAIRN_RETURN_IF_ERROR(RemoveCheckpoint(&files, info.path));
    const std::string_view why = info.complete()  ? ""
                                 : info.damaged() ? ", damaged"
                                                  : ", incomplete";
    PrintResult(console, Concat(done, info.number, ", ", HumanBytes(info.bytes), why));
    bytes += info.bytes;
  }
  PrintResult(console, Concat(dry_run ? "to free  " : "freed    ", HumanBytes(bytes)));
  return absl::OkStatus();
}

}  // namespace cairn
