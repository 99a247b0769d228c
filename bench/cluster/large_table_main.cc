// How a server process fares with very many rows: memory and time while a client pushes them, and
// whether a sample of them, read back, is what was pushed.
//
// Usage: large_table [--rows N] [--batch N] [--sample N]
//   --rows    features of a logistic regression with FTRL, 10,000,000 by default; 20 bytes each
//   --batch   keys of a push, 100,000 by default
//   --sample  rows that are read back and compared, 1,000,000 by default
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <fstream>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/option_parser.h"
#include "cairn/memory.h"
#include "kernels/update_rules.h"
#include "server_process.h"

namespace cairn {
namespace {

constexpr size_t kInFlight = 4;
constexpr int kReports = 10;

struct Settings {
  uint64_t rows = 0;
  uint64_t batch = 0;
  uint64_t sample = 0;
};

TableSpec WeightsTable() {
  TableSpec table;
  table.name.assign("weights");
  table.parts[0].optimizer.name.assign("ftrl");
  return table;
}

// Numbers 0, 1, ... as keys all over their range.
Key KeyOf(uint64_t number) { return Mix64(number ^ 0x5EED); }

float GradientOf(Key key) {
  return static_cast<float>(static_cast<int64_t>(key >> 40) - (1 << 23)) * 0x1p-20f + 0.01f;
}

// What FTRL makes of it in one step.
float WeightAfter(float gradient) {
  const OptimizerSpec& optimizer = WeightsTable().parts[0].optimizer;
  const FtrlRule rule{optimizer.learning_rate, optimizer.beta, optimizer.l1};
  float w = 0, z = 0, n = 0;
  rule.Update(gradient, optimizer.learning_rate, &w, &z, &n);
  return w;
}

// A line of /proc/<pid>/status, in bytes: "VmRSS", now, or "VmHWM", at most.
double MemoryOf(const Peer& server, const std::string& name) {
  std::ifstream status("/proc/" + std::to_string(server.pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(name + ":", 0) == 0) return std::stod(line.substr(name.size() + 1)) * 1024;
  }
  return 0;
}

void Push(const Settings& settings, Client* client, const Peer& server) {
  const Table table = client->FindTable("weights").value();
  std::vector<Key> keys;
  std::vector<float> gradients;
  std::deque<Pending> under_way;
  double begin = WallSeconds(), cpu = server.CpuNanos(), slowest = 0;
  uint64_t reported = 0;
  for (uint64_t first = 0; first < settings.rows; first += settings.batch) {
    keys.clear();
    gradients.clear();
    for (uint64_t i = first; i < std::min(first + settings.batch, settings.rows); ++i) {
      keys.push_back(KeyOf(i));
      gradients.push_back(GradientOf(keys.back()));
    }
    const double before = WallSeconds();
    if (under_way.size() == kInFlight) {
      Must(under_way.front().Wait());
      under_way.pop_front();
    }
    under_way.push_back(client->Push(table, keys, gradients));
    slowest = std::max(slowest, WallSeconds() - before);
    const uint64_t done = first + keys.size();
    if (done - reported < settings.rows / kReports && done < settings.rows) continue;
    for (Pending& pending : under_way) Must(pending.Wait());
    under_way.clear();
    const double rss = MemoryOf(server, "VmRSS");
    std::printf("| %llu | %.2f | %.2f | %.3f | %.0f | %.2f | %.0f |\n",
                static_cast<unsigned long long>(done), rss / 0x1p30,
                rss / static_cast<double>(done), MemoryOf(server, "VmHWM") / rss,
                (server.CpuNanos() - cpu) / static_cast<double>(done - reported),
                static_cast<double>(done - reported) * 1e-6 / (WallSeconds() - begin),
                slowest * 1e3);
    std::fflush(stdout);
    reported = done;
    begin = WallSeconds();
    cpu = server.CpuNanos();
    slowest = 0;
  }
}

// False, and a word about it, if a row is not what it should be.
bool ReadBack(const Settings& settings, Client* client) {
  const Table table = client->FindTable("weights").value();
  const uint64_t sample = std::min(settings.sample, settings.rows);
  std::vector<Key> keys;
  uint64_t wrong = 0;
  for (uint64_t i = 0; i < sample; ++i) {
    keys.push_back(KeyOf(Mix64(i) % settings.rows));
    if (keys.size() < settings.batch && i + 1 < sample) continue;
    std::vector<float> rows(keys.size());
    Must(client->Read(table, keys, rows).Wait());
    for (size_t k = 0; k < keys.size(); ++k) wrong += rows[k] != WeightAfter(GradientOf(keys[k]));
    keys.clear();
  }
  std::printf("\n%llu rows read back, %llu of them wrong\n",
              static_cast<unsigned long long>(sample), static_cast<unsigned long long>(wrong));
  return wrong == 0;
}

Settings ParseSettings(const std::vector<std::string>& arguments) {
  const auto count = [](std::string name, std::string fallback) {
    return OptionSpec{.name = std::move(name),
                      .kind = OptionSpec::Kind::kCount,
                      .metavar = "N",
                      .fallback = std::move(fallback),
                      .counts = {.min = 1, .max = 100'000'000'000}};
  };
  const std::vector<OptionSpec> specs = {count("rows", "10000000"), count("batch", "100000"),
                                         count("sample", "1000000")};
  const auto values = ParseOptions(specs, arguments);
  Must(values.status());
  return {values->Count("rows"), std::min<uint64_t>(values->Count("batch"), 1'000'000),
          values->Count("sample")};
}

int Main(const Settings& settings) {
  const Peer server = StartServerProcess(WeightsTable());
  auto client = Join(server);
  std::printf(
      "| rows | GiB | bytes a row | peak / now | server CPU, ns a row | M rows/s | slowest push, "
      "ms |\n"
      "|---|---|---|---|---|---|---|\n");
  Push(settings, client.get(), server);
  const bool good = ReadBack(settings, client.get());
  client.reset();  // The server process ends.
  server.Wait();
  return good ? 0 : 1;
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  cairn::KeepFreedMemory();
  return cairn::Main(cairn::ParseSettings({argv + 1, argv + argc}));
}
