// What `cairn inspect` prints: for people, and as JSON for programs. Pure.
#pragma once

#include <string>
#include <vector>

#include "cairn/inspect.h"

namespace cairn {

std::string ModelReportAsText(const ModelReport& report);
std::string ModelReportAsJson(const ModelReport& report);

// `key` is what was looked for.
std::string KeyReportsAsText(Key key, const std::vector<KeyReport>& reports);
std::string KeyReportsAsJson(Key key, const std::vector<KeyReport>& reports);

}  // namespace cairn
