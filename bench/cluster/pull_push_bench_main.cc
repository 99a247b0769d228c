// Pull and push of a client against one server over tcp on loopback, each in a process of its own,
// so that the CPU time of the two sides can be told apart. Batches of 10,000 random keys of those
// that the server holds; optimizer "sum".
//
// Usage: pull_push_bench [--keys N] [--seconds S]
//   --keys     rows that the server holds, 10,000,000 by default: about 2 GB with width 16
//   --seconds  of each of the four measurements, 5 by default
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/hash.h"
#include "base/option_parser.h"
#include "base/status.h"
#include "cairn/client.h"
#include "cairn/coordinator.h"
#include "cairn/server.h"

namespace cairn {
namespace {

constexpr size_t kBatchKeys = 10'000;
constexpr size_t kBatches = 64;  // Different ones in turn, so that no batch stays in the caches.
constexpr size_t kInFlight = 4;  // Requests under way: both sides always have work.
constexpr size_t kPreloadKeys = 100'000;

void Must(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "pull_push_bench: %s\n", std::string(MessageOf(status)).c_str());
  std::exit(1);
}

JobSpec MakeJob(uint32_t width) {
  JobSpec job;
  job.tables.resize(1);
  job.tables[0].name.assign("bench");
  job.tables[0].parts[0].width = width;
  job.tables[0].parts[0].optimizer.name.assign("sum");
  return job;
}

// Coordinator and server, until the client has left. Tells the address through the pipe.
int Serve(uint32_t width, int pipe) {
  Coordinator::Options options;
  options.job = MakeJob(width);
  const auto coordinator = Coordinator::Start(options);
  Must(coordinator.status());
  const std::string& address = (*coordinator)->address();
  Server::Options serving;
  serving.coordinator = address;
  const auto server = Server::Start(serving);
  Must(server.status());
  CAIRN_CHECK(write(pipe, address.data(), address.size()) == static_cast<ssize_t>(address.size()));
  close(pipe);
  Must((*coordinator)->Wait());
  return 0;
}

struct ServerProcess {
  uint32_t width;
  pid_t pid;
  std::string coordinator;
};

// Forks before this process has any thread.
ServerProcess StartServerProcess(uint32_t width) {
  int ends[2];
  CAIRN_CHECK(pipe(ends) == 0, "no pipe");
  const pid_t pid = fork();
  CAIRN_CHECK(pid >= 0, "no second process");
  if (pid == 0) {
    close(ends[0]);
    std::exit(Serve(width, ends[1]));
  }
  close(ends[1]);
  char text[256];
  const ssize_t size = read(ends[0], text, sizeof(text));
  close(ends[0]);
  CAIRN_CHECK(size > 0, "the server process has ended");
  return {width, pid, std::string(text, static_cast<size_t>(size))};
}

// CPU time of a process, all its threads together.
double CpuNanos(clockid_t clock) {
  timespec time{};
  CAIRN_CHECK(clock_gettime(clock, &time) == 0, "no CPU clock");
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

double WallSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Draws keys and sends them; one per measurement.
class Load {
 public:
  Load(Client* client, uint64_t keys)
      : client_(client), table_(client->FindTable("bench").value()) {
    uint64_t draw = 0;
    for (auto& batch : batches_) {
      for (Key& key : batch) key = Mix64(++draw) % keys;
    }
    gradients_.assign(kBatchKeys * table_.width, 1.0f);
    for (auto& rows : rows_) rows.resize(kBatchKeys * table_.width);
  }

  Pending Pull(size_t number) {
    return client_->Pull(table_, batches_[number % kBatches], rows_[number % kInFlight]);
  }
  Pending Push(size_t number) {
    return client_->Push(table_, batches_[number % kBatches], gradients_);
  }

 private:
  Client* const client_;
  const Table table_;
  std::vector<std::vector<Key>> batches_ = std::vector(kBatches, std::vector<Key>(kBatchKeys));
  std::vector<float> gradients_;
  std::vector<std::vector<float>> rows_ = std::vector(kInFlight, std::vector<float>());
};

void Preload(Client* client, uint64_t keys) {
  const Table table = client->FindTable("bench").value();
  std::vector<Key> batch;
  std::deque<Pending> under_way;
  const std::vector<float> ones(kPreloadKeys * table.width, 1.0f);
  for (Key first = 0; first < keys; first += kPreloadKeys) {
    batch.resize(std::min<uint64_t>(kPreloadKeys, keys - first));
    for (size_t i = 0; i < batch.size(); ++i) batch[i] = first + i;
    if (under_way.size() == kInFlight) {
      Must(under_way.front().Wait());
      under_way.pop_front();
    }
    under_way.push_back(client->Push(table, batch, {ones.data(), batch.size() * table.width}));
  }
  for (Pending& push : under_way) Must(push.Wait());
}

void Measure(const char* name, const ServerProcess& server, double seconds,
             const std::function<Pending(size_t)>& start) {
  clockid_t server_clock = 0;
  CAIRN_CHECK(clock_getcpuclockid(server.pid, &server_clock) == 0, "no clock of the server");
  std::deque<Pending> under_way;
  size_t number = 0;
  const auto one_more = [&] {
    if (under_way.size() == kInFlight) {
      Must(under_way.front().Wait());
      under_way.pop_front();
    }
    under_way.push_back(start(number++));
  };
  while (number < kBatches) one_more();  // Warm-up: every batch once.
  const size_t first = number;
  const double begin = WallSeconds();
  const double server_begin = CpuNanos(server_clock);
  const double client_begin = CpuNanos(CLOCK_PROCESS_CPUTIME_ID);
  while (WallSeconds() - begin < seconds) one_more();
  const auto keys = static_cast<double>((number - first) * kBatchKeys);
  const double wall = WallSeconds() - begin;
  const double client = (CpuNanos(CLOCK_PROCESS_CPUTIME_ID) - client_begin) / keys;
  const double on_server = (CpuNanos(server_clock) - server_begin) / keys;
  std::printf("%-9s %5u %14.1f %14.1f %14.2f\n", name, server.width, client, on_server,
              keys / wall / 1e6);
  std::fflush(stdout);
  for (Pending& last : under_way) Must(last.Wait());
}

void Run(const ServerProcess& server, uint64_t keys, double seconds) {
  Client::Options options;
  options.coordinator = server.coordinator;
  auto client = Client::Join(options);
  Must(client.status());
  Preload(client->get(), keys);
  Load load(client->get(), keys);
  Measure("pull", server, seconds, [&](size_t number) { return load.Pull(number); });
  Measure("push", server, seconds, [&](size_t number) { return load.Push(number); });
  client->reset();  // The server process ends.
  int status = 0;
  CAIRN_CHECK(waitpid(server.pid, &status, 0) == server.pid && status == 0,
              "the server process has failed");
}

int Main(int argc, char** argv) {
  const OptionSpec::Reals positive = {.min = 0, .max = 600, .min_is_legal = false};
  const std::vector<OptionSpec> specs = {
      {.name = "keys",
       .kind = OptionSpec::Kind::kCount,
       .metavar = "N",
       .fallback = "10000000",
       .counts = {.min = 1, .max = 1'000'000'000}},
      {.name = "seconds",
       .kind = OptionSpec::Kind::kReal,
       .metavar = "S",
       .fallback = "5",
       .reals = positive},
  };
  const auto values = ParseOptions(specs, std::vector<std::string>(argv + 1, argv + argc));
  Must(values.status());
  const uint64_t keys = values->Count("keys");
  const double seconds = values->Real("seconds");
  const ServerProcess servers[] = {StartServerProcess(1), StartServerProcess(16)};
  std::printf("%llu keys stored, batches of %zu, %zu requests under way\n",
              static_cast<unsigned long long>(keys), kBatchKeys, kInFlight);
  std::printf("%-9s %5s %14s %14s %14s\n", "operation", "width", "client ns/key", "server ns/key",
              "million keys/s");
  for (const ServerProcess& server : servers) Run(server, keys, seconds);
  return 0;
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) { return cairn::Main(argc, argv); }
