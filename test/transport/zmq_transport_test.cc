// What ZmqTransport promises beyond the contract (transport_test.cc): restarts, slow peers, hostile
// bytes, refusals.
#include "transport/zmq_transport.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>
#include <zmq.hpp>

#include "base/status.h"
#include "transport/address.h"
#include "transport/inbox.h"
#include "wire/frame_header.h"
#include "wire/limits.h"
#include "wire/version_notice.h"

namespace cairn {
namespace {

const ProcessId kAlice{1, 0xA};
const ProcessId kBob{2, 0xB};

std::unique_ptr<Transport> Listen(const std::string& address, MessageHandler handler) {
  ZmqOptions options;
  options.listen = address;
  absl::StatusOr<std::unique_ptr<Transport>> transport =
      MakeZmqTransport(options, std::move(handler));
  REQUIRE(transport.ok());
  return *std::move(transport);
}

absl::Status ListenError(const std::string& address) {
  ZmqOptions options;
  options.listen = address;
  return MakeZmqTransport(options, [](MessagePtr) {}).status();
}

MessagePtr Numbered(uint64_t number, const ProcessId& from = kAlice, const ProcessId& to = kBob) {
  return std::make_shared<Message>(Message{{from, to, number, 7}, Heartbeat{}});
}

// 64 KiB.
MessagePtr Heavy(uint64_t number) {
  auto values = std::make_shared<std::vector<float>>(16'384, 1.f);
  PullReply reply;
  reply.parts = {{0, PartCode::kOk, *values}};
  reply.storage = values;
  return std::make_shared<Message>(Message{{kAlice, kBob, number, 0}, std::move(reply)});
}

// A peer that does not keep to the protocol.
class RawPeer {
 public:
  explicit RawPeer(const std::string& address) : socket_(context_, zmq::socket_type::dealer) {
    socket_.set(zmq::sockopt::linger, 5'000);
    socket_.set(zmq::sockopt::rcvtimeo, 60'000);
    socket_.connect(address);
  }
  std::string Receive() {
    zmq::message_t message;
    return socket_.recv(message).has_value() ? message.to_string() : "";
  }
  void Send(const std::vector<std::string>& parts) {
    for (size_t i = 0; i < parts.size(); ++i) {
      socket_.send(zmq::buffer(parts[i]),
                   i + 1 < parts.size() ? zmq::send_flags::sndmore : zmq::send_flags::none);
    }
  }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_;
};

std::string AsString(const Frame& frame) {
  return {reinterpret_cast<const char*>(frame.data()), frame.size()};
}

// How version 3.0 might begin a frame: longer, and with nothing that we know behind the version.
std::string FrameOfVersion3() {
  std::string frame("CRN1\3\0\0\0", 8);
  return frame.append(200, '\x5A');
}

TEST_CASE("a peer of another version is told which one this is, and the others go on") {
  Inbox to_bob;
  const auto bob = Listen("tcp://127.0.0.1:0", to_bob.handler());
  RawPeer peer(bob->address());
  peer.Send({FrameOfVersion3()});
  const std::string notice = peer.Receive();
  const auto read = ReadVersionNotice(std::as_bytes(std::span(notice)));
  REQUIRE(read.ok());
  CHECK(read->major == kWireMajor);
  CHECK(read->minor == kWireMinor);
  CHECK(bob->Stats().versions_refused == 1);
  CHECK(bob->Stats().frames_refused == 1);
  // A notice is never answered, or two releases would talk of nothing else.
  const auto other = WriteVersionNotice({3, 0});
  peer.Send({std::string(reinterpret_cast<const char*>(other.data()), other.size())});
  peer.Send({AsString(EncodeMessage(*Numbered(1)))});
  REQUIRE(to_bob.WaitFor(1).size() == 1);
  bob->Reply(kAlice, Numbered(2, kBob, kAlice));
  CHECK(peer.Receive() == AsString(EncodeMessage(*Numbered(2, kBob, kAlice))));
}

TEST_CASE("many frames of another version are counted, and answered now and then") {
  const auto bob = Listen("tcp://127.0.0.1:0", [](MessagePtr) {});
  RawPeer peer(bob->address());
  for (int i = 0; i < 1'000; ++i) peer.Send({FrameOfVersion3()});
  CHECK(Eventually([&] { return bob->Stats().versions_refused == 1'000; }));
  CHECK(bob->Stats().messages_sent < 1'000);
}

TEST_CASE("a notice from a peer of another version reaches who connected to it, with its address") {
  zmq::context_t context;
  zmq::socket_t router(context, zmq::socket_type::router);
  router.set(zmq::sockopt::linger, 0);
  router.set(zmq::sockopt::rcvtimeo, 60'000);
  router.bind("tcp://127.0.0.1:*");
  const std::string address = router.get(zmq::sockopt::last_endpoint);
  Inbox to_alice;
  const auto alice = MakeZmqTransport({}, to_alice.handler()).value();
  alice->Send(address, Numbered(1));
  zmq::message_t id, frame;
  REQUIRE(router.recv(id).has_value());
  REQUIRE(router.recv(frame).has_value());
  const auto notice = WriteVersionNotice({3, 0});
  router.send(id, zmq::send_flags::sndmore);
  router.send(zmq::buffer(notice), zmq::send_flags::none);
  const auto arrived = to_alice.WaitFor(1);
  REQUIRE(arrived.size() == 1);
  REQUIRE(BodyAs<VersionNotice>(*arrived[0]) != nullptr);
  CHECK(*BodyAs<VersionNotice>(*arrived[0]) == VersionNotice{3, 0, address});
}

TEST_CASE("one that only connects is answered over its own connection") {
  Inbox to_worker, to_server;
  const auto server = Listen("tcp://127.0.0.1:0", to_server.handler());
  const auto worker = MakeZmqTransport({}, to_worker.handler());
  REQUIRE(worker.ok());
  CHECK((*worker)->address().empty());
  (*worker)->Send(server->address(), Numbered(1));
  REQUIRE(to_server.WaitFor(1).size() == 1);
  server->Reply(kAlice, Numbered(2, kBob, kAlice));
  CHECK(to_worker.WaitFor(1).size() == 1);
}

TEST_CASE("what is sent before the peer is there waits for it") {
  const std::string address = Listen("tcp://127.0.0.1:0", [](MessagePtr) {})->address();
  const auto alice = MakeZmqTransport({}, [](MessagePtr) {});
  (*alice)->Send(address, Numbered(1));  // Nobody listens there now.
  Inbox to_bob;
  const auto bob = Listen(address, to_bob.handler());
  CHECK(to_bob.WaitFor(1).size() == 1);
}

TEST_CASE("a peer that restarts at its address is reached again") {
  Inbox to_first, to_second;
  auto bob = Listen("tcp://127.0.0.1:0", to_first.handler());
  const std::string address = bob->address();
  const auto alice = MakeZmqTransport({}, [](MessagePtr) {});
  (*alice)->Send(address, Numbered(1));
  REQUIRE(to_first.WaitFor(1).size() == 1);
  bob.reset();
  bob = Listen(address, to_second.handler());
  // As the protocol does it: repeat until it is answered.
  CHECK(Eventually([&] {
    (*alice)->Send(address, Numbered(2));
    return to_second.size() > 0;
  }));
  CHECK(to_first.size() == 1);
}

TEST_CASE("a message sent just before the end still goes out") {
  Inbox to_bob;
  const auto bob = Listen("tcp://127.0.0.1:0", to_bob.handler());
  auto alice = MakeZmqTransport({}, [](MessagePtr) {});
  (*alice)->Send(bob->address(), Numbered(1));
  REQUIRE(to_bob.WaitFor(1).size() == 1);
  for (uint64_t i = 2; i <= 20; ++i) (*alice)->Send(bob->address(), Heavy(i));
  alice->reset();
  CHECK(to_bob.WaitFor(20).size() == 20);
}

TEST_CASE("a slow peer makes messages wait, not vanish") {
  constexpr uint64_t kCount = 400;  // 25 MiB: far more than ZeroMQ and the kernel take.
  Inbox to_bob;
  const auto bob = Listen("tcp://127.0.0.1:0", to_bob.handler());
  const auto alice = MakeZmqTransport({}, [](MessagePtr) {});
  to_bob.Hold();
  for (uint64_t i = 1; i <= kCount; ++i) (*alice)->Send(bob->address(), Heavy(i));
  to_bob.Release();
  const auto at_bob = to_bob.WaitFor(kCount);
  REQUIRE(at_bob.size() == kCount);
  for (uint64_t i = 0; i < kCount; ++i) REQUIRE(at_bob[i]->header.request == i + 1);
}

TEST_CASE("replies to a slow peer wait, and do not hold up the others") {
  constexpr uint64_t kCount = 400;
  Inbox to_server, to_slow, to_quick;
  const auto server = Listen("tcp://127.0.0.1:0", to_server.handler());
  const auto slow = MakeZmqTransport({}, to_slow.handler());
  const auto quick = MakeZmqTransport({}, to_quick.handler());
  const ProcessId slow_id{5, 5}, quick_id{6, 6};
  (*slow)->Send(server->address(), Numbered(1, slow_id));
  (*quick)->Send(server->address(), Numbered(1, quick_id));
  REQUIRE(to_server.WaitFor(2).size() == 2);
  to_slow.Hold();
  for (uint64_t i = 1; i <= kCount; ++i) server->Reply(slow_id, Heavy(i));
  server->Reply(quick_id, Numbered(1));
  CHECK(to_quick.WaitFor(1).size() == 1);
  to_slow.Release();
  const auto at_slow = to_slow.WaitFor(kCount);
  REQUIRE(at_slow.size() == kCount);
  for (uint64_t i = 0; i < kCount; ++i) REQUIRE(at_slow[i]->header.request == i + 1);
}

TEST_CASE("a message too long for a frame is dropped and counted, and ends nobody") {
  const auto bob = Listen("tcp://127.0.0.1:0", [](MessagePtr) {});
  const std::vector<float> values(3 << 20, 0.1f);  // Not to be told shorter.
  PullReply reply;
  reply.parts = {{0, PartCode::kOk, values}};
  bob->Reply(kAlice, std::make_shared<Message>(Message{{kBob, kAlice, 1, 0}, std::move(reply)}));
  CHECK(bob->Stats().messages_dropped == 1);
}

TEST_CASE("while the transport has nothing to do, who sends does it himself") {
  const auto alice = MakeZmqTransport({}, [](MessagePtr) {});
  CHECK(Eventually([&] {
    std::promise<std::thread::id> ran;
    REQUIRE((*alice)->Run([&] { ran.set_value(std::this_thread::get_id()); }));
    return ran.get_future().get() == std::this_thread::get_id();
  }));
}

TEST_CASE("messages and tasks of many threads keep their order, while answers come in") {
  constexpr uint64_t kThreads = 4, kEach = 500;
  Inbox to_alice, to_bob;
  std::atomic<Transport*> bob_answers{nullptr};
  const MessageHandler keep = to_bob.handler();
  const auto bob = Listen("tcp://127.0.0.1:0", [&](MessagePtr message) {
    const uint64_t number = message->header.request;
    keep(std::move(message));
    if (Transport* transport = bob_answers) {
      transport->Reply(kAlice, Numbered(number, kBob, kAlice));
    }
  });
  bob_answers = bob.get();
  const auto alice = MakeZmqTransport({}, to_alice.handler());
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (uint64_t i = 0; i < kEach; ++i) {
        const auto send = [&, message = Numbered(t * kEach + i)] {
          (*alice)->Send(bob->address(), message);
        };
        if (t % 2 == 0) {
          (*alice)->Run(send);
        } else {
          send();
        }
        if (i % 50 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::vector<MessagePtr> received = to_bob.WaitFor(kThreads * kEach);
  REQUIRE(received.size() == kThreads * kEach);
  std::vector<uint64_t> next(kThreads);
  for (const MessagePtr& message : received) {
    const uint64_t number = message->header.request;
    CHECK(number % kEach == next[number / kEach]++);
  }
  CHECK(to_alice.WaitFor(kThreads * kEach).size() == kThreads * kEach);
}

TEST_CASE("a forgotten address loses what waited for it") {
  const std::string address = Listen("tcp://127.0.0.1:0", [](MessagePtr) {})->address();
  const auto alice = MakeZmqTransport({}, [](MessagePtr) {});
  (*alice)->Send(address, Numbered(1));
  (*alice)->Disconnect(address);
  CHECK(Eventually([&] { return (*alice)->Stats().messages_dropped == 1; }));
}

TEST_CASE("frames that are no messages are counted and dropped") {
  Inbox to_bob;
  const auto bob = Listen("tcp://127.0.0.1:0", to_bob.handler());
  const std::string good = AsString(EncodeMessage(*Numbered(1)));
  RawPeer raw(bob->address());
  raw.Send({"garbage"});
  raw.Send({""});
  raw.Send({good.substr(0, good.size() - 1)});
  raw.Send({good, good});  // Two messages in one.
  raw.Send({"", good});    // As a REQ socket would.
  raw.Send(std::vector<std::string>(1'000, good));
  raw.Send({good});
  REQUIRE(to_bob.WaitFor(1).size() == 1);
  CHECK(bob->Stats().frames_refused == 6);
  CHECK(bob->Stats().messages_received == 1);
}

// A connection of its own, on which `bytes` were sent.
int ConnectAndSend(const std::string& address, const std::string& bytes) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  REQUIRE(fd >= 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(ParseAddress(address)->port);
  REQUIRE(connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
  CHECK(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
  return fd;
}

TEST_CASE("one who sends too much, or does not speak ZeroMQ, disturbs nobody") {
  Inbox to_bob;
  const auto bob = Listen("tcp://127.0.0.1:0", to_bob.handler());
  RawPeer raw(bob->address());
  raw.Send({std::string(9u << 20, 'x')});  // Beyond kFrameBytesMax: cut off.

  const int fd = ConnectAndSend(bob->address(), "GET / HTTP/1.1\r\nHost: cairn\r\n\r\n");
  const auto alice = MakeZmqTransport({}, [](MessagePtr) {});
  (*alice)->Send(bob->address(), Numbered(1));
  CHECK(to_bob.WaitFor(1).size() == 1);
  CHECK(bob->Stats().messages_received == 1);
  close(fd);
}

// libzmq takes them for peers of its first protocols, and ends the process if one of those speaks
// while its socket closes.
TEST_CASE("one who speaks another protocol is cut off at once") {
  const auto bob = Listen("tcp://127.0.0.1:0", [](MessagePtr) {});
  const std::string greeting_2_0("\xff\0\0\0\0\0\0\0\1\x7f\1\5\0\0", 14);
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string("\1\0", 2), greeting_2_0}) {
    const int fd = ConnectAndSend(bob->address(), bytes);
    const timeval patience{.tv_sec = 3, .tv_usec = 0};
    REQUIRE(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    std::array<char, 256> answer;
    ssize_t got = 0;
    do {
      got = recv(fd, answer.data(), answer.size(), 0);
    } while (got > 0);
    CHECK((got == 0 || errno == ECONNRESET));
    close(fd);
  }
}

TEST_CASE("one who speaks another protocol while a transport ends does not end the process") {
  const std::string half_a_message_1_0("\5\0aa", 4);
  for (int round = 0; round < 100; ++round) {
    auto bob = Listen("tcp://127.0.0.1:0", [](MessagePtr) {});
    std::vector<int> strangers;
    for (int i = 0; i < 20; ++i) {
      strangers.push_back(ConnectAndSend(bob->address(), half_a_message_1_0));
    }
    std::thread others([&] {
      std::this_thread::sleep_for(std::chrono::microseconds(round * 7));
      for (const int fd : strangers) send(fd, "aa", 2, MSG_NOSIGNAL);
    });
    bob.reset();
    others.join();
    for (const int fd : strangers) close(fd);
  }
}

TEST_CASE("a connection that ZeroMQ has given up for good is made anew") {
  zmq::context_t context;
  zmq::socket_t router(context, zmq::socket_type::router);
  router.set(zmq::sockopt::rcvtimeo, 60'000);
  router.bind("tcp://127.0.0.1:*");
  const std::string address = router.get(zmq::sockopt::last_endpoint);
  const auto alice = MakeZmqTransport({}, [](MessagePtr) {});
  (*alice)->Send(address, Numbered(1));
  zmq::message_t first, other, frame;
  REQUIRE(router.recv(first).has_value());
  const std::string id = first.to_string();
  REQUIRE(router.recv(frame).has_value());
  // Too long: alice's side of the connection ends, and does not come back by itself.
  router.send(zmq::buffer(id), zmq::send_flags::sndmore);
  router.send(zmq::message_t(9u << 20), zmq::send_flags::none);
  int sent = 0;
  CHECK(Eventually([&] {
    (*alice)->Send(address, Numbered(2));
    ++sent;
    // As heartbeats come: whoever sends one finds the one that has just become too old.
    std::this_thread::sleep_for(std::chrono::milliseconds(limits::kSendQueueMillisMax / 4));
    if (!router.recv(other, zmq::recv_flags::dontwait).has_value()) return false;
    return router.recv(frame).has_value() && other.to_string() != id;
  }));
  CHECK(sent <= 12);
  router.set(zmq::sockopt::linger, 0);
}

TEST_CASE("the announced address is the real one") {
  const auto bob = Listen("tcp://127.0.0.1:0", [](MessagePtr) {});
  const absl::StatusOr<Address> address = ParseAddress(bob->address());
  REQUIRE(address.ok());
  CHECK(address->host == "127.0.0.1");
  CHECK(address->port != 0);
  ZmqOptions everywhere;
  everywhere.listen = "tcp://0.0.0.0:0";
  everywhere.insecure = true;
  everywhere.advertise = "tcp://node7:0";
  const auto open = MakeZmqTransport(everywhere, [](MessagePtr) {});
  REQUIRE(open.ok());
  CHECK_THAT((*open)->address(), Catch::StartsWith("tcp://node7:"));
  CHECK(ParseAddress((*open)->address())->port != 0);
  everywhere.listen.clear();
  CHECK(MakeZmqTransport(everywhere, [](MessagePtr) {}).status().code() ==
        absl::StatusCode::kInvalidArgument);
}

TEST_CASE("addresses that cannot or must not be listened on are refused with a reason") {
  const absl::Status open = ListenError("tcp://0.0.0.0:0");
  CHECK(open.code() == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(std::string(MessageOf(open)), Catch::Contains("--insecure"));
  CHECK(ListenError("tcp://[::]:0").code() == absl::StatusCode::kFailedPrecondition);
  CHECK(ListenError("inproc://here").code() == absl::StatusCode::kInvalidArgument);
  CHECK(ListenError("ipc:///no/such/directory/socket").code() == absl::StatusCode::kUnavailable);

  const auto bob = Listen("tcp://127.0.0.1:0", [](MessagePtr) {});
  const absl::Status taken = ListenError(bob->address());
  CHECK(taken.code() == absl::StatusCode::kUnavailable);
  CHECK_THAT(std::string(MessageOf(taken)), Catch::Contains(bob->address()));
}

}  // namespace
}  // namespace cairn
