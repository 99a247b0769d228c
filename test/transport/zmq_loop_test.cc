// The bounds of ZmqLoop; what it does with messages is in transport_test.cc and
// zmq_transport_test.cc.
#include "transport/zmq_loop.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "transport/inbox.h"

namespace cairn {
namespace {

using Command = ZmqLoop::Command;

constexpr size_t kLargest = limits::kFrameBytesMax;

// Frames that all show the same bytes, and count how many of them are alive.
class Frames {
 public:
  ZmqFrame Next() {
    ++alive_;
    return {zmq::message_t(bytes_.data(), bytes_.size(), Free, &alive_), {}};
  }
  int alive() const { return alive_; }

 private:
  static void Free(void*, void* alive) { --*static_cast<std::atomic<int>*>(alive); }

  std::vector<char> bytes_ = std::vector<char>(kLargest);
  std::atomic<int> alive_{0};
};

// An address where nobody listens.
std::string Nowhere() {
  zmq::context_t context;
  Address address = *ParseAddress("tcp://127.0.0.1:0");
  CHECK(ZmqSocket::Listen(context, &address).ok());
  return FormatAddress(address);
}

Command SendTo(const std::string& address, ZmqFrame frame) {
  return {.kind = Command::Kind::kSend, .address = address, .to = {}, .frame = std::move(frame)};
}

TEST_CASE("all that waits is bounded by bytes, the newest is dropped, and nothing leaks") {
  constexpr uint64_t kFits = limits::kSendQueueBytesMax / kLargest;
  Frames frames;
  const std::string nowhere = Nowhere();
  {
    ZmqLoop loop([](MessagePtr) {});
    for (uint64_t i = 0; i < kFits; ++i) loop.Enqueue(SendTo(nowhere, frames.Next()));
    CHECK(loop.counters().messages_dropped == 0);
    loop.Enqueue(SendTo(nowhere, frames.Next()));
    CHECK(loop.counters().messages_dropped == 1);
    CHECK(frames.alive() == static_cast<int>(kFits));
  }
  CHECK(frames.alive() == 0);
}

TEST_CASE("a peer that is not there takes no more than its share, and gives it back") {
  constexpr uint64_t kFits = limits::kPeerQueueBytesMax / kLargest;
  Frames frames;
  const std::string nowhere = Nowhere();
  ZmqLoop loop([](MessagePtr) {});
  std::thread thread([&] { loop.Run(); });
  for (uint64_t i = 0; i < kFits + 3; ++i) loop.Enqueue(SendTo(nowhere, frames.Next()));
  CHECK(Eventually([&] { return loop.counters().messages_dropped >= 3; }));
  // Disconnected, all of it is dropped, and there is room for others.
  loop.Enqueue({.kind = Command::Kind::kDisconnect, .address = nowhere, .to = {}, .frame = {}});
  CHECK(Eventually([&] { return loop.counters().messages_dropped == kFits + 3; }));
  CHECK(Eventually([&] { return frames.alive() == 0; }));
  for (uint64_t i = 0; i < limits::kSendQueueBytesMax / kLargest; ++i) {
    loop.Enqueue({.kind = Command::Kind::kReply, .address = {}, .to = {}, .frame = frames.Next()});
  }
  CHECK(Eventually([&] { return frames.alive() == 0; }));
  CHECK(loop.counters().messages_sent == 0);
  loop.RequestStop();
  thread.join();
}

TEST_CASE("a stop that comes before the start is kept") {
  ZmqLoop loop([](MessagePtr) {});
  loop.RequestStop();
  loop.Run();
  CHECK(loop.counters().messages_dropped == 0);
}

}  // namespace
}  // namespace cairn
