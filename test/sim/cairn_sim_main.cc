// cairn_sim: runs clusters' lives by their seeds.
//
//   cairn_sim --seed N [--trace]                one life, told in full with --trace
//   cairn_sim --seed N --shrink                 what can be left out of a life that fails
//   cairn_sim --seeds COUNT [--first-seed N]    many; a table of what was reached at the end
//   cairn_sim --guards COUNT [--first-seed N]   each guard is switched off in so many lives of each
//                                               mode: how many of them a checker finds
//   ... [--mode asp|ssp|bsp]                    instead of the mode that each seed draws
//   ... [--harsh]                               servers and workers die all the time
//   ... [--without NAME,...]                    as --shrink names them
//   ... [--guard-off NAME]                      as --guards names them
//
// Exits with 0 if no guarantee was violated, 1 if one was, 2 if the options make no sense.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/numbers.h"
#include "base/status.h"
#include "sharding/consistency.h"
#include "sim/sim_guards.h"
#include "sim/sim_shrink.h"
#include "sim/sim_sweep.h"

namespace cairn::sim {
namespace {

struct Options {
  uint64_t first_seed = 1;
  uint64_t seeds = 0;   // 0: the one seed, in full.
  uint64_t guards = 0;  // Seeds for each.
  bool trace = false;
  bool shrink = false;
  bool harsh = false;
  std::optional<Consistency> mode;
  std::vector<std::string> without;
  const Guard* guard_off = nullptr;
};

bool SetMode(std::string_view name, std::optional<Consistency>* mode) {
  if (name == "asp") *mode = Consistency::kAsp;
  if (name == "ssp") *mode = Consistency::kSsp;
  if (name == "bsp") *mode = Consistency::kBsp;
  return mode->has_value();
}

bool SetNumber(std::string_view text, uint64_t* number) {
  const auto parsed = ParseU64(text);
  if (parsed.ok()) *number = *parsed;
  return parsed.ok();
}

bool SetWithout(std::string_view names, std::vector<std::string>* without) {
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    Scenario any = MakeScenario(1);
    if (!SimplifyBy(name, &any)) return false;
    without->emplace_back(name);
  }
  return true;
}

bool ParseOptions(int argc, char** argv, Options* options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    bool* const is_on = name == "--trace"    ? &options->trace
                        : name == "--harsh"  ? &options->harsh
                        : name == "--shrink" ? &options->shrink
                                             : nullptr;
    if (is_on != nullptr) {
      *is_on = true;
      continue;
    }
    if (i + 1 == argc) return false;
    const std::string_view value = argv[++i];
    if (name == "--guard-off") options->guard_off = FindGuard(value);
    const bool known = name == "--seed" || name == "--first-seed"
                           ? SetNumber(value, &options->first_seed)
                       : name == "--seeds"     ? SetNumber(value, &options->seeds)
                       : name == "--guards"    ? SetNumber(value, &options->guards)
                       : name == "--mode"      ? SetMode(value, &options->mode)
                       : name == "--without"   ? SetWithout(value, &options->without)
                       : name == "--guard-off" ? options->guard_off != nullptr
                                               : false;
    if (!known) return false;
  }
  return true;
}

Scenario ScenarioOf(const Options& options, uint64_t seed) {
  Scenario scenario = MakeScenario(seed, options.mode);
  if (options.harsh) MakeHarsh(&scenario);
  if (options.guard_off != nullptr) {
    options.guard_off->off(&scenario);
    BeImpatient(&scenario);
  }
  for (const std::string& name : options.without) SimplifyBy(name, &scenario);
  return scenario;
}

void PrintViolations(const SimResult& result) {
  for (const Violation& violation : result.violations) {
    std::printf("seed %llu: %s: %s\n", static_cast<unsigned long long>(result.seed),
                violation.what.c_str(), violation.text.c_str());
  }
}

void PrintProbes(const ProbeCounts& probes) {
  for (size_t i = 0; i < kProbeCount; ++i) {
    std::printf("%24s %llu\n", std::string(kProbeNames[i]).c_str(),
                static_cast<unsigned long long>(probes.counts[i]));
  }
}

int RunOneSeed(const Options& options) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(options.first_seed));
  std::fflush(stdout);  // Whatever happens next, this is known.
  const SimResult result = RunScenario(ScenarioOf(options, options.first_seed),
                                       options.trace ? Trace::kText : Trace::kHash);
  std::fputs(result.trace.c_str(), stdout);
  PrintProbes(result.probes);
  PrintViolations(result);
  std::printf("seed %llu: %llu events, %lld ms, trace %016llx, %zu violations\n",
              static_cast<unsigned long long>(result.seed),
              static_cast<unsigned long long>(result.events),
              static_cast<long long>(result.ended_at / kMicrosPerMilli),
              static_cast<unsigned long long>(result.trace_hash), result.violations.size());
  return result.violations.empty() ? 0 : 1;
}

// What kind of violation it is: its guarantee, and the words before the first number.
std::string KindOf(const Violation& violation) {
  return violation.what + ' ' +
         violation.text.substr(0, violation.text.find_first_of("0123456789"));
}

// Keeps the first violation's kind.
int ShrinkOneSeed(const Options& options) {
  const Scenario scenario = ScenarioOf(options, options.first_seed);
  const SimResult whole = RunScenario(scenario);
  if (whole.violations.empty()) {
    std::printf("seed %llu: no violation\n", static_cast<unsigned long long>(options.first_seed));
    return 0;
  }
  const std::string kind = KindOf(whole.violations.front());
  const Shrunk shrunk = Shrink(scenario, whole.mishaps, [&kind](const Scenario& simpler) {
    const std::vector<Violation> violations = RunScenario(simpler).violations;
    return std::any_of(violations.begin(), violations.end(),
                       [&kind](const Violation& violation) { return KindOf(violation) == kind; });
  });
  Options smaller = options;
  std::string names;
  for (const std::string& name : options.without) names += name + ',';
  for (const std::string& name : shrunk.without) {
    smaller.without.push_back(name);
    names += name + ',';
  }
  const SimResult small = RunScenario(ScenarioOf(smaller, options.first_seed));
  PrintViolations(small);
  if (!names.empty()) names.pop_back();
  std::printf(
      "seed %llu: %llu events of %llu, after %u runs; the rest of the options and\n"
      "  --seed %llu --trace --without %s\n",
      static_cast<unsigned long long>(options.first_seed),
      static_cast<unsigned long long>(small.events), static_cast<unsigned long long>(whole.events),
      shrunk.runs, static_cast<unsigned long long>(options.first_seed), names.c_str());
  return 1;
}

// A check that fails, or an exception, ends the program: which seed it was is all that is asked.
void SayWhoAborts(int signal) {
  std::fprintf(stderr, "aborted: --seed %llu, with the same options, does it again\n",
               static_cast<unsigned long long>(SeedUnderWay()));
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

SweepResult Sweep(const Options& options, uint64_t seeds, double replays) {
  std::signal(SIGABRT, SayWhoAborts);
  SweepOptions sweep;
  sweep.first_seed = options.first_seed;
  sweep.seeds = seeds;
  sweep.replays = replays;
  sweep.threads = std::max(1u, std::thread::hardware_concurrency());
  sweep.make_scenario = [&](uint64_t seed) { return ScenarioOf(options, seed); };
  return RunSweep(sweep);
}

int RunManySeeds(const Options& options) {
  std::printf("seeds %llu .. %llu\n", static_cast<unsigned long long>(options.first_seed),
              static_cast<unsigned long long>(options.first_seed + options.seeds - 1));
  std::fflush(stdout);
  const SweepResult result = Sweep(options, options.seeds, SweepOptions{}.replays);
  PrintProbes(result.probes);
  for (const SimResult& failure : result.failures) PrintViolations(failure);
  std::printf("%llu seeds (%llu replayed), %llu events (at least %llu), %llu seeds failed\n",
              static_cast<unsigned long long>(result.seeds),
              static_cast<unsigned long long>(result.replays),
              static_cast<unsigned long long>(result.events),
              static_cast<unsigned long long>(result.least_events),
              static_cast<unsigned long long>(result.failed.size()));
  return result.failed.empty() ? 0 : 1;
}

// How many seeds it takes, from one that fails to the next.
uint64_t MedianGap(uint64_t first, const std::vector<uint64_t>& failed) {
  std::vector<uint64_t> gaps;
  uint64_t before = first - 1;
  for (const uint64_t seed : failed) gaps.push_back(seed - std::exchange(before, seed));
  if (gaps.empty()) return 0;
  const auto middle = gaps.begin() + static_cast<ptrdiff_t>(gaps.size() / 2);
  std::nth_element(gaps.begin(), middle, gaps.end());
  return *middle;
}

int RunGuards(const Options& options) {
  std::printf("%12s  %4s  %s of %llu seeds, median until one is\n", "guard off", "mode", "found in",
              static_cast<unsigned long long>(options.guards));
  bool all = true;
  for (const Guard& guard : Guards()) {
    bool found = false;
    for (const Consistency mode : {Consistency::kAsp, Consistency::kSsp, Consistency::kBsp}) {
      if (options.mode.value_or(mode) != mode) continue;
      Options off = options;
      off.mode = mode;
      off.guard_off = &guard;
      off.harsh = options.harsh || guard.is_rare;
      const SweepResult result = Sweep(off, options.guards, 0);
      const uint64_t median = MedianGap(options.first_seed, result.failed);
      std::printf("%12s  %4s  %6zu  %6s\n", std::string(guard.name).c_str(),
                  FormatConsistency({mode, 0}).substr(0, 3).c_str(), result.failed.size(),
                  median == 0 ? "never" : std::to_string(median).c_str());
      std::fflush(stdout);
      found = found || !result.failed.empty();
    }
    all = all && found;
  }
  return all ? 0 : 1;
}

int Main(int argc, char** argv) {
  Options options;
  if (!ParseOptions(argc, argv, &options)) {
    std::fputs(
        "usage: cairn_sim (--seed N [--trace | --shrink] |\n"
        "                  --seeds COUNT [--first-seed N] | --guards COUNT [--first-seed N])\n"
        "                 [--mode asp|ssp|bsp] [--harsh] [--without NAME,...] [--guard-off NAME]\n",
        stderr);
    return 2;
  }
  if (options.guards > 0) return RunGuards(options);
  if (options.seeds > 0) return RunManySeeds(options);
  return options.shrink ? ShrinkOneSeed(options) : RunOneSeed(options);
}

}  // namespace
}  // namespace cairn::sim

int main(int argc, char** argv) { return cairn::sim::Main(argc, argv); }
