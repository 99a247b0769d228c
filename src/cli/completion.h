// Scripts that teach shells what can be typed, made from the option tables. Pure.
#pragma once

#include <span>
#include <string>

#include "cli/pages.h"

namespace cairn {

std::string BashCompletion(std::span<const Page> pages);
std::string ZshCompletion(std::span<const Page> pages);
std::string FishCompletion(std::span<const Page> pages);

}  // namespace cairn
