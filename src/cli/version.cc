#include "cli/version.h"

#ifndef CAIRN_VERSION
#error "the build defines CAIRN_VERSION"
#endif

namespace cairn {

std::string_view Version() { return CAIRN_VERSION; }

}  // namespace cairn
