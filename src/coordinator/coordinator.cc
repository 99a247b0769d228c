#include <algorithm>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "base/check.h"
#include "base/done_signal.h"
#include "base/log.h"
#include "base/posix_file_system.h"
#include "base/status.h"
#include "coordinator/checkpoint_file.h"
#include "coordinator/commit_queue.h"
#include "coordinator/coordinator_shell.h"
#include "coordinator/file_job_log.h"
#include "sharding/plan_check.h"
#include "transport/event_loop.h"
#include "transport/process_report.h"
#include "transport/zmq_transport.h"

namespace cairn {
namespace {

constexpr std::string_view kProbeName = ".probe";

// kDataLoss: a file of the model has another size than the manifest says; kNotFound: it is missing.
absl::Status CheckModelFiles(FileSystem* files, const std::string& directory,
                             const Manifest& manifest) {
  for (const Manifest::File& file : manifest.files) {
    const std::string name = PathOf(directory, file);
    CAIRN_ASSIGN_OR_RETURN(const uint64_t size, files->Size(name));
    if (size != file.bytes) {
      return DataLoss(name, ": ", size, " bytes, but the manifest says ", file.bytes);
    }
  }
  return {};  // The file that makes it a checkpoint is looked at by who needs it.
}

// "p3-c1-t1-i2.snapshot", as servers name them: nobody else's file is taken for one.
bool IsSnapshotName(std::string_view name) {
  for (const std::string_view before : {"p", "-c", "-t", "-i"}) {
    if (!name.starts_with(before)) return false;
    name.remove_prefix(before.size());
    const size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
    if (digits == 0) return false;
    name.remove_prefix(digits);
  }
  return name == ".snapshot";
}

// Finds out before the training whether anything can be kept there. `what`: "no model".
absl::Status ProbeDirectory(FileSystem* files, const std::string& directory,
                            std::string_view what) {
  const std::string probe = JoinPath(directory, std::string(kProbeName));
  absl::Status status = files->CreateDirectories(directory);
  if (status.ok()) status = files->WriteFileAtomically(probe, {});
  if (status.ok()) status = files->Remove(probe);
  if (status.ok()) return {};
  return MakeError(absl::StatusCode::kPermissionDenied, what, " can be saved in ", directory, ": ",
                   MessageOf(status), "; choose another directory");
}

absl::Status ProbeSaveDirectory(FileSystem* files, const std::string& directory) {
  CAIRN_ASSIGN_OR_RETURN(const bool taken, files->Exists(JoinPath(directory, kManifestName)));
  if (taken) {
    return FailedPrecondition("there is a model in ", directory,
                              " already: choose another directory, or remove that one");
  }
  return ProbeDirectory(files, directory, "no model");
}

// Two jobs at once would remove each other's. Nullptr: there is no such directory.
absl::StatusOr<std::unique_ptr<DirectoryLock>> LockCheckpoints(FileSystem* files,
                                                               const CheckpointPlan& plan) {
  if (plan.directory.empty()) return nullptr;
  CAIRN_RETURN_IF_ERROR(ProbeDirectory(files, plan.directory, "no checkpoint"));
  absl::StatusOr<std::unique_ptr<DirectoryLock>> lock = files->LockDirectory(plan.directory);
  if (!lock.ok()) return Annotate(lock.status(), "--checkpoint-dir");
  return lock;
}

// What is in the directory of checkpoints is gone on with if that is wished, and never mixed with
// another job's.
absl::Status OpenCheckpoints(FileSystem* files, const CheckpointPlan& plan,
                             OpenedDirectories* opened) {
  if (plan.directory.empty()) return {};
  CAIRN_ASSIGN_OR_RETURN(FoundCheckpoints found, FindCheckpoints(files, plan.directory));
  opened->checkpoint = found.highest;
  for (const std::string& note : found.notes) LOG(WARNING) << note;
  if (!plan.resume && !found.newest.empty()) {
    const JobState& state = found.newest.front();
    return FailedPrecondition("there is a checkpoint of job \"", state.job.name, "\" in ",
                              plan.directory,
                              " already: --resume goes on from it; else choose "
                              "another directory, or remove that one");
  }
  if (plan.resume && found.newest.empty()) {
    LOG(INFO) << "there is no checkpoint in " << plan.directory
              << " to go on from: the job starts from its beginning";
  }
  if (!found.newest.empty()) {
    opened->restored = std::make_shared<const JobState>(std::move(found.newest.front()));
    LOG(INFO) << "the job goes on from checkpoint " << opened->restored->checkpoints.back().id
              << " in " << plan.directory;
  }
  return ProbeDirectory(files, plan.directory, "no checkpoint");
}

class CoordinatorShell final : public RunningCoordinator {
 public:
  explicit CoordinatorShell(FileSystem* files)
      : files_(files),
        loop_({.name = "coordinator",
               .time = &time_,
               .on_message = [this](MessagePtr m) { OnMessage(m); },
               .on_tick = [this](Micros now) { OnTick(now); }}),
        log_loop_({.name = "job-log",
                   .time = &time_,
                   .on_message = [](const MessagePtr&) {},
                   .on_tick = [](Micros) {}}) {}

  ~CoordinatorShell() override {
    loop_.Stop();
    log_loop_.Stop();
    transport_.reset();  // Last: the loop sends through it.
  }

  // Fills in who and which job it is. `log`: null, or what options.resumed is by. `lock`: of the
  // directory of checkpoints, if there is one yet.
  absl::Status Start(CoordinatorCore::Options options, std::unique_ptr<FileJobLog> log,
                     std::unique_ptr<DirectoryLock> lock, const TransportMaker& make_transport) {
    log_ = std::move(log);
    is_resumed_ = options.resumed.has_value();
    checkpoint_lock_ = std::move(lock);
    CAIRN_ASSIGN_OR_RETURN(transport_,
                           make_transport([this](MessagePtr m) { loop_.Deliver(std::move(m)); }));
    options.self = {kCoordinatorProcess, NewIncarnation()};
    options.usage = [this] { return UsageOf(*transport_); };
    options.job_id = NewIncarnation();
    CoordinatorActions actions;
    core_ = std::make_unique<CoordinatorCore>(std::move(options), time_.NowMicros(), &actions);
    auto first = std::make_shared<CoordinatorActions>(std::move(actions));
    loop_.Post([this, first] { Execute(std::move(*first)); });
    if (log_ != nullptr) log_loop_.Start();
    loop_.Start();
    return {};
  }

  const std::string& address() const override { return transport_->address(); }
  JobResult Wait() override { return done_.Wait(); }
  bool WaitFor(std::chrono::milliseconds patience) const override {
    return done_.WaitUntil(std::chrono::steady_clock::now() + patience).has_value();
  }

  JobStatus status(uint64_t epochs_from) override {
    auto answer = std::make_shared<DoneSignal<JobStatus>>();
    loop_.Post([this, answer, epochs_from] {
      answer->Set(core_->status(time_.NowMicros(), epochs_from));
    });
    const auto patience = std::chrono::seconds(1);
    return answer->WaitUntil(std::chrono::steady_clock::now() + patience).value_or(JobStatus{});
  }

  void Stop(int32_t code, const std::string& message) override {
    loop_.Post([this, code, message] {
      CoordinatorActions actions;
      core_->Stop(code, message, time_.NowMicros(), &actions);
      Execute(std::move(actions));
    });
  }

  void ReportDeath(const MemberDead& dead) override {
    loop_.Post([this, dead] {
      CoordinatorActions actions;
      core_->ProcessDied(dead, time_.NowMicros(), &actions);
      Execute(std::move(actions));
    });
  }

 private:
  void OnMessage(const MessagePtr& message) {
    CoordinatorActions actions;
    core_->Receive(message, time_.NowMicros(), &actions);
    Execute(std::move(actions));
  }

  void OnTick(Micros now) {
    CoordinatorActions actions;
    core_->Tick(now, &actions);
    Execute(std::move(actions));
  }

  void Execute(CoordinatorActions actions) {
    if (log_failed_) return;
    queue_.Add(std::move(actions));
    Advance();
  }

  // First the log, then the world.
  void Advance() {
    while (std::optional<CoordinatorActions> ready = queue_.TakeReady()) CarryOut(*ready);
    loop_.SetTimer(core_->finished() ? kNever : core_->next_tick());
    if (core_->finished() && queue_.empty()) done_.Set(core_->result());
    std::vector<LogBatch> batches = queue_.TakeBatches();
    if (batches.empty()) return;
    if (log_ == nullptr) {
      queue_.Written();
      Advance();
      return;
    }
    log_loop_.Post([this, batches = std::move(batches)] {
      const absl::Status written = log_->Append(batches);
      loop_.Post([this, written] { OnWritten(written); });
    });
  }

  void OnWritten(const absl::Status& written) {
    if (written.ok()) {
      queue_.Written();
      Advance();
      return;
    }
    // What was decided may be lost, so nobody is told of it any more.
    log_failed_ = true;
    loop_.SetTimer(kNever);
    JobResult failed;
    failed.code = 1;
    failed.message = Concat("the job log cannot be written: ", MessageOf(written),
                            "; start this coordinator again, with the same --job-dir and --listen, "
                            "before the others have missed it for --orphan-timeout");
    done_.Set(failed);
  }

  void CarryOut(CoordinatorActions& actions) {
    for (const std::string& warning : actions.warnings) LOG(WARNING) << warning;
    SendAll(transport_.get(), &actions.messages);
    for (const std::string& file : actions.obsolete) Remove(file);
    if (actions.prune.has_value()) Prune(*actions.prune);
    if (actions.manifest.has_value()) WriteManifest(*actions.manifest);
    if (actions.open_job.has_value()) OpenJob(*actions.open_job);
  }

  void Prune(const PrunedCheckpoints& prune) {
    const absl::Status pruned = PruneCheckpoints(files_, prune.directory, prune.kept, prune.below);
    if (!pruned.ok()) LOG(WARNING) << "an old checkpoint stays: " << pruned;
  }

  void OpenJob(const JobDirectories& directories) {
    CoordinatorActions more;
    core_->JobOpened(LockAndOpen(directories), time_.NowMicros(), &more);
    Execute(std::move(more));
  }

  absl::StatusOr<OpenedDirectories> LockAndOpen(const JobDirectories& directories) {
    checkpoint_lock_.reset();  // Of a job that was refused.
    CAIRN_ASSIGN_OR_RETURN(checkpoint_lock_, LockCheckpoints(files_, directories.checkpoints));
    return OpenDirectories(files_, directories);
  }

  // A file that stays does no harm: the manifest does not name it.
  void Remove(const std::string& file) {
    const std::string path = JoinPath(core_->state().plan.save_dir, file);
    const absl::Status status = files_->Remove(path);
    if (!status.ok() && status.code() != absl::StatusCode::kNotFound) LOG(WARNING) << status;
  }

  // Snapshots that the manifest does not name, of a former life that did not come to writing one.
  void RemoveStrays(const std::string& directory, const Manifest& manifest) {
    const absl::StatusOr<std::vector<std::string>> names = files_->List(directory);
    if (!names.ok()) return;
    for (const std::string& name : *names) {
      if (!IsSnapshotName(name)) continue;
      const bool is_named = std::any_of(manifest.files.begin(), manifest.files.end(),
                                        [&](const auto& file) { return file.name == name; });
      if (!is_named) Remove(name);
    }
  }

  void WriteManifest(const ManifestFile& file) {
    const Manifest manifest = ParseManifest(file.text).value();
    absl::Status written = CheckModelFiles(files_, file.directory, manifest);
    if (written.ok()) {
      if (is_resumed_ && file.checkpoint == 0) RemoveStrays(file.directory, manifest);
      if (!manifest.state.name.empty()) {
        written =
            files_->WriteFileAtomically(JoinPath(file.directory, manifest.state.name), file.state);
      }
      const auto text = std::as_bytes(std::span(file.text.data(), file.text.size()));
      const std::string path = JoinPath(file.directory, kManifestName);
      if (written.ok()) written = files_->WriteFileAtomically(path, text);
    } else {
      written = Annotate(written, "do all servers see the same ", file.directory, "?");
    }
    CoordinatorActions more;
    core_->ManifestWritten(file.checkpoint, written, time_.NowMicros(), &more);
    Execute(std::move(more));
  }

  FileSystem* const files_;
  const RealTimeSource time_;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<CoordinatorCore> core_;  // The loop's thread, once it runs.
  CommitQueue queue_;                      // The loop's thread.
  bool log_failed_ = false;                // Likewise.
  bool is_resumed_ = false;
  std::unique_ptr<DirectoryLock> checkpoint_lock_;
  std::unique_ptr<FileJobLog> log_;  // The log loop's thread, once it runs.
  EventLoop loop_;
  EventLoop log_loop_;
  DoneSignal<JobResult> done_;
};

// The log in `job_dir`, null without one; if there is a job in it, options->resumed.
absl::StatusOr<std::unique_ptr<FileJobLog>> OpenLog(FileSystem* files, const std::string& job_dir,
                                                    CoordinatorCore::Options* options) {
  if (job_dir.empty()) return nullptr;
  absl::StatusOr<FileJobLog::Opened> opened =
      FileJobLog::Open({.files = files, .directory = job_dir});
  if (!opened.ok()) return Annotate(opened.status(), "--job-dir");
  for (const std::string& note : opened->notes) LOG(WARNING) << note;
  const JobState& state = opened->log->state();
  if (state.job_id == 0) return std::move(opened->log);
  const std::string job = Concat(job_dir, " holds the log of job \"", state.job.name, "\", which ");
  constexpr std::string_view kAdvice = ": choose another --job-dir, or remove that one";
  if (state.ended && state.members.empty()) {
    return FailedPrecondition(job, "has ended (", state.end.message, ")", kAdvice);
  }
  const std::optional<JobDefinition>& given = options->given;
  if (given.has_value() && !(given->spec == state.job && given->plan == state.plan)) {
    return FailedPrecondition(job, "is another one than this", kAdvice);
  }
  LOG(INFO) << job << "goes on after record " << state.index;
  options->resumed = state;
  return std::move(opened->log);
}

// The public face: a coordinator for user programs.
class UserCoordinator final : public Coordinator {
 public:
  explicit UserCoordinator(std::unique_ptr<RunningCoordinator> running)
      : running_(std::move(running)) {}

  const std::string& address() const override { return running_->address(); }
  absl::Status Wait() override { return StatusOf(running_->Wait()); }
  absl::Status Finish() override {
    running_->Stop(0, "finished");
    return Wait();
  }

 private:
  std::unique_ptr<RunningCoordinator> running_;
};

}  // namespace

absl::StatusOr<Manifest> ReadManifest(FileSystem* files, const std::string& directory) {
  const std::string path = JoinPath(directory, kManifestName);
  absl::StatusOr<std::vector<std::byte>> bytes = files->ReadAll(path);
  if (!bytes.ok()) return Annotate(bytes.status(), "no saved model in ", directory);
  absl::StatusOr<Manifest> manifest =
      ParseManifest(std::string_view(reinterpret_cast<const char*>(bytes->data()), bytes->size()));
  if (!manifest.ok()) return Annotate(manifest.status(), path);
  const absl::Status whole = CheckModelFiles(files, directory, *manifest);
  if (whole.code() == absl::StatusCode::kNotFound) {
    return DataLoss("the model is incomplete: ", MessageOf(whole));
  }
  CAIRN_RETURN_IF_ERROR(whole);
  return manifest;
}

absl::StatusOr<OpenedDirectories> OpenDirectories(FileSystem* files,
                                                  const JobDirectories& directories) {
  OpenedDirectories opened;
  CAIRN_RETURN_IF_ERROR(OpenCheckpoints(files, directories.checkpoints, &opened));
  if (!directories.init_dir.empty() && opened.restored == nullptr) {
    CAIRN_ASSIGN_OR_RETURN(const Manifest manifest, ReadManifest(files, directories.init_dir));
    for (const Manifest::File& file : manifest.files) {
      opened.init_files.push_back({PathOf(directories.init_dir, file), file.crc, file.partition});
    }
  }
  if (!directories.save_dir.empty()) {
    CAIRN_RETURN_IF_ERROR(ProbeSaveDirectory(files, directories.save_dir));
  }
  return opened;
}

absl::StatusOr<std::unique_ptr<RunningCoordinator>> StartCoordinator(
    CoordinatorSetup setup, const TransportMaker& make_transport, FileSystem* files) {
  CoordinatorCore::Options options;
  options.times = setup.times;
  options.given = JobDefinition{std::move(setup.job), std::move(setup.plan)};
  CAIRN_RETURN_IF_ERROR(CheckJob(options.given->spec));
  CAIRN_RETURN_IF_ERROR(CheckPlan(*options.given));
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<FileJobLog> log, OpenLog(files, setup.job_dir, &options));
  CAIRN_ASSIGN_OR_RETURN(auto lock, LockCheckpoints(files, options.given->plan.checkpoints));
  if (!options.resumed.has_value()) {
    CAIRN_ASSIGN_OR_RETURN(
        options.opened,
        OpenDirectories(files, {options.given->spec.init_dir, options.given->plan.save_dir,
                                options.given->plan.checkpoints}));
    if (options.opened.restored != nullptr) {
      CAIRN_RETURN_IF_ERROR(CheckSameJob(*options.opened.restored, *options.given));
    }
  }
  auto shell = std::make_unique<CoordinatorShell>(files);
  CAIRN_RETURN_IF_ERROR(
      shell->Start(std::move(options), std::move(log), std::move(lock), make_transport));
  return shell;
}

absl::StatusOr<std::unique_ptr<RunningCoordinator>> StartIdleCoordinator(
    const CoordinatorTimes& times, const TransportMaker& make_transport, FileSystem* files,
    const std::string& job_dir) {
  CoordinatorCore::Options options;
  options.times = times;
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<FileJobLog> log, OpenLog(files, job_dir, &options));
  std::unique_ptr<DirectoryLock> lock;
  if (options.resumed.has_value()) {
    CAIRN_ASSIGN_OR_RETURN(lock, LockCheckpoints(files, options.resumed->plan.checkpoints));
  }
  auto shell = std::make_unique<CoordinatorShell>(files);
  CAIRN_RETURN_IF_ERROR(
      shell->Start(std::move(options), std::move(log), std::move(lock), make_transport));
  return shell;
}

absl::StatusOr<std::unique_ptr<Coordinator>> Coordinator::Start(const Options& options) {
  static PosixFileSystem files;  // Stateless.
  const ZmqOptions zmq{
      .listen = options.listen, .insecure = options.insecure, .advertise = options.advertise};
  CoordinatorSetup setup;
  setup.job = options.job;
  setup.plan.servers = options.servers;
  setup.plan.end_with_clients = true;
  setup.plan.save_dir = options.save_dir;
  if (!options.checkpoint_dir.empty()) {
    setup.plan.checkpoints = {
        options.checkpoint_dir, absl::ToDoubleSeconds(options.checkpoint_every),
        options.checkpoints_kept, options.checkpoint_full_every, options.resume};
  }
  setup.times.form_timeout = absl::ToInt64Microseconds(options.form_timeout);
  CAIRN_ASSIGN_OR_RETURN(auto running, StartCoordinator(
                                           std::move(setup),
                                           [&](MessageHandler handler) {
                                             return MakeZmqTransport(zmq, std::move(handler));
                                           },
                                           &files));
  return std::make_unique<UserCoordinator>(std::move(running));
}

}  // namespace cairn
