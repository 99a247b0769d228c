// WorkerMain: the program ps_worker, the trainer's worker as a process, for anybody's main().
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/option_parser.h"
#include "base/status.h"
#include "cairn/model.h"
#include "cluster/cache_options.h"
#include "cluster/device_options.h"
#include "cluster/role_programs.h"
#include "train/train_worker.h"
#include "transport/address.h"
#include "transport/zmq_transport.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

constexpr std::string_view kDescription =
    "Reads data and computes gradients for a job of cairn train. A worker needs the coordinator's "
    "address only; the job's data files must be where it can read them. It ends with its job; "
    "without a coordinator it ends by itself.";

std::vector<OptionSpec> WorkerOptions() {
  std::vector<OptionSpec> options = MemberOptions();
  options.push_back({.name = "job",
                     .kind = Kind::kText,
                     .metavar = "NAME",
                     .section = "Work",
                     .help = "Join no other job than this one"});
  options.push_back({.name = "threads",
                     .kind = Kind::kCount,
                     .metavar = "N",
                     .section = "Work",
                     .help = "Threads that read and parse",
                     .fallback = "1",
                     .counts = {.min = 1, .max = 1'024}});
  for (OptionSpec& option : CacheOptions("Work")) options.push_back(std::move(option));
  for (OptionSpec& option : DeviceOptions("Work")) options.push_back(std::move(option));
  return options;
}

absl::Status Work(const OptionValues& values, const CustomModels& models,
                  const InterruptScope& interrupt) {
  CAIRN_RETURN_IF_ERROR(ParseAddress(values.Text("coordinator")).status());
  TrainWorker::Options options;
  options.coordinator = values.Text("coordinator");
  options.job_name = values.Text("job");
  options.threads = static_cast<uint32_t>(values.Count("threads"));
  options.cache = CacheOf(values);
  options.models = models;
  options.device = DeviceOf(values);
  CAIRN_RETURN_IF_ERROR(RowCache::Check(options.cache));
  options.join_timeout = absl::ToInt64Microseconds(absl::Seconds(values.Real("join-timeout")));
  options.orphan_timeout = absl::ToInt64Microseconds(absl::Seconds(values.Real("orphan-timeout")));
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<TrainWorker> worker,
                         TrainWorker::Start(options, [](MessageHandler handler) {
                           return MakeZmqTransport({}, std::move(handler));
                         }));
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<HttpServer> http,
                         ShowRole(values, "working for " + options.coordinator, options.coordinator,
                                  {.health = [&worker] { return worker->Health(); }}));
  return WaitOrLeave(interrupt, worker.get());
}

}  // namespace

RoleProgram WorkerProgram(const CustomModels& models) {
  return {.name = "ps_worker",
          .summary = "Read data and compute gradients",
          .description = kDescription,
          .environment_prefix = "CAIRN_WORKER_",
          .options = WorkerOptions(),
          .serve = [models](const OptionValues& values, const InterruptScope& interrupt) {
            return Work(values, models, interrupt);
          }};
}

int WorkerMain(int argc, char** argv, const CustomModels& models) {
  return RunRoleProgram(WorkerProgram(models), argc, argv);
}

}  // namespace cairn
