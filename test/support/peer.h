// A process that a test plays itself: it keeps what arrives and says what the test wants. Header
// only: the programs that include it link cairn_transport.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/mutex.h"
#include "transport/in_process_transport.h"
#include "transport/outbox.h"
#include "transport/transport_maker.h"

namespace cairn::test {

// Thread-safe. Must not outlive its network.
class Peer {
 public:
  explicit Peer(InProcessNetwork* network)
      : transport_(network->Open([this](MessagePtr message) {
          MutexLock lock(mutex_);
          arrived_.push_back(std::move(message));
          changed_.NotifyAll();
        })) {}

  const std::string& address() const { return transport_->address(); }

  void Send(const std::string& address, const ProcessId& from, const ProcessId& to, Body body,
            uint64_t request = 0) {
    transport_->Send(address, MakeMessage({from, to, request, 0}, std::move(body)));
  }
  void Send(const std::string& address, Message message) {
    transport_->Send(address, std::make_shared<const Message>(std::move(message)));
  }

  // The oldest message of this kind that was not taken yet. Waits for it, for as long as the test
  // program may run: what a test takes is bound to come.
  template <typename T>
  MessagePtr Take() {
    MutexLock lock(mutex_);
    while (true) {
      for (auto it = arrived_.begin(); it != arrived_.end(); ++it) {
        if (!std::holds_alternative<T>((*it)->body)) continue;
        MessagePtr message = *it;
        arrived_.erase(it);
        return message;
      }
      changed_.Wait(mutex_);
    }
  }

  // Whether a message of this kind is there, by now.
  template <typename T>
  bool Has() {
    MutexLock lock(mutex_);
    return std::any_of(arrived_.begin(), arrived_.end(), [](const MessagePtr& message) {
      return std::holds_alternative<T>(message->body);
    });
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<MessagePtr> arrived_ CAIRN_GUARDED_BY(mutex_);
  std::unique_ptr<Transport> transport_;  // Last: it delivers into the members above.
};

inline TransportMaker MakerOn(InProcessNetwork* network) {
  return [network](MessageHandler handler) -> absl::StatusOr<std::unique_ptr<Transport>> {
    return network->Open(std::move(handler));
  };
}

}  // namespace cairn::test
