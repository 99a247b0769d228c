#include "transport/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>

#include "base/status.h"
#include "wire/limits.h"

namespace cairn {
namespace {

constexpr std::string_view kTcp = "tcp://";
constexpr std::string_view kIpc = "ipc://";

absl::Status Malformed(std::string_view text, std::string_view why) {
  return InvalidArgument("address \"", text.substr(0, limits::kAddressBytesMax), "\": ", why,
                         "; write tcp://HOST:PORT, tcp://[IPV6]:PORT or ipc://PATH");
}

// Printable ASCII without spaces and quotes: what comes from a peer ends up in logs.
bool IsPlain(std::string_view text) {
  for (const char c : text) {
    if (c <= ' ' || c > '~' || c == '"') return false;
  }
  return true;
}

absl::Status ParseHost(std::string_view text, std::string_view host, Address* address) {
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    address->ipv6 = true;
  } else if (host.find_first_of("[]:") != host.npos) {
    return Malformed(text, "an IPv6 address is written in brackets");
  }
  if (host.empty()) return Malformed(text, "there is no host");
  address->host = host;
  in6_addr ignored;
  // A scope ("fe80::1%eth0") is ZeroMQ's and the kernel's business.
  const std::string numeric = address->host.substr(0, address->host.find('%'));
  if (address->ipv6 && inet_pton(AF_INET6, numeric.c_str(), &ignored) != 1) {
    return Malformed(text, "what stands in brackets is no IPv6 address");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Address> ParseAddress(std::string_view text) {
  if (text.size() > limits::kAddressBytesMax) return Malformed(text, "it is too long");
  if (!IsPlain(text)) return InvalidArgument("an address with unprintable characters or spaces");
  Address address;
  if (text.starts_with(kIpc)) {
    address.scheme = Address::Scheme::kIpc;
    address.host = text.substr(kIpc.size());
    if (address.host.empty()) return Malformed(text, "there is no path");
    return address;
  }
  if (!text.starts_with(kTcp)) return Malformed(text, "it begins with neither tcp:// nor ipc://");
  const std::string_view rest = text.substr(kTcp.size());
  const size_t colon = rest.rfind(':');
  if (colon == rest.npos) return Malformed(text, "there is no port");
  const std::string_view port = rest.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (port.empty() || error != std::errc() || end != port.data() + port.size()) {
    return Malformed(text, "the port is not a number from 0 to 65535");
  }
  CAIRN_RETURN_IF_ERROR(ParseHost(text, rest.substr(0, colon), &address));
  return address;
}

std::string FormatAddress(const Address& address) {
  if (address.scheme == Address::Scheme::kIpc) return Concat(kIpc, address.host);
  if (address.ipv6) return Concat(kTcp, '[', address.host, "]:", address.port);
  return Concat(kTcp, address.host, ':', address.port);
}

bool IsLocal(const Address& address) {
  if (address.scheme == Address::Scheme::kIpc || address.host == "localhost") return true;
  in6_addr v6;
  if (address.ipv6) {
    return inet_pton(AF_INET6, address.host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
  }
  in_addr v4;
  return inet_pton(AF_INET, address.host.c_str(), &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

bool IsWildcard(const Address& address) {
  if (address.scheme == Address::Scheme::kIpc) return false;
  in6_addr v6;
  if (address.ipv6) {
    return inet_pton(AF_INET6, address.host.c_str(), &v6) == 1 && IN6_IS_ADDR_UNSPECIFIED(&v6);
  }
  return address.host == "*" || address.host == "0.0.0.0";
}

}  // namespace cairn
