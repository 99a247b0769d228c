#include "transport/advertise.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "base/status.h"

namespace cairn {
namespace {

constexpr size_t kHostNameBytesMax = 256;

// The address as text; "" for one that means nothing to other machines.
std::string TextOf(const sockaddr* address, bool ipv6) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address == nullptr || address->sa_family != (ipv6 ? AF_INET6 : AF_INET)) return "";
  if (ipv6) {
    const in6_addr& v6 = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    if (IN6_IS_ADDR_LINKLOCAL(&v6) || IN6_IS_ADDR_LOOPBACK(&v6)) return "";
    return inet_ntop(AF_INET6, &v6, text, sizeof text);
  }
  const in_addr& v4 = reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
  if (ntohl(v4.s_addr) >> 24 == 127) return "";
  return inet_ntop(AF_INET, &v4, text, sizeof text);
}

void AddNew(const std::string& text, std::vector<std::string>* list) {
  if (text.empty() || std::find(list->begin(), list->end(), text) != list->end()) return;
  list->push_back(text);
}

std::string Joined(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& entry : list) text += (text.empty() ? "" : ", ") + entry;
  return text;
}

}  // namespace

HostAddresses FindHostAddresses(bool ipv6) {
  HostAddresses addresses;
  char name[kHostNameBytesMax] = "";
  addrinfo hints = {};
  hints.ai_family = ipv6 ? AF_INET6 : AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (gethostname(name, sizeof name - 1) == 0 && getaddrinfo(name, nullptr, &hints, &found) == 0) {
    for (const addrinfo* i = found; i != nullptr; i = i->ai_next) {
      AddNew(TextOf(i->ai_addr, ipv6), &addresses.of_host_name);
    }
    freeaddrinfo(found);
  }
  ifaddrs* interfaces = nullptr;
  if (getifaddrs(&interfaces) != 0) return addresses;
  for (const ifaddrs* i = interfaces; i != nullptr; i = i->ifa_next) {
    if ((i->ifa_flags & IFF_UP) == 0 || (i->ifa_flags & IFF_LOOPBACK) != 0) continue;
    AddNew(TextOf(i->ifa_addr, ipv6), &addresses.of_interfaces);
  }
  freeifaddrs(interfaces);
  return addresses;
}

absl::StatusOr<std::string> ChooseHost(const HostAddresses& addresses) {
  const std::vector<std::string>& own = addresses.of_interfaces;
  for (const std::string& host : addresses.of_host_name) {
    if (std::find(own.begin(), own.end(), host) != own.end()) return host;
  }
  if (own.size() == 1) return own[0];
  if (own.empty()) {
    return FailedPrecondition(
        "this machine has no address that others could be told to connect to: listen on a "
        "loopback address, or say --advertise tcp://HOST:PORT");
  }
  return FailedPrecondition("this machine has several addresses (", Joined(own),
                            "): say with --advertise tcp://HOST:PORT which one others shall use");
}

absl::StatusOr<Address> AnnouncedAddress(const Address& bound, const std::string& advertise) {
  if (!advertise.empty()) {
    CAIRN_ASSIGN_OR_RETURN(Address announced, ParseAddress(advertise));
    if (IsWildcard(announced)) {
      return InvalidArgument("--advertise ", advertise,
                             ": nobody can connect to that; name this machine as others know it");
    }
    if (announced.scheme != bound.scheme) {
      return InvalidArgument("--advertise ", advertise, " is of another kind than ",
                             FormatAddress(bound), ", which is listened on");
    }
    if (announced.port == 0) announced.port = bound.port;
    return announced;
  }
  Address announced = bound;
  if (IsWildcard(bound)) {
    CAIRN_ASSIGN_OR_RETURN(announced.host, ChooseHost(FindHostAddresses(bound.ipv6)));
  }
  return announced;
}

}  // namespace cairn
