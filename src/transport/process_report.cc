#include "transport/process_report.h"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "wire/limits.h"

namespace cairn {
namespace {

// The second number of this file is the resident set in pages; see proc(5).
uint64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

uint64_t Millis(const timeval& time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000 + static_cast<uint64_t>(time.tv_usec) / 1'000;
}

}  // namespace

std::string HostName() {
  std::array<char, limits::kAddressBytesMax> name = {};
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

ProcessUsage UsageOf(const Transport& transport) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const TransportStats stats = transport.Stats();
  return {ResidentBytes(), Millis(usage.ru_utime) + Millis(usage.ru_stime), stats.bytes_sent,
          stats.bytes_received, stats.frames_refused};
}

void DescribeProcess(const Transport* transport, MemberCore::Options* options) {
  options->host = HostName();
  options->pid = static_cast<uint32_t>(getpid());
  options->usage = [transport] { return UsageOf(*transport); };
}

}  // namespace cairn
