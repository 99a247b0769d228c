// Pull and push of a client against one server over tcp on loopback, each in a process of its own,
// so that the CPU time of the two sides can be told apart; beside it, in the same run, the least
// that it could cost: a prefetched loop over an equal table and the same bytes over bare ZeroMQ.
//
// Usage: pull_push_bench [--keys N] [--batch N] [--width N] [--rounds N] [--seconds S]
//   --keys     rows that the server holds, 10,000,000 by default: about 4 GB with width 64
//   --batch    distinct random keys of a request, 10,000 by default
//   --width    floats of a row; by default 1, 16 and 64, and then latency and a dense table
//   --rounds   interleaved measurements of each kind, of which the median counts, 7 by default
//   --seconds  of each of them, 0.5 by default

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/hash.h"
#include "base/option_parser.h"
#include "base/status.h"
#include "cairn/client.h"
#include "cairn/memory.h"
#include "lookup_loop.h"
#include "server_process.h"
#include "zmq_echo.h"

namespace cairn {
namespace {

constexpr size_t kInFlight = 4;  // Requests under way: both sides always have work.
constexpr size_t kPreloadKeys = 100'000;
// Different batches in turn cover so many keys, so that nothing stays in the caches.
constexpr size_t kKeysInTurn = 1'000'000;
constexpr size_t kLatencyKeys = 1'000;
constexpr size_t kLatencyRequests = 300;  // Of a round.
constexpr uint64_t kDenseFloats = 10'000'000;
constexpr uint32_t kDenseBlock = 1'000;

struct Settings {
  uint64_t keys = 0;
  size_t batch = 0;
  size_t rounds = 0;
  double seconds = 0;
  std::vector<uint32_t> widths = {1, 16, 64};
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

Peer StartEchoProcess() {
  return StartPeer([](const auto& tell) {
    EchoServer server;
    tell(server.address());
    server.Run();
  });
}

TableSpec SumTable(uint32_t width) {
  TableSpec table;
  table.name.assign("bench");
  table.parts[0].width = width;
  table.parts[0].optimizer.name.assign("sum");
  return table;
}

TableSpec DenseTable() {
  TableSpec table = SumTable(kDenseBlock);
  table.kind = TableSpec::Kind::kDense;
  table.dense_size = kDenseFloats;
  return table;
}

// ---- Load -----------------------------------------------------------------------------------

// Requests in turn, kInFlight under way.
class Window {
 public:
  void Add(Pending pending) {
    if (under_way_.size() == kInFlight) {
      Must(under_way_.front().Wait());
      under_way_.pop_front();
    }
    under_way_.push_back(std::move(pending));
  }
  void Drain() {
    for (Pending& pending : under_way_) Must(pending.Wait());
    under_way_.clear();
  }

 private:
  std::deque<Pending> under_way_;
};

// Batches of distinct keys below `keys`, and their ids in a LookupLoop, in ascending order.
struct Batches {
  std::vector<std::vector<Key>> keys;
  std::vector<std::vector<uint64_t>> ids;

  Batches(uint64_t below, size_t batch) {
    CAIRN_CHECK(batch > 0 && batch <= below);
    keys.resize(std::max<size_t>(8, kKeysInTurn / batch));
    uint64_t draw = 0;
    for (std::vector<Key>& some : keys) {
      while (some.size() < batch) {
        while (some.size() < batch) some.push_back(Mix64(++draw) % below);
        std::sort(some.begin(), some.end());
        some.erase(std::unique(some.begin(), some.end()), some.end());
      }
      std::vector<uint64_t>& places = ids.emplace_back();
      for (const Key key : some) places.push_back(Mix64(key));
      std::sort(places.begin(), places.end());
      std::sort(some.begin(), some.end(), [](Key a, Key b) { return Mix64(a) < Mix64(b); });
    }
  }
  size_t count() const { return keys.size(); }
};

// Values that need all their bits: rounder ones travel in fewer (wire/value_codec.h).
std::vector<float> UnevenValues(size_t count) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = 0.1f + static_cast<float>(i % 1'000) * 1e-4f;
  return values;
}

void Preload(Client* client, uint64_t keys) {
  const Table table = client->FindTable("bench").value();
  std::vector<Key> batch;
  const std::vector<float> rows = UnevenValues(kPreloadKeys * table.width);
  Window window;
  for (Key first = 0; first < keys; first += kPreloadKeys) {
    batch.resize(std::min<uint64_t>(kPreloadKeys, keys - first));
    for (size_t i = 0; i < batch.size(); ++i) batch[i] = first + i;
    window.Add(client->Push(table, batch, {rows.data(), batch.size() * table.width}));
  }
  window.Drain();
}

// ---- Server CPU per key -----------------------------------------------------------------------

// What one side of a run took, by key.
struct Cost {
  double server = 0;  // CPU ns.
  double client = 0;  // CPU ns.
  double wall = 0;    // ns.
};

// Calls one_more(n) for a while, each a batch of keys.
Cost Spend(const Peer& peer, double seconds, size_t batch,
           const std::function<void(size_t)>& one_more) {
  const double begin = WallSeconds();
  const double server = peer.CpuNanos(), client = CpuNanos(CLOCK_PROCESS_CPUTIME_ID);
  size_t number = 0;
  while (WallSeconds() - begin < seconds) one_more(number++);
  const auto keys = static_cast<double>(number * batch);
  return {(peer.CpuNanos() - server) / keys, (CpuNanos(CLOCK_PROCESS_CPUTIME_ID) - client) / keys,
          (WallSeconds() - begin) * 1e9 / keys};
}

// The measurements of one operation, round by round.
struct Series {
  std::vector<double> server, client, wall, loop, echo, ratio;

  void Print(const char* name, uint32_t width) const {
    std::printf("| %s, width %u | %.1f | %.1f + %.1f | %.2f | %.1f | %.1f |\n", name, width,
                Median(server), Median(loop), Median(echo), Median(ratio), Median(client),
                1e3 / Median(wall));
    std::fflush(stdout);
  }
};

class KeyCosts {
 public:
  KeyCosts(const Settings& settings, uint32_t width, Client* client, const Peer& server,
           EchoClient* echo_client, const Peer& echo)
      : settings_(settings),
        width_(width),
        client_(client),
        server_(server),
        echo_client_(echo_client),
        echo_(echo),
        table_(client->FindTable("bench").value()),
        batches_(settings.keys, settings.batch),
        loop_(settings.keys, width),
        gradients_(UnevenValues(settings.batch * width)),
        rows_(kInFlight, std::vector<float>(settings.batch * width)) {}

  void Run() {
    Measure("pull", false);
    Measure("push", true);
  }

 private:
  void Measure(const char* name, bool is_push) {
    Series series;
    for (size_t round = 0; round <= settings_.rounds; ++round) {
      const double loop = LoopCost(is_push);
      const Cost echo = EchoCost(is_push);
      const Cost cairn = CairnCost(is_push);
      if (round == 0) continue;  // Every batch was sent for the first time.
      series.loop.push_back(loop);
      series.echo.push_back(echo.server);
      series.server.push_back(cairn.server);
      series.client.push_back(cairn.client);
      series.wall.push_back(cairn.wall);
      series.ratio.push_back(cairn.server / (loop + echo.server));
    }
    series.Print(name, width_);
  }

  double LoopCost(bool is_push) {
    const double begin = CpuNanos(CLOCK_THREAD_CPUTIME_ID);
    for (const std::vector<uint64_t>& ids : batches_.ids) {
      if (is_push) {
        loop_.Push(ids, gradients_.data());
      } else {
        loop_.Pull(ids, rows_[0].data());
      }
    }
    return (CpuNanos(CLOCK_THREAD_CPUTIME_ID) - begin) /
           static_cast<double>(batches_.count() * settings_.batch);
  }

  // The plain arrays of a request: 8-byte ids one way, floats the other or the same way.
  Cost EchoCost(bool is_push) {
    const size_t ids = settings_.batch * sizeof(uint64_t);
    const size_t values = settings_.batch * width_ * sizeof(float);
    const size_t request = is_push ? ids + values : ids, reply = is_push ? 64 : values;
    size_t under_way = 0;
    const Cost cost = Spend(echo_, settings_.seconds / 2, settings_.batch, [&](size_t) {
      if (under_way == kInFlight) {
        echo_client_->Finish(reply);
        --under_way;
      }
      echo_client_->Start(request, reply);
      ++under_way;
    });
    for (; under_way > 0; --under_way) echo_client_->Finish(reply);
    return cost;
  }

  Cost CairnCost(bool is_push) {
    Window window;
    const Cost cost = Spend(server_, settings_.seconds, settings_.batch, [&](size_t) {
      const std::vector<Key>& keys = batches_.keys[next_++ % batches_.count()];
      window.Add(is_push ? client_->Push(table_, keys, gradients_)
                         : client_->Pull(table_, keys, rows_[next_ % kInFlight]));
    });
    window.Drain();
    return cost;
  }

  const Settings settings_;
  const uint32_t width_;
  Client* const client_;
  const Peer server_;
  EchoClient* const echo_client_;
  const Peer echo_;
  const Table table_;
  const Batches batches_;
  LookupLoop loop_;
  const std::vector<float> gradients_;
  std::vector<std::vector<float>> rows_;
  size_t next_ = 0;
};

// ---- Latency and dense tables -----------------------------------------------------------------

// As rows of a table that comes last.
std::string MeasureLatency(const Settings& settings, Client* client, EchoClient* echo) {
  const Table table = client->FindTable("bench").value();
  const Batches batches(settings.keys, std::min<uint64_t>(kLatencyKeys, settings.keys));
  const size_t keys = batches.keys[0].size();
  std::vector<float> rows(keys * table.width);
  const size_t request = keys * sizeof(uint64_t), reply = rows.size() * sizeof(float);
  std::vector<double> ours, bare, ratios;
  const auto median_of = [](const std::function<void(size_t)>& once) {
    std::vector<double> times;
    for (size_t i = 0; i < kLatencyRequests; ++i) {
      const double begin = WallSeconds();
      once(i);
      times.push_back((WallSeconds() - begin) * 1e6);
    }
    return Median(std::move(times));
  };
  for (size_t round = 0; round < settings.rounds; ++round) {
    ours.push_back(median_of([&](size_t i) {
      Must(client->Pull(table, batches.keys[i % batches.count()], rows).Wait());
    }));
    bare.push_back(median_of([&](size_t) {
      echo->Start(request, reply);
      echo->Finish(reply);
    }));
    ratios.push_back(ours.back() / bare.back());
  }
  char row[200];
  std::snprintf(row, sizeof row,
                "| pull of %zu keys, one at a time, p50 | %.0f us | %.0f us | %.2f |\n", keys,
                Median(ours), Median(bare), Median(ratios));
  return row;
}

void MeasureDense(const Settings& settings, Client* client) {
  const Table table = client->FindTable("bench").value();
  std::vector<Key> blocks(kDenseFloats / kDenseBlock);
  for (size_t i = 0; i < blocks.size(); ++i) blocks[i] = i;
  std::vector<float> values = UnevenValues(kDenseFloats), copy(kDenseFloats);
  const double bytes = static_cast<double>(kDenseFloats) * sizeof(float);
  std::vector<double> pull, push, memory;
  const auto rate_of = [&](const std::function<void()>& once) {
    const double begin = WallSeconds();
    once();
    return bytes / (WallSeconds() - begin) * 1e-9;
  };
  for (size_t round = 0; round <= settings.rounds; ++round) {
    push.push_back(rate_of([&] { Must(client->Push(table, blocks, values).Wait()); }));
    pull.push_back(rate_of([&] { Must(client->Pull(table, blocks, values).Wait()); }));
    memory.push_back(rate_of([&] { std::memcpy(copy.data(), values.data(), size_t(bytes)); }));
    values[0] = copy[0];  // So that the copy counts.
  }
  for (const auto& [name, rates] : {std::pair("pull", &pull), std::pair("push", &push)}) {
    std::printf("| %s of a dense table of %.0f MB | %.2f GB/s | %.1f GB/s | %.2f |\n", name,
                bytes * 1e-6, Median(*rates), Median(memory), Median(memory) / Median(*rates));
  }
}

Settings ParseSettings(const std::vector<std::string>& arguments) {
  using Kind = OptionSpec::Kind;
  const auto count = [](std::string name, std::string fallback, uint64_t min, uint64_t max) {
    return OptionSpec{.name = std::move(name),
                      .kind = Kind::kCount,
                      .metavar = "N",
                      .fallback = std::move(fallback),
                      .counts = {.min = min, .max = max}};
  };
  const std::vector<OptionSpec> specs = {
      count("keys", "10000000", 1, 1'000'000'000),
      count("batch", "10000", 1, 1'000'000),
      count("width", "0", 0, 1'024),
      count("rounds", "7", 1, 1'000),
      {.name = "seconds",
       .kind = Kind::kReal,
       .metavar = "S",
       .fallback = "0.5",
       .reals = {.min = 0, .max = 600, .min_is_legal = false}},
  };
  const auto values = ParseOptions(specs, arguments);
  Must(values.status());
  Settings settings{values->Count("keys"), values->Count("batch"), values->Count("rounds"),
                    values->Real("seconds")};
  if (settings.batch > settings.keys) Must(InvalidArgument("--batch is more than --keys"));
  if (const uint64_t width = values->Count("width"); width > 0) {
    settings.widths = {static_cast<uint32_t>(width)};
  }
  return settings;
}

int Main(const Settings& settings) {
  const bool all = settings.widths.size() > 1;
  const Peer echo = StartEchoProcess();
  std::vector<Peer> servers;
  for (const uint32_t width : settings.widths) {
    servers.push_back(StartServerProcess(SumTable(width)));
  }
  if (all) servers.push_back(StartServerProcess(DenseTable()));

  std::printf("%llu keys stored, batches of %zu, %zu under way; CPU ns a key, medians of %zu\n\n",
              static_cast<unsigned long long>(settings.keys), settings.batch, kInFlight,
              settings.rounds);
  std::printf("| CPU, ns a key | server | limit: loop + ZeroMQ | ratio | client | M keys/s |\n");
  std::printf("|---|---|---|---|---|---|\n");
  std::string latency;
  auto echo_client = std::make_unique<EchoClient>(echo.address);
  for (size_t s = 0; s < servers.size(); ++s) {
    auto client = Join(servers[s]);
    if (s < settings.widths.size()) {
      Preload(client.get(), settings.keys);
      KeyCosts(settings, settings.widths[s], client.get(), servers[s], echo_client.get(), echo)
          .Run();
      if (all && s == 0) latency = MeasureLatency(settings, client.get(), echo_client.get());
    } else {
      std::printf("\n| | measured | limit: bare ZeroMQ, memcpy | ratio |\n|---|---|---|---|\n%s",
                  latency.c_str());
      MeasureDense(settings, client.get());
    }
    client.reset();  // The server process ends.
    servers[s].Wait();
  }
  echo_client.reset();
  echo.Wait();
  return 0;
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  cairn::KeepFreedMemory();
  return cairn::Main(cairn::ParseSettings({argv + 1, argv + argc}));
}
