#include "transport/transport_maker.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

namespace cairn {
namespace {

// Keeps what it is told to send.
class RecordingTransport final : public Transport {
 public:
  const std::string& address() const override { return address_; }
  void Send(const std::string& address, MessagePtr message) override {
    sent.emplace_back(address, std::move(message));
  }
  void Reply(const ProcessId& to, MessagePtr message) override {
    replied.emplace_back(to, std::move(message));
  }
  bool Run(std::function<void()>) override { return false; }
  void Disconnect(const std::string&) override {}
  TransportStats Stats() const override { return {}; }

  std::vector<std::pair<std::string, MessagePtr>> sent;
  std::vector<std::pair<ProcessId, MessagePtr>> replied;

 private:
  const std::string address_ = "record://";
};

TEST_CASE("SendAll sends in order, and without an address answers over the connection") {
  RecordingTransport transport;
  const MessagePtr first = MakeMessage({}, Heartbeat{1, 0, 0});
  const MessagePtr second = MakeMessage({}, Heartbeat{2, 0, 0});
  const ProcessId asker{7, 77};
  const MessagePtr answer = MakeMessage({.from = {}, .to = asker}, Goodbye{});
  Outbox outbox = {{"sim://1", first}, {"", answer}, {"sim://2", second}};
  SendAll(&transport, &outbox);
  CHECK(outbox.empty());
  REQUIRE(transport.sent.size() == 2);
  CHECK(transport.sent[0] == std::pair{std::string("sim://1"), first});
  CHECK(transport.sent[1] == std::pair{std::string("sim://2"), second});
  REQUIRE(transport.replied.size() == 1);
  CHECK(transport.replied[0] == std::pair{asker, answer});
}

TEST_CASE("Every life has another name") {
  const uint64_t one = NewIncarnation();
  const uint64_t two = NewIncarnation();
  CHECK(one != 0);
  CHECK(two != 0);
  CHECK(one != two);
}

}  // namespace
}  // namespace cairn
