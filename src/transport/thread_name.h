// The name of a thread, as debuggers and top show it.
#pragma once

#include <pthread.h>

#include <string>

namespace cairn {

// Linux keeps 15 bytes; longer names are cut.
inline void NameThisThread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

}  // namespace cairn
