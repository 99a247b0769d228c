// The contract of Transport, held against every implementation.
#include "transport/transport.h"

#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <thread>

#include "base/status.h"
#include "transport/in_process_transport.h"
#include "transport/inbox.h"
#include "transport/zmq_transport.h"

namespace cairn {
namespace {

const ProcessId kAlice{1, 0xA};
const ProcessId kBob{2, 0xB};

// Opens endpoints of one kind.
class Backend {
 public:
  explicit Backend(std::string kind) : kind_(std::move(kind)) {}

  std::unique_ptr<Transport> Open(MessageHandler handler) {
    if (kind_ == "in-process") return network_.Open(std::move(handler));
    ZmqOptions options;
    options.listen =
        kind_ == "ipc" ? Concat("ipc:///tmp/cairn-test-", getpid(), "-", ++opened_) : kind_ + ":0";
    return *MakeZmqTransport(options, std::move(handler));
  }

 private:
  const std::string kind_;
  InProcessNetwork network_;
  int opened_ = 0;
};

bool HasIpv6() {
  ZmqOptions options;
  options.listen = "tcp://[::1]:0";
  return MakeZmqTransport(options, [](MessagePtr) {}).ok();
}

std::vector<std::string> Kinds() {
  std::vector<std::string> kinds = {"in-process", "tcp://127.0.0.1", "ipc"};
  static const bool has_ipv6 = HasIpv6();
  if (has_ipv6) kinds.push_back("tcp://[::1]");
  return kinds;
}

MessagePtr Numbered(uint64_t number, const ProcessId& from = kAlice, const ProcessId& to = kBob) {
  return std::make_shared<Message>(
      Message{{from, to, number, 7}, Heartbeat{.map_index = number, .capacity = 3}});
}

MessagePtr Bulky(size_t floats) {
  auto values = std::make_shared<std::vector<float>>(floats, 0.5f);
  for (size_t i = 0; i < floats; i += 1'000) (*values)[i] = static_cast<float>(i);
  PullReply reply;
  reply.parts = {{3, PartCode::kOk, *values}};
  reply.storage = values;
  return std::make_shared<Message>(Message{{kAlice, kBob, 1, 0}, std::move(reply)});
}

TEST_CASE("messages arrive as they were sent, both ways") {
  Backend backend(GENERATE(from_range(Kinds())));
  Inbox to_alice, to_bob;
  const auto alice = backend.Open(to_alice.handler());
  const auto bob = backend.Open(to_bob.handler());
  CHECK(alice->address() != bob->address());

  alice->Send(bob->address(), Numbered(42));
  const auto at_bob = to_bob.WaitFor(1);
  REQUIRE(at_bob.size() == 1);
  CHECK(at_bob[0]->header == Header{kAlice, kBob, 42, 7});
  CHECK(*BodyAs<Heartbeat>(*at_bob[0]) == Heartbeat{.map_index = 42, .capacity = 3});

  bob->Send(alice->address(), Numbered(43, kBob, kAlice));
  REQUIRE(to_alice.WaitFor(1).size() == 1);
  CHECK(Eventually([&] { return alice->Stats().messages_sent == 1; }));
  CHECK(alice->Stats().messages_received == 1);
  CHECK(bob->Stats().messages_received == 1);
  CHECK(bob->Stats().messages_dropped == 0);
}

TEST_CASE("a reply finds the way that the request came, and so does the reply to it") {
  Backend backend(GENERATE(from_range(Kinds())));
  Inbox to_alice, to_bob;
  const auto alice = backend.Open(to_alice.handler());
  const auto bob = backend.Open(to_bob.handler());
  alice->Send(bob->address(), Numbered(1));
  REQUIRE(to_bob.WaitFor(1).size() == 1);
  bob->Reply(kAlice, Numbered(2, kBob, kAlice));
  REQUIRE(to_alice.WaitFor(1).size() == 1);
  alice->Reply(kBob, Numbered(3));
  const auto at_bob = to_bob.WaitFor(2);
  REQUIRE(at_bob.size() == 2);
  CHECK(at_bob[1]->header.request == 3);
}

TEST_CASE("ten thousand messages arrive in order") {
  constexpr uint64_t kCount = 10'000;
  Backend backend(GENERATE(from_range(Kinds())));
  Inbox to_bob;
  const auto alice = backend.Open([](MessagePtr) {});
  const auto bob = backend.Open(to_bob.handler());
  for (uint64_t i = 1; i <= kCount; ++i) alice->Send(bob->address(), Numbered(i));
  // Whatever has not arrived must have been counted.
  CHECK(Eventually([&] { return to_bob.size() + alice->Stats().messages_dropped == kCount; }));
  CHECK(alice->Stats().messages_dropped == 0);
  uint64_t last = 0;
  for (const MessagePtr& message : to_bob.WaitFor(0)) {
    REQUIRE(message->header.request > last);
    last = message->header.request;
  }
  CHECK(last == kCount);
}

TEST_CASE("a message of four MiB arrives whole") {
  Backend backend(GENERATE(from_range(Kinds())));
  Inbox to_bob;
  const auto alice = backend.Open([](MessagePtr) {});
  const auto bob = backend.Open(to_bob.handler());
  const MessagePtr sent = Bulky(1 << 20);
  alice->Send(bob->address(), sent);
  const auto at_bob = to_bob.WaitFor(1);
  REQUIRE(at_bob.size() == 1);
  const auto& values = BodyAs<PullReply>(*at_bob[0])->parts.at(0).values;
  const auto& expected = BodyAs<PullReply>(*sent)->parts.at(0).values;
  CHECK(std::equal(values.begin(), values.end(), expected.begin(), expected.end()));
}

TEST_CASE("several senders at once lose nothing and keep their own order") {
  constexpr uint64_t kEach = 500;
  Backend backend(GENERATE(from_range(Kinds())));
  Inbox to_bob;
  const auto alice = backend.Open([](MessagePtr) {});
  const auto bob = backend.Open(to_bob.handler());
  std::vector<std::thread> senders;
  for (uint32_t s = 0; s < 4; ++s) {
    senders.emplace_back([&, s] {
      for (uint64_t i = 1; i <= kEach; ++i) alice->Send(bob->address(), Numbered(i, {s, 0}));
    });
  }
  for (std::thread& sender : senders) sender.join();
  std::map<uint32_t, uint64_t> last;
  for (const MessagePtr& message : to_bob.WaitFor(4 * kEach)) {
    CHECK(message->header.request == ++last[message->header.from.process]);
  }
  CHECK(last == std::map<uint32_t, uint64_t>{{0, kEach}, {1, kEach}, {2, kEach}, {3, kEach}});
}

TEST_CASE("no handler runs once a transport is gone") {
  Backend backend(GENERATE(from_range(Kinds())));
  const auto alice = backend.Open([](MessagePtr) {});
  std::atomic<bool> gone{false};
  std::atomic<int> late{0}, arrived{0};
  auto bob = backend.Open([&](MessagePtr) {
    ++arrived;
    if (gone) ++late;
  });
  const std::string address = bob->address();
  std::atomic<bool> stop{false};
  std::thread sender([&] {
    for (uint64_t i = 1; !stop && i < 50'000; ++i) alice->Send(address, Numbered(i));
  });
  CHECK(Eventually([&] { return arrived > 100; }));
  bob.reset();
  gone = true;
  stop = true;
  sender.join();
  CHECK(late == 0);
}

TEST_CASE("answers to strangers and mail to nowhere are dropped and counted") {
  Backend backend(GENERATE(from_range(Kinds())));
  const auto alice = backend.Open([](MessagePtr) {});
  alice->Reply(kBob, Numbered(1));
  alice->Send("", Numbered(2));
  alice->Send("carrier-pigeon://loft", Numbered(3));
  CHECK(Eventually([&] { return alice->Stats().messages_dropped == 3; }));
  CHECK(alice->Stats().messages_sent == 0);
}

}  // namespace
}  // namespace cairn
