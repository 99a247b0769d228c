// A pull's reply of a given size, answered by a small message: the transport's part of a pull.
#include <benchmark/benchmark.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "transport/in_process_transport.h"
#include "transport/zmq_transport.h"
#include "wire/codec.h"

namespace cairn {
namespace {

const ProcessId kClient{1, 1};
const ProcessId kServer{2, 2};

MessagePtr Request(size_t bytes) {
  auto values = std::make_shared<std::vector<float>>(bytes / sizeof(float), 1.f);
  PullReply reply;
  reply.parts = {{0, PartCode::kOk, *values}};
  reply.storage = values;
  return std::make_shared<Message>(Message{{kClient, kServer, 1, 0}, std::move(reply)});
}

// Lets the benchmark's thread wait for the answer.
class Bell {
 public:
  void Ring() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++rung_;
    changed_.notify_one();
  }
  void WaitFor(int64_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return rung_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t rung_ = 0;
};

using Opener = std::unique_ptr<Transport> (*)(InProcessNetwork*, MessageHandler);

std::unique_ptr<Transport> OpenInProcess(InProcessNetwork* network, MessageHandler handler) {
  return network->Open(std::move(handler));
}
std::unique_ptr<Transport> OpenTcp(InProcessNetwork*, MessageHandler handler) {
  ZmqOptions options;
  options.listen = "tcp://127.0.0.1:0";
  return *MakeZmqTransport(options, std::move(handler));
}

// `window`: requests on their way at once.
void RoundTrip(benchmark::State& state, Opener open, int64_t window) {
  const size_t bytes = state.range(0);
  InProcessNetwork network;
  Bell bell;
  const MessagePtr answer =
      std::make_shared<Message>(Message{{kServer, kClient, 1, 0}, EvaluationAck{}});
  Transport* server_transport = nullptr;  // Set before the first message is sent.
  const auto client = open(&network, [&](MessagePtr) { bell.Ring(); });
  const auto server = open(
      &network, [&](MessagePtr message) { server_transport->Reply(message->header.from, answer); });
  server_transport = server.get();
  const MessagePtr request = Request(bytes);
  int64_t sent = 0;
  for (auto _ : state) {
    client->Send(server->address(), request);
    if (++sent > window) bell.WaitFor(sent - window);
  }
  bell.WaitFor(sent);
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes));
}

void RegisterAll() {
  struct Kind {
    const char* name;
    Opener open;
    int64_t window;
  };
  for (const Kind kind : {Kind{"in_process", OpenInProcess, 0}, Kind{"tcp", OpenTcp, 0},
                          Kind{"tcp/window:32", OpenTcp, 32}}) {
    benchmark::RegisterBenchmark((std::string("RoundTrip/") + kind.name).c_str(), RoundTrip,
                                 kind.open, kind.window)
        ->ArgName("bytes")
        ->Arg(64)
        ->Arg(65'536)
        ->Arg(1'048'576)
        ->UseRealTime();
  }
}

void Encode(benchmark::State& state) {
  const MessagePtr message = Request(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(EncodeMessage(*message));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Encode)->ArgName("bytes")->Arg(64)->Arg(1'048'576);

void Decode(benchmark::State& state) {
  const Frame frame = EncodeMessage(*Request(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(DecodeMessage(frame));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Decode)->ArgName("bytes")->Arg(64)->Arg(1'048'576);

[[maybe_unused]] const bool registered = (RegisterAll(), true);

}  // namespace
}  // namespace cairn
