// A piece of work and its limit, measured in turn: what else the machine does meets both alike.
#pragma once

#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace cairn {

// ns of one call.
struct InTurn {
  double work = 0;
  double limit = 0;

  double of_limit() const { return limit / work; }
};

// CPU time of this thread: one that has to wait for others still measures itself.
inline double ThreadNanoseconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

template <typename Call>
double NanosecondsOf(const Call& call) {
  const double start = ThreadNanoseconds();
  call();
  benchmark::ClobberMemory();
  return ThreadNanoseconds() - start;
}

// Medians of several rounds.
template <typename Work, typename Limit>
InTurn MeasureInTurn(const Work& work, const Limit& limit) {
  constexpr size_t kRounds = 21;
  work();
  std::array<double, kRounds> works, limits;
  for (size_t round = 0; round < kRounds; ++round) {
    limits[round] = NanosecondsOf(limit);
    works[round] = NanosecondsOf(work);
  }
  const auto median = [](std::array<double, kRounds>& times) {
    std::nth_element(times.begin(), times.begin() + kRounds / 2, times.end());
    return times[kRounds / 2];
  };
  return {median(works), median(limits)};
}

}  // namespace cairn
