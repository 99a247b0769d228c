#include "transport/zmq_transport.h"

#include <thread>
#include <utility>

#include "base/log.h"
#include "base/status.h"
#include "transport/address.h"
#include "transport/advertise.h"
#include "transport/thread_name.h"
#include "transport/zmq_loop.h"

namespace cairn {
namespace {

class ZmqTransport final : public Transport {
 public:
  // `loop` has its listener, if any; `address` is the one announced.
  ZmqTransport(std::unique_ptr<ZmqLoop> loop, std::string address, Checksum checksum)
      : address_(std::move(address)), checksum_(checksum), loop_(std::move(loop)) {
    thread_ = std::thread([this] {
      NameThisThread("cairn-zmq");
      loop_->Run();
    });
  }

  ~ZmqTransport() override {
    loop_->RequestStop();
    thread_.join();
  }

  const std::string& address() const override { return address_; }

  void Send(const std::string& address, MessagePtr message) override {
    VLOG(2) << "send to " << address << ": " << DescribeMessage(*message);
    Enqueue({.kind = Kind::kSend, .address = address, .to = {}, .frame = {}}, message);
  }

  void Reply(const ProcessId& to, MessagePtr message) override {
    VLOG(2) << "reply: " << DescribeMessage(*message);
    Enqueue({.kind = Kind::kReply, .address = {}, .to = to, .frame = {}}, message);
  }

  bool Run(std::function<void()> task) override {
    loop_->Enqueue(
        {.kind = Kind::kRun, .address = {}, .to = {}, .frame = {}, .task = std::move(task)});
    return true;
  }

  void Disconnect(const std::string& address) override {
    loop_->Enqueue({.kind = Kind::kDisconnect, .address = address, .to = {}, .frame = {}});
  }

  TransportStats Stats() const override {
    const ZmqCounters& counters = loop_->counters();
    return {.messages_sent = counters.messages_sent,
            .messages_received = counters.messages_received,
            .messages_dropped = counters.messages_dropped,
            .frames_refused = counters.frames_refused,
            .versions_refused = counters.versions_refused,
            .bytes_sent = counters.bytes_sent,
            .bytes_received = counters.bytes_received};
  }

 private:
  using Kind = ZmqLoop::Command::Kind;

  // A message that is too long is a bug of whoever made it, but one that a peer may have provoked.
  void Enqueue(ZmqLoop::Command command, const MessagePtr& message) {
    absl::StatusOr<FramePieces> frame = TryEncodePieces(*message, checksum_);
    if (!frame.ok()) {
      LOG(ERROR) << "not sent: " << MessageOf(frame.status());
      return loop_->CountDropped();
    }
    command.frame = ToZmqFrame(*std::move(frame), message);
    loop_->Enqueue(std::move(command));
  }

  const std::string address_;
  const Checksum checksum_;
  const std::unique_ptr<ZmqLoop> loop_;
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> MakeZmqTransport(const ZmqOptions& options,
                                                            MessageHandler handler) {
  auto loop = std::make_unique<ZmqLoop>(std::move(handler));
  std::string announced;
  if (options.listen.empty()) {
    if (!options.advertise.empty()) return InvalidArgument("--advertise needs --listen");
  } else {
    CAIRN_ASSIGN_OR_RETURN(Address address, ParseAddress(options.listen));
    if (!options.insecure && !IsLocal(address)) {
      return FailedPrecondition(
          "listening on ", options.listen,
          " would let everybody on the network read and change the model: nothing authenticates "
          "them. Listen on a loopback address or ipc, or, if the network is trusted, say "
          "--insecure");
    }
    CAIRN_ASSIGN_OR_RETURN(ZmqSocket socket, ZmqSocket::Listen(loop->context(), &address));
    loop->SetListener(std::move(socket));
    CAIRN_ASSIGN_OR_RETURN(address, AnnouncedAddress(address, options.advertise));
    announced = FormatAddress(address);
  }
  return std::make_unique<ZmqTransport>(std::move(loop), std::move(announced), options.checksum);
}

}  // namespace cairn
