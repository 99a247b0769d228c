// The pages of doc/ that are made from the option tables; a test compares. Pure.
#pragma once

#include <span>
#include <string>

#include "cli/pages.h"

namespace cairn {

// doc/cli.md.
std::string CliAsMarkdown(std::span<const Page> pages);
// doc/config.md: where options can be set besides the command line, and under which names.
std::string ConfigAsMarkdown(std::span<const Page> pages);

}  // namespace cairn
