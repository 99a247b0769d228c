#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "base/check.h"
#include "base/done_signal.h"
#include "base/posix_file_system.h"
#include "base/status.h"
#include "coordinator/coordinator_shell.h"
#include "transport/event_loop.h"
#include "transport/zmq_transport.h"

namespace cairn {
namespace {

class CoordinatorShell final : public RunningCoordinator {
 public:
  explicit CoordinatorShell(FileSystem* files)
      : files_(files),
        loop_({.name = "coordinator",
               .time = &time_,
               .on_message = [this](MessagePtr m) { OnMessage(m); },
               .on_tick = [this](Micros now) { OnTick(now); }}) {}

  ~CoordinatorShell() override {
    loop_.Stop();
    transport_.reset();  // Last: the loop sends through it.
  }

  absl::Status Start(CoordinatorSetup setup, std::vector<InitFile> init_files,
                     const TransportMaker& make_transport) {
    CAIRN_ASSIGN_OR_RETURN(transport_,
                           make_transport([this](MessagePtr m) { loop_.Deliver(std::move(m)); }));
    save_dir_ = setup.plan.save_dir;
    CoordinatorActions actions;
    core_ = std::make_unique<CoordinatorCore>(
        CoordinatorCore::Options{{kCoordinatorProcess, NewIncarnation()},
                                 std::move(setup.job),
                                 std::move(setup.plan),
                                 setup.times,
                                 std::move(init_files)},
        time_.NowMicros(), &actions);
    auto first = std::make_shared<CoordinatorActions>(std::move(actions));
    loop_.Post([this, first] { Execute(std::move(*first)); });
    loop_.Start();
    return {};
  }

  const std::string& address() const override { return transport_->address(); }
  JobResult Wait() override { return done_.Wait(); }
  bool WaitFor(std::chrono::milliseconds patience) const override {
    return done_.WaitUntil(std::chrono::steady_clock::now() + patience).has_value();
  }

  CoordinatorCore::Status status() override {
    auto answer = std::make_shared<DoneSignal<CoordinatorCore::Status>>();
    loop_.Post([this, answer] { answer->Set(core_->status(time_.NowMicros())); });
    const auto patience = std::chrono::seconds(1);
    const auto status = answer->WaitUntil(std::chrono::steady_clock::now() + patience);
    return status.value_or(CoordinatorCore::Status{});
  }

  void Stop(int32_t code, const std::string& message) override {
    loop_.Post([this, code, message] {
      CoordinatorActions actions;
      core_->Stop(code, message, time_.NowMicros(), &actions);
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

  // First the log, then the world.
  void Execute(CoordinatorActions actions) {
    for (const auto& [index, record] : actions.log) {
      const absl::Status logged = log_.Append(index, record);
      CAIRN_CHECK(logged.ok(), "a log in memory cannot fail");
    }
    SendAll(transport_.get(), &actions.messages);
    if (actions.manifest.has_value()) WriteManifest(*actions.manifest);
    loop_.SetTimer(core_->finished() ? kNever : core_->next_tick());
    if (core_->finished()) done_.Set(core_->result());
  }

  void WriteManifest(const std::string& text) {
    const absl::Status written = files_->WriteFileAtomically(
        JoinPath(save_dir_, kManifestName), std::as_bytes(std::span(text.data(), text.size())));
    CoordinatorActions more;
    core_->ManifestWritten(written, time_.NowMicros(), &more);
    Execute(std::move(more));
  }

  FileSystem* const files_;
  const RealTimeSource time_;
  std::string save_dir_;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<CoordinatorCore> core_;  // The loop's thread, once it runs.
  MemoryJobLog log_;
  EventLoop loop_;
  DoneSignal<JobResult> done_;
};

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
  for (const Manifest::File& file : manifest->files) {
    const std::string name = JoinPath(directory, file.name);
    CAIRN_ASSIGN_OR_RETURN(const uint64_t size, files->Size(name));
    if (size != file.bytes) {
      return DataLoss(name, ": ", size, " bytes, but ", path, " says ", file.bytes);
    }
  }
  return manifest;
}

absl::StatusOr<std::unique_ptr<RunningCoordinator>> StartCoordinator(
    CoordinatorSetup setup, const TransportMaker& make_transport, FileSystem* files) {
  CAIRN_RETURN_IF_ERROR(CheckJob(setup.job));
  std::vector<InitFile> init_files;
  if (!setup.job.init_dir.empty()) {
    CAIRN_ASSIGN_OR_RETURN(const Manifest manifest, ReadManifest(files, setup.job.init_dir));
    for (const Manifest::File& file : manifest.files) {
      init_files.push_back({JoinPath(setup.job.init_dir, file.name), file.crc});
    }
  }
  if (!setup.plan.save_dir.empty()) {
    CAIRN_ASSIGN_OR_RETURN(const bool taken,
                           files->Exists(JoinPath(setup.plan.save_dir, kManifestName)));
    if (taken) {
      return FailedPrecondition("there is a model in ", setup.plan.save_dir,
                                " already: choose another directory, or remove that one");
    }
  }
  auto shell = std::make_unique<CoordinatorShell>(files);
  CAIRN_RETURN_IF_ERROR(shell->Start(std::move(setup), std::move(init_files), make_transport));
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
