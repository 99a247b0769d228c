// One message of every type, with every field set to something other than its default: for golden
// files, round trips, and as seeds of the fuzzer.
#pragma once

#include <string>
#include <vector>

#include "wire/message.h"

namespace cairn {

struct SampleMessage {
  std::string name;  // That of its golden file: test/wire/golden/<name>.bin.
  Message message;
};

// Always the same messages in the same order.
std::vector<SampleMessage> SampleMessages();

}  // namespace cairn
