#include <catch2/catch.hpp>

#include "support/sample_messages.h"
#include "wire/codec.h"

namespace cairn {
namespace {

std::string Described(const std::string& name) {
  for (const SampleMessage& sample : SampleMessages()) {
    if (sample.name == name) return DescribeMessage(sample.message);
  }
  return "no such sample";
}

TEST_CASE("messages describe themselves in one stable line") {
  CHECK(Described("hello") ==
        "hello new#abcdef0123456789 -> 0#0 request 1 map 0: server address "
        "\"tcp://10.0.0.1:4100\" kernels \"avx2\" host \"node-7\" pid 4711 of job "
        "123456789abcdef wants \"flights\"");
  CHECK(Described("grants") ==
        "grants 0#c0 -> 5#abcdef0123456789 request 3 map 18: index 21 rollback 5 "
        "[7.2 100..164/300, 8.1 0..0/20] alone to 7:116 without 7:103");
  CHECK(Described("push") ==
        "push 5#abcdef0123456789 -> 1#1111 request 18446744069414584321 map 17: stream 7.2 step "
        "101 epoch 1 rows 1000 ids 6 [p0 term 2 prev start, p2 term 4 prev 100 fragment 1 of 3]");
  CHECK(Described("push_reply") ==
        "push_reply 1#1111 -> 5#abcdef0123456789 request 18446744069414584321 map 16: stream 7.2 "
        "step 101 [p0 gap 99, p2 need_ids] error \"steps are missing\"");
}

TEST_CASE("every message has a line that begins with its name") {
  for (const SampleMessage& sample : SampleMessages()) {
    const std::string line = DescribeMessage(sample.message);
    CHECK(line.starts_with(sample.name + " "));
    CHECK(line.find('\n') == std::string::npos);
  }
}

}  // namespace
}  // namespace cairn
