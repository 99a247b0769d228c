#include "transport/advertise.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/status.h"

namespace cairn {
namespace {

std::string Announced(const std::string& bound, const std::string& advertise) {
  const auto address = AnnouncedAddress(*ParseAddress(bound), advertise);
  return address.ok() ? FormatAddress(*address) : std::string(MessageOf(address.status()));
}

TEST_CASE("what the host's name stands for is announced, if it is one of this machine's") {
  CHECK(*ChooseHost({.of_host_name = {"10.0.0.9", "10.0.0.1"},
                     .of_interfaces = {"172.17.0.1", "10.0.0.1"}}) == "10.0.0.1");
  CHECK(*ChooseHost({.of_host_name = {}, .of_interfaces = {"10.0.0.1"}}) == "10.0.0.1");
  CHECK(*ChooseHost({.of_host_name = {"10.0.0.9"}, .of_interfaces = {"10.0.0.1"}}) == "10.0.0.1");
}

TEST_CASE("where nothing or too much could be announced, --advertise is asked for") {
  const absl::Status none = ChooseHost({}).status();
  CHECK(none.code() == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(std::string(MessageOf(none)), Catch::Contains("--advertise"));
  const absl::Status many =
      ChooseHost({.of_host_name = {}, .of_interfaces = {"10.0.0.1", "172.17.0.1"}}).status();
  CHECK(many.code() == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(std::string(MessageOf(many)),
             Catch::Contains("(10.0.0.1, 172.17.0.1)") && Catch::Contains("--advertise"));
}

TEST_CASE("an address of this machine is announced as it is, or as the user says") {
  CHECK(Announced("tcp://127.0.0.1:41", "") == "tcp://127.0.0.1:41");
  CHECK(Announced("ipc:///run/socket", "") == "ipc:///run/socket");
  CHECK(Announced("tcp://0.0.0.0:41", "tcp://node7:4100") == "tcp://node7:4100");
  CHECK(Announced("tcp://0.0.0.0:41", "tcp://node7:0") == "tcp://node7:41");
  CHECK(Announced("tcp://[::]:41", "tcp://[fd00::1]:0") == "tcp://[fd00::1]:41");
}

TEST_CASE("a wildcard is never announced") {
  CHECK_THAT(Announced("tcp://0.0.0.0:41", "tcp://0.0.0.0:41"), Catch::Contains("nobody can"));
  CHECK_THAT(Announced("tcp://0.0.0.0:41", "tcp://[::]:41"), Catch::Contains("nobody can"));
  CHECK_THAT(Announced("tcp://0.0.0.0:41", "node7"), Catch::Contains("address \"node7\""));
  CHECK_THAT(Announced("tcp://0.0.0.0:41", "ipc:///run/s"), Catch::Contains("another kind"));
  for (const bool ipv6 : {false, true}) {
    const HostAddresses found = FindHostAddresses(ipv6);
    const auto address =
        AnnouncedAddress(*ParseAddress(ipv6 ? "tcp://[::]:41" : "tcp://0.0.0.0:41"), "");
    REQUIRE(address.ok() == ChooseHost(found).ok());
    if (address.ok()) CHECK_FALSE((IsWildcard(*address) || IsLocal(*address)));
  }
}

}  // namespace
}  // namespace cairn
