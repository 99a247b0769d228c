// Addresses, as peers announce them.
#include <string_view>

#include "base/check.h"
#include "fuzz/fuzz_target.h"
#include "transport/address.h"

namespace cairn {
namespace {

std::vector<FuzzTarget::Bytes> SampleAddresses() {
  std::vector<FuzzTarget::Bytes> seeds;
  for (const std::string_view text :
       {"tcp://127.0.0.1:4100", "tcp://[::1]:0", "tcp://*:65535", "ipc:///run/cairn/s1"}) {
    seeds.emplace_back(text.begin(), text.end());
  }
  return seeds;
}

int AddressFuzz(const uint8_t* data, size_t size) {
  const auto address = ParseAddress({reinterpret_cast<const char*>(data), size});
  if (!address.ok()) return -1;
  const auto again = ParseAddress(FormatAddress(*address));
  CAIRN_CHECK(again.ok() && again->host == address->host && again->port == address->port);
  CAIRN_CHECK(!(IsLocal(*address) && IsWildcard(*address)));
  return 0;
}

}  // namespace

FuzzTarget AddressTarget() {
  return {.name = "address", .run = AddressFuzz, .seeds = SampleAddresses};
}

}  // namespace cairn
