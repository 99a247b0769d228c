// Addresses as users and peers write them: "tcp://HOST:PORT", "tcp://[IPV6]:PORT", "ipc://PATH".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cairn {

struct Address {
  enum class Scheme { kTcp, kIpc };
  Scheme scheme = Scheme::kTcp;
  std::string host;   // kTcp; an IPv6 address without its brackets. kIpc: the path.
  uint16_t port = 0;  // kTcp.
  bool ipv6 = false;  // The host was written in brackets.
};

// kInvalidArgument quotes what is wrong. Checks the form only: no name is looked up.
absl::StatusOr<Address> ParseAddress(std::string_view text);

// "tcp://[::1]:4100"
std::string FormatAddress(const Address& address);

// Only processes of this machine can reach it: ipc, 127.0.0.0/8, ::1 or "localhost".
bool IsLocal(const Address& address);

// Listens on every interface: 0.0.0.0, :: or *.
bool IsWildcard(const Address& address);

}  // namespace cairn
