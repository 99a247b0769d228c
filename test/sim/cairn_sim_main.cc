// cairn_sim: runs clusters' lives by their seeds.
//
//   cairn_sim --seed N [--trace]                     one life, told in full with --trace
//   cairn_sim --seeds COUNT [--first-seed N]         many; a table of what was reached at the end
//   ... [--mode asp|ssp|bsp]                         instead of the mode that each seed draws
//   ... [--harsh]                                    servers and workers die all the time
//   ... [--guard-off stamp|gap|undo|order|ids|stamps-kept|term|rollback]
//                                                    shows that a checker misses the guard
//
// Exits with 0 if no guarantee was violated, 1 if one was, 2 if the options make no sense.
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/numbers.h"
#include "base/status.h"
#include "sim/sim_sweep.h"

namespace cairn::sim {
namespace {

struct Options {
  uint64_t first_seed = 1;
  uint64_t seeds = 0;  // 0: the one seed, in full.
  bool trace = false;
  bool harsh = false;
  bool rollback_check = true;
  std::optional<Consistency> mode;
  ServerGuards guards;
};

bool SetGuard(std::string_view name, Options* options) {
  ServerGuards& guards = options->guards;
  const std::pair<std::string_view, bool*> known[] = {
      {"stamp", &guards.stamp_check}, {"gap", &guards.gap_check},
      {"undo", &guards.undo},         {"order", &guards.stream_order},
      {"ids", &guards.need_ids},      {"stamps-kept", &guards.stamps_kept},
      {"term", &guards.term_check},   {"rollback", &options->rollback_check}};
  for (const auto& [guard, is_on] : known) {
    if (guard != name) continue;
    *is_on = false;
    return true;
  }
  return false;
}

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

bool ParseOptions(int argc, char** argv, Options* options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--trace" || name == "--harsh") {
      (name == "--trace" ? options->trace : options->harsh) = true;
      continue;
    }
    if (i + 1 == argc) return false;
    const std::string_view value = argv[++i];
    const bool known = name == "--seed" || name == "--first-seed"
                           ? SetNumber(value, &options->first_seed)
                       : name == "--seeds"     ? SetNumber(value, &options->seeds)
                       : name == "--mode"      ? SetMode(value, &options->mode)
                       : name == "--guard-off" ? SetGuard(value, options)
                                               : false;
    if (!known) return false;
  }
  return true;
}

Scenario ScenarioOf(const Options& options, uint64_t seed) {
  Scenario scenario = MakeScenario(seed, options.mode);
  if (options.harsh) MakeHarsh(&scenario);
  scenario.guards = options.guards;
  scenario.rollback_check = options.rollback_check;
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

int RunManySeeds(const Options& options) {
  std::printf("seeds %llu .. %llu\n", static_cast<unsigned long long>(options.first_seed),
              static_cast<unsigned long long>(options.first_seed + options.seeds - 1));
  std::fflush(stdout);
  SweepOptions sweep;
  sweep.first_seed = options.first_seed;
  sweep.seeds = options.seeds;
  sweep.threads = std::max(1u, std::thread::hardware_concurrency());
  sweep.make_scenario = [&](uint64_t seed) { return ScenarioOf(options, seed); };
  const SweepResult result = RunSweep(sweep);
  PrintProbes(result.probes);
  for (const SimResult& failure : result.failures) PrintViolations(failure);
  std::printf("%llu seeds (%llu replayed), %llu events (at least %llu), %llu seeds failed\n",
              static_cast<unsigned long long>(result.seeds),
              static_cast<unsigned long long>(result.replays),
              static_cast<unsigned long long>(result.events),
              static_cast<unsigned long long>(result.least_events),
              static_cast<unsigned long long>(result.seeds_failed));
  return result.seeds_failed == 0 ? 0 : 1;
}

int Main(int argc, char** argv) {
  Options options;
  if (!ParseOptions(argc, argv, &options)) {
    std::fputs(
        "usage: cairn_sim (--seed N [--trace] | --seeds COUNT [--first-seed N])\n"
        "                 [--mode asp|ssp|bsp] [--harsh] [--guard-off GUARD]\n",
        stderr);
    return 2;
  }
  return options.seeds == 0 ? RunOneSeed(options) : RunManySeeds(options);
}

}  // namespace
}  // namespace cairn::sim

int main(int argc, char** argv) { return cairn::sim::Main(argc, argv); }
