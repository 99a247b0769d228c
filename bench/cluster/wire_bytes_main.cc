// Bytes that a client and a server exchange for each key that is pulled and pushed, in every format
// of values (JobSpec::wire_values): all headers and replies included, counted at the client's
// transport, and how they are shared out among the kinds of messages. One server, 64 partitions,
// tcp on loopback; one table of one weight a row, batches of distinct uniform keys.
//
// Usage: wire_bytes [--keys N] [--batches N] [--train FILE --valid FILE]
//   --keys     of a batch, 10,000 by default
//   --batches  that are sent, 20 by default
//   --train    data to train logistic regression on in each of the formats, one process; --valid is
//              scored after the last epoch
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/mutex.h"
#include "base/option_parser.h"
#include "base/status.h"
#include "cairn/coordinator.h"
#include "cairn/server.h"
#include "cairn/train.h"
#include "sharding/wire_values.h"
#include "transport/zmq_transport.h"
#include "wire/codec.h"
#include "wire/message_type.h"
#include "worker/client_shell.h"

namespace cairn {
namespace {

constexpr WireValues kFormats[] = {WireValues::kF32, WireValues::kBf16, WireValues::kBf16F8};

void Must(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "wire_bytes: %s\n", std::string(MessageOf(status)).c_str());
  std::exit(1);
}

// Of data messages, by kind. A message encodes to the same bytes whenever it is encoded, so those
// that come are counted by encoding them again. Thread-safe.
class KindCounts {
 public:
  void Count(const Message& message) CAIRN_EXCLUDES(mutex_) {
    const MessageType type =
        std::visit([](const auto& body) { return TypeOf(&body); }, message.body);
    if (type < MessageType::kPush) return;
    const size_t bytes = EncodeMessage(message).size();
    MutexLock lock(mutex_);
    bytes_[type] += bytes;
  }
  std::map<MessageType, uint64_t> Take() CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return std::exchange(bytes_, {});
  }

 private:
  Mutex mutex_;
  std::map<MessageType, uint64_t> bytes_ CAIRN_GUARDED_BY(mutex_);
};

// Hands everything on, and counts it.
class CountingTransport final : public Transport {
 public:
  CountingTransport(std::unique_ptr<Transport> inner, KindCounts* counts)
      : inner_(std::move(inner)), counts_(counts) {}

  const std::string& address() const override { return inner_->address(); }
  void Send(const std::string& address, MessagePtr message) override {
    counts_->Count(*message);
    inner_->Send(address, std::move(message));
  }
  void Reply(const ProcessId& to, MessagePtr message) override {
    counts_->Count(*message);
    inner_->Reply(to, std::move(message));
  }
  bool Run(std::function<void()> task) override { return inner_->Run(std::move(task)); }
  void Disconnect(const std::string& address) override { inner_->Disconnect(address); }
  TransportStats Stats() const override { return inner_->Stats(); }

 private:
  const std::unique_ptr<Transport> inner_;
  KindCounts* const counts_;
};

JobSpec MakeJob(WireValues values) {
  JobSpec job;
  job.wire_values = values;
  job.tables.resize(1);
  job.tables[0].name.assign("weights");
  job.tables[0].parts[0].optimizer.name.assign("adagrad");
  // What is pulled has all its bits, whether the row is there or not.
  job.tables[0].parts[0].initializer = {InitializerSpec::Kind::kNormal, 0.1f};
  return job;
}

// A coordinator, a server and a client of one job; the client's transport is looked at.
class Cluster {
 public:
  explicit Cluster(WireValues values) {
    Coordinator::Options options;
    options.job = MakeJob(values);
    auto coordinator = Coordinator::Start(options);
    Must(coordinator.status());
    coordinator_ = *std::move(coordinator);
    Server::Options serving;
    serving.coordinator = coordinator_->address();
    auto server = Server::Start(serving);
    Must(server.status());
    server_ = *std::move(server);
    Client::Options joining;
    joining.coordinator = coordinator_->address();
    auto client = JoinClient(joining, [this](MessageHandler handler) { return Count(handler); });
    Must(client.status());
    client_ = *std::move(client);
  }
  ~Cluster() {
    client_.reset();
    Must(coordinator_->Wait());
  }

  Client* client() { return client_.get(); }
  TransportStats Stats() const { return transport_->Stats(); }
  KindCounts& counts() { return counts_; }

 private:
  absl::StatusOr<std::unique_ptr<Transport>> Count(const MessageHandler& handler) {
    auto inner = MakeZmqTransport({}, [this, handler](MessagePtr message) {
      counts_.Count(*message);
      handler(std::move(message));
    });
    if (!inner.ok()) return inner.status();
    transport_ = inner->get();
    return std::make_unique<CountingTransport>(*std::move(inner), &counts_);
  }

  KindCounts counts_;
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<ShellClient> client_;
  const Transport* transport_ = nullptr;  // The client's own, as long as it lives.
};

void PrintLine(const std::string& format, Cluster* cluster, const TransportStats& before,
               uint64_t keys) {
  const TransportStats after = cluster->Stats();
  const uint64_t all =
      after.bytes_sent - before.bytes_sent + after.bytes_received - before.bytes_received;
  std::map<MessageType, uint64_t> bytes = cluster->counts().Take();
  const auto per_key = [&](uint64_t n) {
    return static_cast<double>(n) / static_cast<double>(keys);
  };
  std::printf("| `%s` | %.3f | %.3f | %.3f | %.3f | %.3f |\n", format.c_str(), per_key(all),
              per_key(bytes[MessageType::kPull]), per_key(bytes[MessageType::kPullReply]),
              per_key(bytes[MessageType::kPush]), per_key(bytes[MessageType::kPushReply]));
}

void Measure(WireValues values, size_t batch_keys, uint64_t batches) {
  Cluster cluster(values);
  const Table table = cluster.client()->FindTable("weights").value();
  std::vector<Key> keys(batch_keys);
  std::vector<float> rows(batch_keys);
  std::vector<float> gradients(batch_keys);
  cluster.counts().Take();
  const TransportStats before = cluster.Stats();
  uint64_t draw = 0;
  for (uint64_t b = 0; b < batches; ++b) {
    for (Key& key : keys) key = Mix64(++draw);
    Must(cluster.client()->Pull(table, keys, rows).Wait());
    for (size_t i = 0; i < batch_keys; ++i) {
      gradients[i] = rows[i] + static_cast<float>(UnitInterval(Mix64(keys[i]))) - 0.5f;
    }
    Must(cluster.client()->Push(table, keys, gradients).Wait());
  }
  PrintLine(FormatWireValues(values), &cluster, before, batches * batch_keys);
}

void TrainWith(WireValues values, const std::string& train, const std::string& valid) {
  TrainOptions options;
  options.train = {train};
  options.valid = {valid};
  options.wire_values = values;
  const auto report = Train(options);
  Must(report.status());
  const EpochReport& last = report->epochs.back();
  std::printf("| `%s` | %.6f | %.6f |\n", FormatWireValues(values).c_str(), last.valid_auc,
              last.valid_logloss);
  std::fflush(stdout);
}

int Main(int argc, char** argv) {
  using Kind = OptionSpec::Kind;
  const std::vector<OptionSpec> specs = {
      {.name = "keys",
       .kind = Kind::kCount,
       .metavar = "N",
       .fallback = "10000",
       .counts = {.min = 1, .max = 1'000'000}},
      {.name = "batches",
       .kind = Kind::kCount,
       .metavar = "N",
       .fallback = "20",
       .counts = {.min = 1, .max = 1'000'000}},
      {.name = "train", .kind = Kind::kText, .metavar = "FILE"},
      {.name = "valid", .kind = Kind::kText, .metavar = "FILE"},
  };
  const auto values = ParseOptions(specs, std::vector<std::string>(argv + 1, argv + argc));
  Must(values.status());
  if (values->IsGiven("train") != values->IsGiven("valid")) {
    Must(InvalidArgument("--train and --valid need each other"));
  }
  std::printf(
      "%llu batches of %llu distinct keys\n\n"
      "| bytes a key | all | pull | its reply | push | its reply |\n|---|---|---|---|---|---|\n",
      static_cast<unsigned long long>(values->Count("batches")),
      static_cast<unsigned long long>(values->Count("keys")));
  for (const WireValues format : kFormats) {
    Measure(format, values->Count("keys"), values->Count("batches"));
  }
  if (!values->IsGiven("train")) return 0;
  std::printf("\n| logistic regression, asp | AUC | logloss |\n|---|---|---|\n");
  for (const WireValues format : kFormats) {
    TrainWith(format, values->Text("train"), values->Text("valid"));
  }
  return 0;
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) { return cairn::Main(argc, argv); }
