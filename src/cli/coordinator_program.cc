#include "cli/coordinator_program.h"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/json_log.h"
#include "base/option_parser.h"
#include "base/posix_file_system.h"
#include "base/status.h"
#include "cli/console.h"
#include "cli/options.h"
#include "cli/settings.h"
#include "cli/show_training.h"
#include "cli/table_option.h"
#include "cluster/cluster_run.h"
#include "cluster/job_handle.h"
#include "cluster/role_program.h"
#include "cluster/status_json.h"
#include "cluster/train_job.h"
#include "cluster/train_plan.h"
#include "coordinator/coordinator_shell.h"
#include "transport/zmq_transport.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

constexpr std::string_view kDescription =
    "Forms a cluster and runs one job on it. With --train the job is a training, by the options of "
    "cairn train; with --table it is whatever programs of yours push that join as clients, and it "
    "is over when they have left; with neither, the coordinator waits for a cairn train --cluster "
    "with its address. Servers and workers are told this address too. doc/cluster.md tells more.";

constexpr int32_t kExitInterrupted = 130;

// Options of cairn train that are about processes, which somebody else has started here, or that
// start none.
constexpr std::array<std::string_view, 12> kOfLauncher = {
    "cluster", "log-dir",   "max-restarts", "join-timeout", "form-timeout",  "orphan-timeout",
    "threads", "executors", "cache",        "cache-mib",    "device-memory", "dry-run"};
// What a job without data needs of the others.
constexpr std::array<std::string_view, 14> kOfTables = {"job",
                                                        "seed",
                                                        "partitions",
                                                        "consistency",
                                                        "wire-values",
                                                        "streams",
                                                        "servers",
                                                        "init",
                                                        "save",
                                                        "checkpoint-dir",
                                                        "resume",
                                                        "checkpoint-every",
                                                        "checkpoints-kept",
                                                        "checkpoint-full-every"};

bool IsIn(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Those that all role programs have, too, are theirs.
std::vector<OptionSpec> JobOptions() {
  std::vector<OptionSpec> options;
  const std::vector<OptionSpec> common = RoleOptions();
  const auto is_common = [&](const OptionSpec& option) {
    return std::any_of(common.begin(), common.end(),
                       [&](const OptionSpec& other) { return other.name == option.name; });
  };
  for (OptionSpec& option : OptionsOf(CommandOf(CommandSpec::kTrain))) {
    option.required = false;
    if (!IsIn(kOfLauncher, option.name) && !is_common(option)) options.push_back(std::move(option));
  }
  return options;
}

std::vector<OptionSpec> CoordinatorOptions() {
  const OptionSpec::Reals positive = {.min = 0, .max = 1e9, .min_is_legal = false};
  std::vector<OptionSpec> options = ListenOptions();
  options.push_back({.name = "form-timeout",
                     .kind = Kind::kReal,
                     .metavar = "SECONDS",
                     .section = "Network",
                     .help = "Give up if servers and workers have not joined by then",
                     .fallback = "60",
                     .reals = positive});
  options.push_back({.name = "job-timeout",
                     .kind = Kind::kReal,
                     .metavar = "SECONDS",
                     .section = "Network",
                     .help = "Give up if nobody has brought a job by then",
                     .fallback = "600",
                     .reals = positive});
  options.push_back({.name = "job-dir",
                     .kind = Kind::kText,
                     .metavar = "DIR",
                     .section = "Network",
                     .help =
                         "Keep the job's log here: a coordinator that is started again with the "
                         "same --job-dir and --listen goes on where this one was"});
  options.push_back({.name = "table",
                     .kind = Kind::kTexts,
                     .metavar = "'name=NAME ...'",
                     .section = "Model",
                     .help = "A table for programs of yours, as in 'name=weights width=8 "
                             "optimizer=adagrad lr=0.1'",
                     .check = [](std::string_view text) { return ParseTable(text).status(); }});
  for (OptionSpec& option : JobOptions()) options.push_back(std::move(option));
  return options;
}

// Says whether it is a job of data, of tables, or none: kTables and kNothing refuse what means
// nothing to them.
enum class JobKind : uint8_t { kTraining, kTables, kNothing };

absl::StatusOr<JobKind> KindOfJob(const OptionValues& values) {
  const bool train = values.IsGiven("train");
  const bool table = values.IsGiven("table");
  if (train && table) return InvalidArgument("--train and --table: a job has one of them");
  if (train) return JobKind::kTraining;
  for (const OptionSpec& option : JobOptions()) {
    if (!values.IsGiven(option.name) || (table && IsIn(kOfTables, option.name))) continue;
    const std::string label = values.Label(option.name);
    if (table) return InvalidArgument(label, " means nothing to a job of --table");
    return InvalidArgument(label, " needs --train",
                           IsIn(kOfTables, option.name) ? " or --table" : "",
                           ": without, the job comes from cairn train --cluster");
  }
  return table ? JobKind::kTables : JobKind::kNothing;
}

absl::StatusOr<CoordinatorSetup> TablesSetup(const OptionValues& values) {
  CoordinatorSetup setup;
  setup.job.name = values.IsGiven("job") ? values.Text("job") : "tables";
  for (const std::string& text : values.Texts("table")) {
    CAIRN_ASSIGN_OR_RETURN(TableSpec table, ParseTable(text));
    setup.job.tables.push_back(std::move(table));
  }
  CAIRN_RETURN_IF_ERROR(SetShape(values, &setup.job));
  TrainOptions directories;
  SetDirectories(values, &directories);
  directories = WithAbsoluteDirectories(std::move(directories));
  setup.job.init_dir = directories.init_dir;
  setup.plan.servers = static_cast<uint32_t>(values.Count("servers"));
  setup.plan.save_dir = directories.save_dir;
  setup.plan.checkpoints = CheckpointsOf(directories);
  setup.plan.end_with_clients = true;
  return setup;
}

CoordinatorTimes TimesOf(const OptionValues& values) {
  CoordinatorTimes times;
  times.form_timeout = absl::ToInt64Microseconds(absl::Seconds(values.Real("form-timeout")));
  times.job_timeout = absl::ToInt64Microseconds(absl::Seconds(values.Real("job-timeout")));
  return times;
}

// The coordinator and what is shown of it.
class Process {
 public:
  explicit Process(const OptionValues& values) : values_(values) {}

  // Without a setup it waits for a job.
  absl::Status Start(std::optional<CoordinatorSetup> setup) {
    const ZmqOptions zmq{.listen = values_.Text("listen"),
                         .insecure = values_.Switch("insecure"),
                         .advertise = values_.Text("advertise")};
    const TransportMaker make = [&zmq](MessageHandler handler) {
      return MakeZmqTransport(zmq, std::move(handler));
    };
    if (setup.has_value()) {
      setup->times = TimesOf(values_);
      setup->job_dir = values_.Text("job-dir");
      CAIRN_ASSIGN_OR_RETURN(coordinator_, StartCoordinator(*std::move(setup), make, &files_));
    } else {
      CAIRN_ASSIGN_OR_RETURN(coordinator_, StartIdleCoordinator(TimesOf(values_), make, &files_,
                                                                values_.Text("job-dir")));
    }
    handle_ = HandleOf(coordinator_.get());
    const std::string& address = coordinator_->address();
    CAIRN_ASSIGN_OR_RETURN(
        http_, ShowRole(values_, "listening " + address, address,
                        {.health = [] { return absl::OkStatus(); },
                         .status = [this] { return JobStatusAsJson(handle_->status()); }}));
    return absl::OkStatus();
  }

  RunningCoordinator& coordinator() { return *coordinator_; }

 private:
  const OptionValues& values_;
  PosixFileSystem files_;
  std::unique_ptr<RunningCoordinator> coordinator_;
  std::unique_ptr<JobHandle> handle_;
  std::unique_ptr<HttpServer> http_;  // Last: it asks the handle.
};

absl::Status RunTraining(const OptionValues& values, const InterruptScope& interrupt) {
  CAIRN_ASSIGN_OR_RETURN(TrainOptions options, MakeJobOptions(values));
  options = WithAbsoluteDirectories(std::move(options));
  options.threads = options.executors = 0;  // The processes' own business.
  options.cache.clear();
  CAIRN_ASSIGN_OR_RETURN(const TrainPlan plan, MakeTrainPlan(options));
  Process process(values);
  CAIRN_RETURN_IF_ERROR(process.Start(plan.setup));
  options.cluster = process.coordinator().address();
  const std::unique_ptr<ClusterRun> run = RunOf(HandleOf(&process.coordinator()));
  Console console = StandardConsole();
  console.err_is_json = WantsJsonLog(values);
  return ShowTraining(values, options, console, interrupt, [&](const auto& progress) {
    return FollowTraining(options, plan, run.get(), progress);
  });
}

absl::Status RunOther(const OptionValues& values, std::optional<CoordinatorSetup> setup,
                      const InterruptScope& interrupt) {
  Process process(values);
  CAIRN_RETURN_IF_ERROR(process.Start(std::move(setup)));
  RunningCoordinator& coordinator = process.coordinator();
  while (!coordinator.WaitFor(absl::ToChronoMilliseconds(kInterruptPoll))) {
    if (interrupt.requested()) coordinator.Stop(kExitInterrupted, "interrupted");
  }
  const JobResult result = coordinator.Wait();
  if (result.code == 0) PrintResult(StandardConsole(), "done   " + result.message);
  return StatusOf(result);
}

absl::Status Coordinate(const OptionValues& values, const InterruptScope& interrupt) {
  CAIRN_ASSIGN_OR_RETURN(const JobKind kind, KindOfJob(values));
  if (kind == JobKind::kTraining) return RunTraining(values, interrupt);
  std::optional<CoordinatorSetup> setup;
  if (kind == JobKind::kTables) {
    CAIRN_ASSIGN_OR_RETURN(setup, TablesSetup(values));
  }
  return RunOther(values, std::move(setup), interrupt);
}

}  // namespace

RoleProgram CoordinatorProgram() {
  return {.name = kCoordinatorProgram,
          .summary = "Form a cluster and run a job on it",
          .description = kDescription,
          .environment_prefix = "CAIRN_COORDINATOR_",
          .options = CoordinatorOptions(),
          .serve = Coordinate};
}

}  // namespace cairn
