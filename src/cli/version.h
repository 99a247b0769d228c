// Which Cairn this is.
#pragma once

#include <string_view>

namespace cairn {

std::string_view Version();  // "0.1.0", as the build says.

}  // namespace cairn
