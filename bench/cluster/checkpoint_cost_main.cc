// What checkpoints cost while a job goes on: rows are pushed and pulled for some time without
// checkpoints and with them, in turn, each time to a server process of its own that was filled
// before; then bytes, throughput and how long pushes took.
//
// Usage: checkpoint_cost --dir DIR [--rows N] [--batch N] [--seconds S] [--every S] [--rounds N]
//                        [--full-every N] [--load zipf|uniform]
//   --dir         where the checkpoints go; what is in it is removed
//   --rows        of logistic regression with FTRL, 10,000,000 by default
//   --batch       keys of a request, 10,000 by default
//   --seconds     each measurement takes, 20 by default
//   --every       seconds from checkpoint to checkpoint, 2 by default
//   --full-every  as cairn train has it, 8 by default
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/option_parser.h"
#include "base/posix_file_system.h"
#include "cairn/memory.h"
#include "cluster/checkpoints.h"
#include "server_process.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;

struct Settings {
  std::string dir;
  uint64_t rows = 0, batch = 0, rounds = 0, full_every = 0;
  double seconds = 0, every = 0;
  bool zipf = false;
};

TableSpec WeightsTable() {
  TableSpec table;
  table.name.assign("weights");
  table.parts[0].optimizer.name.assign("ftrl");
  return table;
}

Key KeyOf(uint64_t number) { return Mix64(number ^ 0x5EED); }

// The number of a row: uniform, or as keys of data are, with s = 1.05.
uint64_t Draw(const Settings& settings, uint64_t k) {
  const double u = UnitInterval(HashWords(1, k));
  const auto rows = static_cast<double>(settings.rows);
  if (!settings.zipf) return static_cast<uint64_t>(u * rows);
  constexpr double kOneLessS = -0.05;
  const double top = std::pow(rows + 1, kOneLessS) - 1;
  const double rank = std::pow(top * u + 1, 1 / kOneLessS) - 1;
  return std::min(static_cast<uint64_t>(rank), settings.rows - 1);
}

struct Measured {
  double keys_per_second = 0;
  double server_nanos_per_key = 0;
  double p50_ms = 0, p99_ms = 0, most_ms = 0;  // Of pushes, until they are acknowledged.
};

double At(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
}

// One after the other, so that each push's time is its own.
Measured PushFor(const Settings& settings, Client* client, const Peer& server) {
  const Table table = client->FindTable("weights").value();
  std::vector<Key> keys(settings.batch);
  std::vector<float> gradients(settings.batch, 0.01f), weights(settings.batch);
  std::vector<double> times;
  uint64_t k = 0;
  const double begin = WallSeconds(), cpu = server.CpuNanos();
  while (WallSeconds() < begin + settings.seconds) {
    for (Key& key : keys) key = KeyOf(Draw(settings, k++));
    Must(client->Pull(table, keys, weights).Wait());
    const double before = WallSeconds();
    Must(client->Push(table, keys, gradients).Wait());
    times.push_back((WallSeconds() - before) * 1e3);
  }
  Measured measured;
  measured.keys_per_second = static_cast<double>(k) / (WallSeconds() - begin);
  measured.server_nanos_per_key = (server.CpuNanos() - cpu) / static_cast<double>(k);
  std::sort(times.begin(), times.end());
  measured.p50_ms = At(times, 0.5);
  measured.p99_ms = At(times, 0.99);
  measured.most_ms = times.back();
  return measured;
}

void Fill(const Settings& settings, Client* client) {
  constexpr uint64_t kAtOnce = 100'000;
  const Table table = client->FindTable("weights").value();
  std::vector<Key> keys;
  for (uint64_t first = 0; first < settings.rows; first += kAtOnce) {
    keys.clear();
    for (uint64_t i = first; i < std::min(first + kAtOnce, settings.rows); ++i) {
      keys.push_back(KeyOf(i));
    }
    Must(client->Push(table, keys, std::vector<float>(keys.size(), 0.01f)).Wait());
  }
}

Peer StartServer(const Settings& settings, double every) {
  return StartPeer([&](const auto& tell) {
    KeepFreedMemory();
    Coordinator::Options options;
    options.job.tables = {WeightsTable()};
    if (every > 0) {
      options.checkpoint_dir = settings.dir;
      options.checkpoint_every = absl::Seconds(every);
      options.checkpoint_full_every = static_cast<uint32_t>(settings.full_every);
      options.checkpoints_kept = 100;  // All are looked at in the end.
    }
    const auto coordinator = Coordinator::Start(options);
    Must(coordinator.status());
    Server::Options serving;
    serving.coordinator = (*coordinator)->address();
    const auto server = Server::Start(serving);
    Must(server.status());
    tell((*coordinator)->address());
    Must((*coordinator)->Wait());
  });
}

Measured Round(const Settings& settings, double every) {
  fs::remove_all(settings.dir);
  const Peer server = StartServer(settings, every);
  auto client = Join(server);
  Fill(settings, client.get());
  const Measured measured = PushFor(settings, client.get(), server);
  client.reset();
  server.Wait();
  std::printf("| %s | %.2f | %.0f | %.2f | %.2f | %.1f |\n", every > 0 ? "checkpoints" : "none",
              measured.keys_per_second * 1e-6, measured.server_nanos_per_key, measured.p50_ms,
              measured.p99_ms, measured.most_ms);
  std::fflush(stdout);
  return measured;
}

void ShowCheckpoints(const Settings& settings) {
  PosixFileSystem files;
  const auto all = ListCheckpoints(&files, settings.dir);
  Must(all.status());
  std::printf("\n| checkpoint | rows | holds | MB |\n|---|---|---|---|\n");
  for (const CheckpointInfo& info : *all) {
    if (!info.complete()) continue;
    const std::string holds =
        info.since() == 0 ? "all rows" : "since " + std::to_string(info.since());
    std::printf("| %llu | %llu | %s | %.1f |\n", static_cast<unsigned long long>(info.number),
                static_cast<unsigned long long>(info.rows()), holds.c_str(),
                static_cast<double>(info.bytes) * 1e-6);
  }
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int Main(const Settings& settings) {
  std::printf(
      "| | M keys/s pulled and pushed | server CPU, ns a key | push p50, ms | p99 | most |\n"
      "|---|---|---|---|---|---|\n");
  std::vector<double> ratios;
  for (uint64_t round = 0; round < settings.rounds; ++round) {
    const double without = Round(settings, 0).keys_per_second;
    ratios.push_back(Round(settings, settings.every).keys_per_second / without);
  }
  std::printf("\nthroughput with checkpoints / without: %.3f (median of %zu)\n", Median(ratios),
              ratios.size());
  ShowCheckpoints(settings);
  return 0;
}

Settings ParseSettings(const std::vector<std::string>& arguments) {
  const auto count = [](std::string name, std::string fallback) {
    return OptionSpec{.name = std::move(name),
                      .kind = OptionSpec::Kind::kCount,
                      .metavar = "N",
                      .fallback = std::move(fallback),
                      .counts = {.min = 1, .max = 1'000'000'000}};
  };
  const auto real = [](std::string name, std::string fallback) {
    return OptionSpec{.name = std::move(name),
                      .kind = OptionSpec::Kind::kReal,
                      .metavar = "SECONDS",
                      .fallback = std::move(fallback),
                      .reals = {.min = 0.1, .max = 1e6}};
  };
  const std::vector<OptionSpec> specs = {
      {.name = "dir", .kind = OptionSpec::Kind::kText, .metavar = "DIR", .required = true},
      {.name = "load", .kind = OptionSpec::Kind::kText, .metavar = "KIND", .fallback = "zipf"},
      count("rows", "10000000"),
      count("batch", "10000"),
      count("rounds", "3"),
      count("full-every", "8"),
      real("seconds", "20"),
      real("every", "2")};
  const auto values = ParseOptions(specs, arguments);
  Must(values.status());
  const std::string load = values->Text("load");
  if (load != "zipf" && load != "uniform") Must(InvalidArgument("--load: zipf or uniform"));
  return {.dir = values->Text("dir"),
          .rows = values->Count("rows"),
          .batch = std::min<uint64_t>(values->Count("batch"), 1'000'000),
          .rounds = values->Count("rounds"),
          .full_every = values->Count("full-every"),
          .seconds = values->Real("seconds"),
          .every = values->Real("every"),
          .zipf = load == "zipf"};
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  cairn::KeepFreedMemory();
  return cairn::Main(cairn::ParseSettings({argv + 1, argv + argc}));
}
