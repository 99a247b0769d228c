#include "transport/zmq_socket.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "transport/inbox.h"
#include "wire/limits.h"

namespace cairn {
namespace {

using Arrival = ZmqSocket::Arrival;
using Sent = ZmqSocket::Sent;

Frame FrameOf(size_t bytes) { return Frame(bytes, std::byte{0x5A}); }

// A listener, a connection to it, and the time that they need.
struct Pair {
  zmq::context_t context;
  Address address = *ParseAddress("tcp://127.0.0.1:0");
  ZmqSocket listener = *ZmqSocket::Listen(context, &address);
  ZmqSocket connection = *ZmqSocket::Connect(context, address);
  std::string routing_id;
  ZmqFrame received;

  bool Send(ZmqFrame* frame) {
    return Eventually([&] { return connection.Send(frame) == Sent::kYes; });
  }
  // What arrives first.
  Arrival Receive(ZmqSocket* socket) {
    Arrival arrival = Arrival::kNothing;
    CHECK(Eventually([&] {
      arrival = socket->Receive(&routing_id, &received);
      return arrival != Arrival::kNothing;
    }));
    return arrival;
  }
};

TEST_CASE("frames of any size go to the listener and back") {
  Pair pair;
  CHECK(pair.address.port != 0);
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{4'096}, size_t{4'097}, size_t{1} << 20}) {
    ZmqFrame frame = ToZmqFrame(FrameOf(bytes));
    REQUIRE(pair.Send(&frame));
    REQUIRE(pair.Receive(&pair.listener) == Arrival::kFrame);
    CHECK(pair.received.size() == bytes);

    frame = ToZmqFrame(FrameOf(bytes));
    REQUIRE(pair.listener.SendTo(pair.routing_id, &frame) == Sent::kYes);
    REQUIRE(pair.Receive(&pair.connection) == Arrival::kFrame);
    const Frame expected = FrameOf(bytes);
    CHECK(pair.received.head == zmq::message_t(expected.data(), expected.size()));
  }
}

TEST_CASE("nothing is taken for a peer that is not there, and the frame stays whole") {
  Address address = *ParseAddress("tcp://127.0.0.1:0");
  {
    zmq::context_t elsewhere;
    CHECK(ZmqSocket::Listen(elsewhere, &address).ok());
  }  // Now the port is free again: a context waits for its sockets.
  zmq::context_t context;
  absl::StatusOr<ZmqSocket> socket = ZmqSocket::Connect(context, address);
  REQUIRE(socket.ok());
  ZmqFrame frame = ToZmqFrame(FrameOf(10'000));
  CHECK(socket->Send(&frame) == Sent::kFull);
  CHECK_FALSE(socket->Writable());
  CHECK(frame.size() == 10'000);
}

TEST_CASE("a routing id that nobody has is gone, and the frame stays whole") {
  Pair pair;
  ZmqFrame frame = ToZmqFrame(FrameOf(100));
  CHECK(pair.listener.SendTo("nobody", &frame) == Sent::kGone);
  CHECK(frame.size() == 100);
}

TEST_CASE("a peer that does not read is full after a while, never lost") {
  Pair pair;
  uint64_t sent = 0;
  ZmqFrame frame = ToZmqFrame(FrameOf(1 << 16));
  REQUIRE(pair.Send(&frame));
  // 128 messages of high-water marks, and what the kernel's buffers hold.
  CHECK(Eventually([&] {
    frame = ToZmqFrame(FrameOf(1 << 16));
    if (pair.connection.Send(&frame) == Sent::kFull) return true;
    ++sent;
    return false;
  }));
  CHECK(sent < 2'000);
  CHECK(frame.size() == 1 << 16);
}

// A message with values that are worth a part of their own.
MessagePtr Reply(size_t values) {
  auto numbers = std::make_shared<std::vector<float>>(values);
  for (size_t i = 0; i < values; ++i) (*numbers)[i] = 0.1f + static_cast<float>(i);
  PullReply reply;
  reply.parts = {{0, PartCode::kOk, std::span(*numbers).first(values / 2)},
                 {1, PartCode::kOk, std::span(*numbers).subspan(values / 2)}};
  reply.storage = std::move(numbers);
  return std::make_shared<const Message>(Message{{}, std::move(reply)});
}

std::string Text(const ZmqFrame& frame) {
  std::string text = frame.head.to_string();
  for (const zmq::message_t& part : frame.others) text += part.to_string();
  return text;
}

TEST_CASE("values travel in a part of their own, either way, and hold their message until then") {
  Pair pair;
  MessagePtr message = Reply(100'000);
  const Frame whole = EncodeMessage(*message);
  const std::string expected(reinterpret_cast<const char*>(whole.data()), whole.size());
  const auto send = [&] {
    return ToZmqFrame(*TryEncodePieces(*message, Checksum::kControl), message);
  };
  ZmqFrame frame = send();
  REQUIRE(frame.others.size() == 1);
  CHECK(frame.size() == whole.size());
  CHECK(message.use_count() == 2);
  REQUIRE(pair.Send(&frame));
  REQUIRE(pair.Receive(&pair.listener) == Arrival::kFrame);
  CHECK(pair.received.others.size() == 1);
  CHECK(Text(pair.received) == expected);
  frame = send();
  REQUIRE(pair.listener.SendTo(pair.routing_id, &frame) == Sent::kYes);
  REQUIRE(pair.Receive(&pair.connection) == Arrival::kFrame);
  CHECK(Text(pair.received) == expected);
  CHECK(Eventually([&] { return message.use_count() == 1; }));
}

TEST_CASE("a message of too many parts is thrown away whole") {
  Pair pair;
  zmq::socket_t raw(pair.context, zmq::socket_type::dealer);
  raw.set(zmq::sockopt::linger, 0);
  raw.connect(FormatAddress(pair.address));
  for (size_t i = 0; i < limits::kFramePiecesMax; ++i) {
    raw.send(zmq::str_buffer("part"), zmq::send_flags::sndmore);
  }
  raw.send(zmq::str_buffer("last"), zmq::send_flags::none);
  raw.send(zmq::str_buffer("whole"), zmq::send_flags::none);
  CHECK(pair.Receive(&pair.listener) == Arrival::kTooManyParts);
  REQUIRE(pair.Receive(&pair.listener) == Arrival::kFrame);
  CHECK(pair.received.others.empty());
  CHECK(pair.received.head.to_string() == "whole");
}

TEST_CASE("an address that is taken is an error that names it") {
  Pair pair;
  Address same = pair.address;
  const auto second = ZmqSocket::Listen(pair.context, &same);
  CHECK(second.status().code() == absl::StatusCode::kUnavailable);
  CHECK_THAT(std::string(MessageOf(second.status())),
             Catch::Contains("cannot listen on " + FormatAddress(pair.address)));
}

}  // namespace
}  // namespace cairn
