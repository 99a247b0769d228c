#include "sim/sim_sweep.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "base/hash.h"

namespace cairn::sim {
namespace {

constexpr size_t kFailuresKept = 10;

thread_local uint64_t seed_under_way = 0;

SimResult RunOne(const SweepOptions& options, uint64_t seed, bool replay) {
  seed_under_way = seed;
  SimResult result = RunScenario(options.make_scenario(seed));
  if (!replay) return result;
  const SimResult again = RunScenario(options.make_scenario(seed));
  if (again.trace_hash != result.trace_hash || again.events != result.events ||
      again.probes != result.probes) {
    result.violations.push_back({"replay", "a second run of the seed took another course"});
  }
  return result;
}

void Add(SimResult result, SweepResult* sweep) {
  sweep->least_events =
      sweep->seeds == 0 ? result.events : std::min(sweep->least_events, result.events);
  ++sweep->seeds;
  sweep->events += result.events;
  sweep->probes += result.probes;
  if (result.violations.empty()) return;
  sweep->failed.push_back(result.seed);
  sweep->failures.push_back(std::move(result));
  std::sort(sweep->failures.begin(), sweep->failures.end(),
            [](const SimResult& a, const SimResult& b) { return a.seed < b.seed; });
  if (sweep->failures.size() > kFailuresKept) sweep->failures.pop_back();
}

}  // namespace

uint64_t SeedUnderWay() { return seed_under_way; }

SweepResult RunSweep(const SweepOptions& options) {
  SweepResult sweep;
  std::mutex mutex;
  std::atomic<uint64_t> next = options.first_seed;
  const auto work = [&] {
    while (true) {
      const uint64_t seed = next.fetch_add(1);
      if (seed >= options.first_seed + options.seeds) return;
      const bool replay = UnitInterval(HashWords(seed, 5)) < options.replays;
      SimResult result = RunOne(options, seed, replay);
      const std::lock_guard lock(mutex);
      sweep.replays += replay ? 1 : 0;
      Add(std::move(result), &sweep);
    }
  };
  std::vector<std::thread> threads;
  for (uint32_t i = 1; i < options.threads; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  std::sort(sweep.failed.begin(), sweep.failed.end());
  return sweep;
}

}  // namespace cairn::sim
