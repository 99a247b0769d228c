// What a client does without a cluster; test/cluster has the rest.
#include "cairn/client.h"

#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <zmq.hpp>

#include "absl/time/time.h"
#include "base/status.h"
#include "wire/version_notice.h"

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

TEST_CASE("Client: a coordinator of another release is told apart from one that is not there") {
  zmq::context_t context;
  zmq::socket_t coordinator(context, zmq::socket_type::router);
  coordinator.set(zmq::sockopt::linger, 0);
  coordinator.set(zmq::sockopt::rcvtimeo, 60'000);
  coordinator.bind("tcp://127.0.0.1:*");
  const std::string address = coordinator.get(zmq::sockopt::last_endpoint);
  std::thread other_release([&] {
    zmq::message_t id, frame;
    if (!coordinator.recv(id).has_value() || !coordinator.recv(frame).has_value()) return;
    coordinator.send(id, zmq::send_flags::sndmore);
    coordinator.send(zmq::buffer(WriteVersionNotice({3, 0})), zmq::send_flags::none);
  });
  Client::Options options;
  options.coordinator = address;
  const absl::Status status = Client::Join(options).status();
  other_release.join();
  CHECK(MessageOf(status) == "the coordinator at " + address +
                                 " speaks protocol version 3.0, this process 2.0: use programs of "
                                 "one release");
}

TEST_CASE("Client: an address that is none is refused at once") {
  const absl::Status status = JoinAt("localhost:4100");
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK_THAT(std::string(MessageOf(status)),
             Catch::Contains("coordinator: ") && Catch::Contains("localhost:4100"));
}

}  // namespace
}  // namespace cairn
