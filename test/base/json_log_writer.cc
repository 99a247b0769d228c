// Logs for json_log_test.cc: the log's macros and those of the test framework exclude one another.
#include <string>

#include "base/log.h"

namespace cairn {

void StartLogForJsonLogTest() {
  if (!google::IsGoogleLoggingInitialized()) google::InitGoogleLogging("base_test");
  FLAGS_logtostderr = true;
}

void LogForJsonLogTest(const std::string& text) { LOG(WARNING) << text; }

}  // namespace cairn
