// What a client does without a cluster; test/cluster has the rest.
#include "cairn/client.h"

#include <catch2/catch.hpp>

#include "absl/time/time.h"
#include "base/status.h"

namespace cairn {
namespace {

absl::Status JoinAt(const std::string& coordinator) {
  Client::Options options;
  options.coordinator = coordinator;
  options.join_timeout = absl::Milliseconds(100);
  return Client::Join(options).status();
}

TEST_CASE("Client: a coordinator that does not answer is named when the deadline passes") {
  const absl::Status alone = JoinAt("tcp://127.0.0.1:1");
  CHECK(alone.code() == absl::StatusCode::kDeadlineExceeded);
  CHECK(MessageOf(alone).find("tcp://127.0.0.1:1") != std::string_view::npos);
}

TEST_CASE("Client: an address that is none is refused at once") {
  const absl::Status status = JoinAt("localhost:4100");
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK_THAT(std::string(MessageOf(status)),
             Catch::Contains("coordinator: ") && Catch::Contains("localhost:4100"));
}

}  // namespace
}  // namespace cairn
