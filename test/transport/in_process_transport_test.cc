// What InProcessTransport promises beyond the contract (transport_test.cc).
#include "transport/in_process_transport.h"

#include <catch2/catch.hpp>

#include "transport/inbox.h"

namespace cairn {
namespace {

MessagePtr AnyMessage() {
  return std::make_shared<Message>(Message{{{1, 1}, {2, 2}, 3, 4}, Heartbeat{}});
}

TEST_CASE("messages are handed over by pointer, on the sender's thread") {
  InProcessNetwork network;
  MessagePtr got;
  const auto alice = network.Open([](MessagePtr) {});
  const auto bob = network.Open([&](MessagePtr message) { got = std::move(message); });
  const MessagePtr sent = AnyMessage();
  alice->Send(bob->address(), sent);
  CHECK(got == sent);
  CHECK(alice->Stats().bytes_sent == 0);
}

TEST_CASE("networks in one process do not see each other") {
  InProcessNetwork here, there;
  Inbox to_bob;
  const auto alice = here.Open([](MessagePtr) {});
  const auto neighbour = here.Open([](MessagePtr) {});
  const auto first = there.Open([](MessagePtr) {});
  const auto bob = there.Open(to_bob.handler());
  CHECK(neighbour->address() == bob->address());  // Each network counts for itself.
  alice->Send(bob->address(), AnyMessage());
  CHECK(to_bob.size() == 0);
  CHECK(neighbour->Stats().messages_received == 1);
}

TEST_CASE("an endpoint outlives its network and forgets those that are gone") {
  auto network = std::make_unique<InProcessNetwork>();
  Inbox to_alice;
  const auto alice = network->Open(to_alice.handler());
  auto bob = network->Open([](MessagePtr) {});
  const std::string bobs_address = bob->address();
  bob->Send(alice->address(), AnyMessage());
  bob.reset();
  alice->Send(bobs_address, AnyMessage());
  alice->Reply({1, 1}, AnyMessage());
  CHECK(alice->Stats().messages_dropped == 2);
  const auto carol = network->Open([](MessagePtr) {});
  CHECK(carol->address() != bobs_address);
  network.reset();
  carol->Send(alice->address(), AnyMessage());
  CHECK(to_alice.size() == 2);
}

TEST_CASE("a handler may send from within") {
  InProcessNetwork network;
  Inbox to_alice;
  std::unique_ptr<Transport> bob;
  const auto alice = network.Open(to_alice.handler());
  bob = network.Open([&](MessagePtr message) { bob->Reply(message->header.from, message); });
  alice->Send(bob->address(), AnyMessage());
  CHECK(to_alice.size() == 1);
}

}  // namespace
}  // namespace cairn
