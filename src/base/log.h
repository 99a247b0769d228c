// The log: LOG(INFO), LOG(WARNING), LOG(ERROR), LOG_EVERY_N and VLOG, to standard error. Only
// main() initialises it; a library never does. Include it from .cc files only: its CHECK macros
// collide with those of the test framework, and CAIRN_CHECK is what we use anyway.
#pragma once

#include <glog/logging.h>
