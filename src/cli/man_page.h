// Manual pages, made from the option tables. Pure.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/pages.h"

namespace cairn {

// Of each page, and of cairn itself, the file's name ("cairn-data-gen.1") and its text (man(7)).
std::vector<std::pair<std::string, std::string>> ManPages(std::span<const Page> pages);

}  // namespace cairn
