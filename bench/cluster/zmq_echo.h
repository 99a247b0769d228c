// Requests and replies of given sizes over bare ZeroMQ sockets, nothing looked at: what the
// transport alone costs.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "base/check.h"

namespace cairn {

inline constexpr size_t kEchoFrameBytes = 1 << 20;  // Larger ones travel in pieces.

// The first word of a request's last piece is the size of the reply, of others this.
inline constexpr uint64_t kEchoMore = ~uint64_t{0};
inline constexpr uint64_t kEchoStop = ~uint64_t{1};

// Sends pieces of one buffer, without copying.
class EchoSender {
 public:
  zmq::message_t Piece(size_t bytes) {
    CAIRN_CHECK(bytes <= buffer_.size());
    return {buffer_.data(), bytes, [](void*, void*) {}, nullptr};
  }
  std::byte* data() { return buffer_.data(); }

 private:
  std::vector<std::byte> buffer_ = std::vector<std::byte>(kEchoFrameBytes);
};

// Until a client says stop.
class EchoServer {
 public:
  EchoServer() { socket_.bind("tcp://127.0.0.1:*"); }
  std::string address() const { return socket_.get(zmq::sockopt::last_endpoint); }

  void Run() {
    while (true) {
      zmq::message_t peer, request;
      CAIRN_CHECK(socket_.recv(peer).has_value() && socket_.recv(request).has_value());
      uint64_t reply_bytes = 0;
      CAIRN_CHECK(request.size() >= sizeof(reply_bytes));
      std::memcpy(&reply_bytes, request.data(), sizeof(reply_bytes));
      if (reply_bytes == kEchoStop) return;
      if (reply_bytes == kEchoMore) continue;
      for (size_t left = reply_bytes; left > 0;) {
        const size_t bytes = std::min(left, kEchoFrameBytes);
        zmq::message_t to;
        to.copy(peer);
        socket_.send(to, zmq::send_flags::sndmore);
        socket_.send(sender_.Piece(bytes), zmq::send_flags::none);
        left -= bytes;
      }
    }
  }

 private:
  EchoSender sender_;
  zmq::context_t context_;
  zmq::socket_t socket_{context_, zmq::socket_type::router};
};

class EchoClient {
 public:
  explicit EchoClient(const std::string& address) { socket_.connect(address); }
  ~EchoClient() { Send(kEchoStop, sizeof(uint64_t)); }
  EchoClient(const EchoClient&) = delete;
  EchoClient& operator=(const EchoClient&) = delete;

  void Start(size_t request_bytes, size_t reply_bytes) {
    size_t left = std::max(request_bytes, sizeof(uint64_t));
    for (; left > kEchoFrameBytes; left -= kEchoFrameBytes) Send(kEchoMore, kEchoFrameBytes);
    Send(reply_bytes, std::max(left, sizeof(uint64_t)));
  }
  // Waits for one whole reply.
  void Finish(size_t reply_bytes) {
    while (reply_bytes > 0) {
      zmq::message_t piece;
      CAIRN_CHECK(socket_.recv(piece).has_value() && piece.size() <= reply_bytes);
      reply_bytes -= piece.size();
    }
  }

 private:
  // The word is copied: pieces that are still on their way share the buffer behind it.
  void Send(uint64_t word, size_t bytes) {
    if (bytes <= kSmall) {
      zmq::message_t small(bytes);
      std::memset(small.data(), 0, bytes);
      std::memcpy(small.data(), &word, sizeof(word));
      socket_.send(small, zmq::send_flags::none);
      return;
    }
    EchoSender& sender = word == kEchoMore ? more_ : last_;
    std::memcpy(sender.data(), &word, sizeof(word));  // The same for all of one measurement.
    socket_.send(sender.Piece(bytes), zmq::send_flags::none);
  }

  static constexpr size_t kSmall = 64;

  EchoSender more_, last_;
  zmq::context_t context_;
  zmq::socket_t socket_{context_, zmq::socket_type::dealer};
};

}  // namespace cairn
