#include "transport/in_process_transport.h"

#include <atomic>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/mutex.h"
#include "base/status.h"
#include "transport/route_table.h"
#include "wire/limits.h"

namespace cairn {

// One receiver. Lives as long as somebody is sending to it; delivers nothing once closed.
class InProcessNetwork::Endpoint {
 public:
  Endpoint(std::string address, MessageHandler handler)
      : address_(std::move(address)), handler_(std::move(handler)) {}

  const std::string& address() const { return address_; }

  // False if the endpoint is closed.
  bool Deliver(const std::string& sender_address, MessagePtr message) CAIRN_EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      if (closed_) return false;
      ++running_;
      routes_.Learn(message->header.from, sender_address);
    }
    received_.fetch_add(1, std::memory_order_relaxed);
    handler_(std::move(message));
    MutexLock lock(mutex_);
    if (--running_ == 0 && closed_) idle_.NotifyAll();
    return true;
  }

  // No handler runs once this has returned.
  void Close() CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    closed_ = true;
    while (running_ > 0) idle_.Wait(mutex_);
  }

  // Where `process` last spoke from; empty if it never did.
  std::string RouteTo(const ProcessId& process) const CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const std::string* route = routes_.Find(process);
    return route == nullptr ? std::string() : *route;
  }

  uint64_t received() const { return received_.load(std::memory_order_relaxed); }

 private:
  const std::string address_;
  const MessageHandler handler_;

  std::atomic<uint64_t> received_{0};

  mutable Mutex mutex_;
  CondVar idle_;
  RouteTable routes_ CAIRN_GUARDED_BY(mutex_){limits::kProcessesMax};
  int running_ CAIRN_GUARDED_BY(mutex_) = 0;  // Handlers at work.
  bool closed_ CAIRN_GUARDED_BY(mutex_) = false;
};

class InProcessNetwork::State {
 public:
  std::shared_ptr<Endpoint> Add(MessageHandler handler) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    auto endpoint =
        std::make_shared<Endpoint>(Concat("inproc://", ++last_number_), std::move(handler));
    endpoints_.emplace(endpoint->address(), endpoint);
    return endpoint;
  }

  void Remove(const std::string& address) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    endpoints_.erase(address);
  }

  std::shared_ptr<Endpoint> Find(const std::string& address) const CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const auto found = endpoints_.find(address);
    return found == endpoints_.end() ? nullptr : found->second;
  }

 private:
  mutable Mutex mutex_;
  uint64_t last_number_ CAIRN_GUARDED_BY(mutex_) = 0;
  std::unordered_map<std::string, std::shared_ptr<Endpoint>> endpoints_ CAIRN_GUARDED_BY(mutex_);
};

class InProcessNetwork::InProcessTransport final : public Transport {
 public:
  InProcessTransport(std::shared_ptr<State> state, MessageHandler handler)
      : state_(std::move(state)), endpoint_(state_->Add(std::move(handler))) {}

  ~InProcessTransport() override {
    state_->Remove(endpoint_->address());
    endpoint_->Close();
  }

  const std::string& address() const override { return endpoint_->address(); }

  void Send(const std::string& address, MessagePtr message) override {
    const std::shared_ptr<Endpoint> peer = state_->Find(address);
    const bool delivered =
        peer != nullptr && peer->Deliver(endpoint_->address(), std::move(message));
    (delivered ? sent_ : dropped_).fetch_add(1, std::memory_order_relaxed);
  }

  void Reply(const ProcessId& to, MessagePtr message) override {
    Send(endpoint_->RouteTo(to), std::move(message));
  }

  bool Run(std::function<void()>) override { return false; }

  void Disconnect(const std::string&) override {}  // There is no connection to forget.

  TransportStats Stats() const override {
    TransportStats stats;
    stats.messages_sent = sent_.load(std::memory_order_relaxed);
    stats.messages_received = endpoint_->received();
    stats.messages_dropped = dropped_.load(std::memory_order_relaxed);
    return stats;
  }

 private:
  const std::shared_ptr<State> state_;
  const std::shared_ptr<Endpoint> endpoint_;  // Shared with senders that are delivering to it.
  std::atomic<uint64_t> sent_{0};
  std::atomic<uint64_t> dropped_{0};
};

InProcessNetwork::InProcessNetwork() : state_(std::make_shared<State>()) {}
InProcessNetwork::~InProcessNetwork() = default;

std::unique_ptr<Transport> InProcessNetwork::Open(MessageHandler handler) {
  return std::make_unique<InProcessTransport>(state_, std::move(handler));
}

}  // namespace cairn
