#include "transport/process_report.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "transport/in_process_transport.h"

namespace cairn {
namespace {

// Counts as if it had sent over a wire.
class CountingTransport final : public Transport {
 public:
  const std::string& address() const override { return address_; }
  void Send(const std::string&, MessagePtr) override {}
  void Reply(const ProcessId&, MessagePtr) override {}
  bool Run(std::function<void()>) override { return false; }
  void Disconnect(const std::string&) override {}
  TransportStats Stats() const override {
    TransportStats stats;
    stats.bytes_sent = 11;
    stats.bytes_received = 12;
    stats.frames_refused = 13;
    return stats;
  }

 private:
  const std::string address_;
};

TEST_CASE("ProcessReport: memory, processor time and traffic of this process") {
  const CountingTransport transport;
  MemberCore::Options options;
  DescribeProcess(&transport, &options);
  CHECK(options.host == HostName());
  CHECK_FALSE(options.host.empty());
  CHECK(options.pid == static_cast<uint32_t>(getpid()));
  const ProcessUsage usage = options.usage();
  CHECK(usage.bytes_sent == 11);
  CHECK(usage.bytes_received == 12);
  CHECK(usage.frames_refused == 13);
  CHECK(usage.rss_bytes > 1'000'000);
  CHECK(usage.rss_bytes % static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) == 0);
  volatile double sink = 0;
  while (UsageOf(transport).cpu_ms <= usage.cpu_ms) sink = sink + 1;  // Time that is used shows.
}

}  // namespace
}  // namespace cairn
