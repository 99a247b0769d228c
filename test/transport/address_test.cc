#include "transport/address.h"

#include <catch2/catch.hpp>

#include "wire/limits.h"

namespace cairn {
namespace {

TEST_CASE("addresses are read and written back") {
  for (const char* text : {"tcp://127.0.0.1:0", "tcp://[::1]:4100", "tcp://*:65535",
                           "tcp://node-7.cluster:80", "ipc:///run/cairn/s1"}) {
    const auto address = ParseAddress(text);
    REQUIRE(address.ok());
    CHECK(FormatAddress(*address) == text);
  }
  const auto v6 = ParseAddress("tcp://[fe80::1%eth0]:9");
  REQUIRE(v6.ok());
  CHECK(v6->ipv6);
  CHECK(v6->host == "fe80::1%eth0");
  CHECK(v6->port == 9);
}

TEST_CASE("what is no address is refused") {
  for (const std::string& text :
       {std::string(), std::string("tcp://"), std::string("tcp://host"), std::string("tcp://:80"),
        std::string("tcp://host:"), std::string("tcp://host:65536"), std::string("tcp://host:8x"),
        std::string("tcp://::1:80"), std::string("tcp://[::1:80"), std::string("tcp://[no]:80"),
        std::string("ipc://"), std::string("inproc://a"), std::string("http://host:80"),
        std::string("tcp://ho st:80"), std::string("tcp://h\0st:80", 13),
        "ipc:///" + std::string(limits::kAddressBytesMax, 'a')}) {
    INFO(text);
    CHECK(ParseAddress(text).status().code() == absl::StatusCode::kInvalidArgument);
  }
}

TEST_CASE("local is what no other machine can reach") {
  for (const char* text : {"tcp://127.0.0.1:1", "tcp://127.9.9.9:1", "tcp://[::1]:1",
                           "tcp://localhost:1", "ipc://socket"}) {
    INFO(text);
    CHECK(IsLocal(*ParseAddress(text)));
  }
  for (const char* text : {"tcp://0.0.0.0:1", "tcp://*:1", "tcp://[::]:1", "tcp://10.0.0.1:1",
                           "tcp://127.0.0.1.example.com:1", "tcp://[::ffff:127.0.0.1]:1"}) {
    INFO(text);
    CHECK_FALSE(IsLocal(*ParseAddress(text)));
  }
}

TEST_CASE("a wildcard is recognised") {
  CHECK(IsWildcard(*ParseAddress("tcp://0.0.0.0:1")));
  CHECK(IsWildcard(*ParseAddress("tcp://*:1")));
  CHECK(IsWildcard(*ParseAddress("tcp://[::]:1")));
  CHECK_FALSE(IsWildcard(*ParseAddress("tcp://[::1]:1")));
  CHECK_FALSE(IsWildcard(*ParseAddress("ipc://0.0.0.0")));
}

}  // namespace
}  // namespace cairn
