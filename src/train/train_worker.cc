#include "train/train_worker.h"

#include <algorithm>
#include <deque>
#include <thread>
#include <utility>

#include "base/done_signal.h"
#include "base/log.h"
#include "base/status.h"
#include "kernels/target.h"
#include "train/batch_pool.h"
#include "train/mlp_shape.h"
#include "train/model.h"
#include "train/program.h"
#include "train/stream_runner.h"
#include "transport/coordinator_watch.h"
#include "transport/event_loop.h"
#include "transport/member_core.h"
#include "transport/process_report.h"
#include "worker/client_core.h"

namespace cairn {
namespace {

constexpr int32_t kExitInternal = 1;
constexpr int32_t kExitUsage = 2;
constexpr int32_t kExitData = 3;
// asp: so many streams at once, so that the end of one does not leave the worker idle.
constexpr uint32_t kStreamsAtOnce = 2;
// No model that learns has a mean loss like this, of labels that vary by 1.
constexpr double kLossMax = 1e15;

double LossMax(const ModelSettings& model) {
  return kLossMax * double{model.label_scale} * model.label_scale;
}

class TrainWorkerShell final : public TrainWorker {
 public:
  explicit TrainWorkerShell(const Options& options)
      : options_(options),
        loop_({.name = "worker",
               .time = &time_,
               .on_message = [this](MessagePtr m) { OnMessage(m); },
               .on_tick = [this](Micros now) { OnTick(now); }}) {}

  ~TrainWorkerShell() override {
    loop_.Stop();  // First: only the loop's thread starts the setup thread.
    if (setup_.joinable()) setup_.join();
    pool_.reset();       // Its threads post to the loop, which drops what comes now.
    transport_.reset();  // Last: the loop sends through it.
  }

  absl::Status Begin(const TransportMaker& make_transport) {
    CAIRN_ASSIGN_OR_RETURN(transport_,
                           make_transport([this](MessagePtr m) { loop_.Deliver(std::move(m)); }));
    MemberCore::Options member;
    member.role = Role::kWorker;
    member.incarnation = NewIncarnation();
    member.coordinator_address = options_.coordinator;
    member.own_address = transport_->address();
    member.kernel_target = kKernelTarget;
    member.job_name = options_.job_name;
    DescribeProcess(transport_.get(), &member);
    member.join_timeout = options_.join_timeout;
    member.orphan_timeout = options_.orphan_timeout;
    member_ = std::make_unique<MemberCore>(std::move(member));
    loop_.Post([this] {
      RunnerActions actions;
      member_->Start(time_.NowMicros(), &actions.messages);
      Finish({}, std::move(actions));
    });
    loop_.Start();
    return {};
  }

  absl::Status Wait() override { return done_.Wait(); }
  bool WaitFor(absl::Duration patience) const override {
    const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoMicroseconds(patience);
    return done_.WaitUntil(deadline).has_value();
  }
  absl::Status Health() const override {
    return watch_.Health(options_.coordinator, time_.NowMicros());
  }
  void Leave() override {
    loop_.Post([this] {
      Outbox out;
      member_->Leave(&out);
      SendAll(transport_.get(), &out);
      runner_.reset();
      done_.Set(MakeError(absl::StatusCode::kCancelled, "interrupted: this worker left its job"));
    });
  }

 private:
  // What the setup thread brings: everything that takes time before the first batch.
  struct Ready {
    TrainProgram program;
    std::shared_ptr<const Model> model;
    std::unique_ptr<StepDevice> device;
    std::unique_ptr<BatchPool> pool;
  };

  // ---- The setup thread.
  absl::StatusOr<Ready> SetUp(const JobSpec& job) {
    Ready ready;
    CAIRN_ASSIGN_OR_RETURN(ready.program, DecodeProgram(job.program));
    const std::string& model = ready.program.model.model;
    if (!IsKnown(model, options_.models)) {
      return Internal("this worker has no model \"", model,
                      "\": start workers that have it (cairn/model.h, WorkerMain)");
    }
    CAIRN_ASSIGN_OR_RETURN(ready.model, MakeModel(ready.program.model, options_.models));
    if (ready.model->tables() != job.tables) {
      return Internal("this worker's model has other tables than the job: other versions?");
    }
    const bool is_bsp = job.mode.consistency == Consistency::kBsp;  // To the last bit.
    CAIRN_ASSIGN_OR_RETURN(
        ready.device,
        MakeStepDevice(options_.device, ready.program,
                       is_bsp ? Slicing::kForbidden : Slicing::kAllowed, NoteOrLog()));
    BatchPool::Setup setup{ready.program,  options_.train,   options_.valid,  ready.model,
                           job.partitions, options_.threads, options_.caches, options_.bad_rows};
    CAIRN_RETURN_IF_ERROR(OpenIfNull(ready.program.train, &setup.train));
    CAIRN_RETURN_IF_ERROR(CheckInputs(ready.program.model, *setup.train));
    if (!ready.program.valid.files.empty()) {
      const bool is_held_out = ready.program.valid.part == DataPart::kHeldOut;
      if (is_held_out && setup.valid == nullptr) setup.valid = setup.train;  // Other chunks of it.
      CAIRN_RETURN_IF_ERROR(OpenIfNull(ready.program.valid, &setup.valid));
      CAIRN_RETURN_IF_ERROR(CheckInputs(ready.program.model, *setup.valid));
    }
    if (setup.caches == nullptr) {
      CAIRN_ASSIGN_OR_RETURN(setup.caches, RowCaches::Make(options_.cache, ready.program));
    }
    CAIRN_ASSIGN_OR_RETURN(
        ready.pool, BatchPool::Start(std::move(setup), [this](const StepKey& key, auto batch) {
          OnRead(key, std::move(batch));
        }));
    return ready;
  }

  StepDevice::Note NoteOrLog() const {
    if (options_.note) return options_.note;
    return [](const std::string& note) { LOG(INFO) << note; };
  }

  static absl::Status OpenIfNull(const DataDefinition& definition,
                                 std::shared_ptr<const DataSource>* source) {
    if (*source != nullptr) return {};
    std::vector<std::string> paths;
    for (const DataFile& file : definition.files) paths.push_back(file.path);
    absl::StatusOr<std::unique_ptr<DataSource>> opened = DataSource::Open(paths, {});
    if (opened.status().code() == absl::StatusCode::kNotFound) {
      return NotFound(MessageOf(opened.status()),
                      "; the job names its data by these paths, and every worker's machine needs "
                      "it there");
    }
    if (opened.ok()) *source = *std::move(opened);
    return opened.status();
  }

  // ---- A reading thread.
  void OnRead(const StepKey& key, absl::StatusOr<std::unique_ptr<PreparedBatch>> batch) {
    auto shared =
        std::make_shared<absl::StatusOr<std::unique_ptr<PreparedBatch>>>(std::move(batch));
    loop_.Post([this, key, shared] {
      RunnerActions actions;
      if (!shared->ok()) {
        Fail(kExitData, DataError(shared->status()), &actions.messages);
      } else if (runner_ != nullptr) {
        runner_->BatchRead(key, std::move(**shared), time_.NowMicros(), &actions);
      }
      Finish({}, std::move(actions));
    });
  }

  // ---- The loop's thread.
  void OnMessage(const MessagePtr& message) {
    RunnerActions actions;
    const Micros now = time_.NowMicros();
    if (message->header.from.process == kCoordinatorProcess) watch_.Heard(now);
    const MemberCore::News news = member_->Receive(*message, now, &actions.messages);
    if (runner_ != nullptr) {
      client_->Receive(*message, now, &actions.messages);
      runner_->Receive(*message, now, &actions);
      runner_->Tick(now, &actions);
    }
    Finish(news, std::move(actions));
  }

  void OnTick(Micros now) {
    RunnerActions actions;
    const MemberCore::News news = member_->Tick(now, &actions.messages);
    if (runner_ != nullptr) {
      client_->Tick(now, &actions.messages);
      runner_->Tick(now, &actions);
    }
    Finish(news, std::move(actions));
  }

  void Finish(const MemberCore::News& news, RunnerActions actions) {
    const Micros now = time_.NowMicros();
    if (news.welcomed) {
      VLOG(1) << "joined the job " << member_->welcome().job.name << " as worker "
              << member_->self().process;
      setup_ = std::thread([this, job = member_->welcome().job] {
        auto ready = std::make_shared<absl::StatusOr<Ready>>(SetUp(job));
        loop_.Post([this, ready] { OnReady(ready.get()); });
      });
    }
    if (news.map && client_ != nullptr) client_->OnMap(now, &actions.messages);
    if (news.grants && runner_ != nullptr) runner_->OnGrants(now, &actions);
    Execute(&actions);
    if (news.ended) {
      VLOG(1) << "the job has ended: " << member_->end();
      Outbox out;
      member_->Leave(&out);
      SendAll(transport_.get(), &out);
      done_.Set(EndStatus());
    }
    Micros wake = member_->next_tick();
    if (runner_ != nullptr) {
      wake = std::min({wake, client_->next_tick(), runner_->next_tick()});
    }
    loop_.SetTimer(wake);
  }

  void OnReady(absl::StatusOr<Ready>* ready) {
    RunnerActions actions;
    if (ready->status().code() == absl::StatusCode::kUnimplemented) {
      // This machine cannot compute as the job does: no reason to end it for the others.
      member_->Leave(&actions.messages);
      Finish({}, std::move(actions));
      done_.Set(FailedPrecondition(MessageOf(ready->status())));
      return;
    }
    if (!ready->ok()) {
      const bool usage = ready->status().code() == absl::StatusCode::kInternal;
      Fail(usage ? kExitUsage : kExitData, DataError(ready->status()), &actions.messages);
      Finish({}, std::move(actions));
      return;
    }
    const JobSpec& job = member_->welcome().job;
    model_ = (*ready)->model;
    device_ = std::move((*ready)->device);
    if (device_ != nullptr && !options_.note) {  // Else whoever takes notes knows it.
      LOG(INFO) << "steps are computed on the device " << device_->name();
    }
    pool_ = std::move((*ready)->pool);
    client_ = std::make_unique<ClientCore>(job, member_.get(), ClientCore::Options{});
    StreamRunner::Options runner;
    runner.steps_at_once = (*ready)->program.steps_at_once;
    runner.loss_max = LossMax((*ready)->program.model);
    runner_ = std::make_unique<StreamRunner>(job, (*ready)->program.schedule, member_.get(),
                                             client_.get(), runner);
    member_->set_capacity(kStreamsAtOnce);
    const Micros now = time_.NowMicros();
    member_->Beat(now, &actions.messages);
    if (member_->grants() != nullptr) runner_->OnGrants(now, &actions);
    Finish({}, std::move(actions));
  }

  // Carries out what the runner wants until it wants nothing more.
  void Execute(RunnerActions* actions) {
    std::deque<ComputeAction> computes;
    while (true) {
      SendAll(transport_.get(), &actions->messages);
      for (const ReadAction& read : std::exchange(actions->reads, {})) pool_->Read(read);
      for (ComputeAction& compute : std::exchange(actions->computes, {})) {
        computes.push_back(std::move(compute));
      }
      if (runner_ != nullptr && !runner_->error().ok()) {
        const absl::Status error = runner_->error();  // The runner goes with the failure.
        Fail(kExitInternal, error, &actions->messages);
        SendAll(transport_.get(), &actions->messages);
        return;
      }
      if (computes.empty()) return;
      ComputeAction compute = std::move(computes.front());
      computes.pop_front();
      if (const absl::Status status = Compute(&compute, actions); !status.ok()) {
        const bool too_little = status.code() == absl::StatusCode::kResourceExhausted;
        Fail(too_little ? kExitUsage : kExitInternal, status, &actions->messages);
        SendAll(transport_.get(), &actions->messages);
        return;
      }
    }
  }

  // Errors are Model::ComputeOn's.
  absl::Status Compute(ComputeAction* action, RunnerActions* actions) {
    if (action->evaluation) {
      std::vector<float> scores = model_->Score(*action->batch, action->values);
      runner_->Scored(action->key,
                      model_->ForEvaluation(model_->Rows(*action->batch), std::move(scores)),
                      time_.NowMicros(), actions);
      return {};
    }
    StepResult result;
    if (device_ == nullptr) {
      result = model_->Compute(*action->batch, action->values, action->epoch, action->rate_factor);
    } else {
      CAIRN_ASSIGN_OR_RETURN(result,
                             model_->ComputeOn(*action->batch, action->values, action->epoch,
                                               action->rate_factor, device_.get()));
    }
    runner_->Computed(action->key, std::move(result.push),
                      {result.rows, result.loss_sum, result.extra_weight}, time_.NowMicros(),
                      actions);
    return {};
  }

  absl::Status EndStatus() {
    if (!failure_.ok()) return failure_;
    // A few bad rows more than allowed may only be certain at the end.
    const bool check = member_->end().ok() && pool_ != nullptr;
    return check ? DataError(pool_->CheckBadRows()) : member_->end();
  }

  // Ends the job with an error of this worker; the coordinator's answer ends the worker.
  void Fail(int32_t code, const absl::Status& status, Outbox* out) {
    if (!failure_.ok() || member_->ended()) return;
    failure_ = status;
    runner_.reset();
    // Only a member has something to do that can fail, so this never ends it at once.
    member_->Fail(code, std::string(MessageOf(status)), time_.NowMicros(), out);
  }

  const Options options_;
  const RealTimeSource time_;
  std::unique_ptr<Transport> transport_;

  // The loop's thread.
  std::unique_ptr<MemberCore> member_;
  std::unique_ptr<ClientCore> client_;
  std::unique_ptr<StreamRunner> runner_;
  std::shared_ptr<const Model> model_;
  std::unique_ptr<StepDevice> device_;  // Null: the model's own functions on the CPU.
  std::unique_ptr<BatchPool> pool_;
  std::thread setup_;
  absl::Status failure_;  // Of this worker, told to the coordinator.

  CoordinatorWatch watch_;
  EventLoop loop_;
  DoneSignal<absl::Status> done_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TrainWorker>> TrainWorker::Start(
    const Options& options, const TransportMaker& make_transport) {
  if (options.threads == 0) return InvalidArgument("a worker needs at least one thread");
  CAIRN_RETURN_IF_ERROR(CheckDevice(options.device.device));
  auto worker = std::make_unique<TrainWorkerShell>(options);
  CAIRN_RETURN_IF_ERROR(worker->Begin(make_transport));
  return worker;
}

}  // namespace cairn
