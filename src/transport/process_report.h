// What a member tells of its own process: where it runs, and what it has used. Thread-safe.
#pragma once

#include <string>

#include "transport/member_core.h"
#include "transport/transport.h"

namespace cairn {

// The name of this machine, at most limits::kAddressBytesMax long.
std::string HostName();

// Memory and processor time of this process so far, and the traffic of `transport`.
ProcessUsage UsageOf(const Transport& transport);

// Fills in host, pid and usage. `transport` must outlive the member.
void DescribeProcess(const Transport* transport, MemberCore::Options* options);

}  // namespace cairn
