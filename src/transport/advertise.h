// What a process tells others to connect to, which need not be what it listens on.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "transport/address.h"

namespace cairn {

// Numeric addresses by which others may reach this machine: no loopback, no link-local ones.
struct HostAddresses {
  std::vector<std::string> of_host_name;   // What the machine's own name stands for.
  std::vector<std::string> of_interfaces;  // Of the interfaces that are up, in the kernel's order.
};

// Looks the host's name up, which may ask the network.
HostAddresses FindHostAddresses(bool ipv6);

// The one to announce: what the host's name stands for, if an interface has it, else the only one
// that there is. kFailedPrecondition asks for --advertise, with the choice if there is one. Pure.
absl::StatusOr<std::string> ChooseHost(const HostAddresses& addresses);

// `advertise`, with the port of `bound` if its own is 0; if it is empty, `bound`, with a host of
// this machine in place of a wildcard. Never a wildcard. kInvalidArgument, kFailedPrecondition.
absl::StatusOr<Address> AnnouncedAddress(const Address& bound, const std::string& advertise);

}  // namespace cairn
