// One ZeroMQ socket with the settings that make it safe, and without exceptions. Included by the
// ZeroMQ transport only.
#pragma once

#include <string>
#include <utility>
#include <vector>
#include <zmq.hpp>

#include "absl/status/statusor.h"
#include "transport/address.h"
#include "wire/codec.h"

namespace cairn {

// A frame as ZeroMQ sends and receives it: the parts of one of its messages.
struct ZmqFrame {
  zmq::message_t head;
  std::vector<zmq::message_t> others;  // Mostly none.

  size_t size() const;
};

// Large frames are not copied, ZeroMQ owns them.
ZmqFrame ToZmqFrame(Frame frame);
// Neither are values: ZeroMQ holds `message`, in whose storage they are, until they are sent.
ZmqFrame ToZmqFrame(FramePieces frame, const MessagePtr& message);

// A ROUTER (listens; a frame comes from and goes to one of many peers) or a DEALER (connects to one
// peer). One thread at a time. Nothing blocks.
class ZmqSocket {
 public:
  // kUnavailable: the address is taken, or not of this machine. `address` becomes the real one:
  // with a port instead of 0, and a host that others can reach instead of a wildcard.
  static absl::StatusOr<ZmqSocket> Listen(zmq::context_t& context, Address* address);
  // Succeeds whether or not anybody is there; ZeroMQ keeps trying.
  static absl::StatusOr<ZmqSocket> Connect(zmq::context_t& context, const Address& address);

  enum class Sent {
    kYes,   // `frame` is empty now.
    kFull,  // Not now: the peer is slow, or not connected yet. `frame` is untouched.
    kGone,  // ROUTER: nobody has this routing id any more.
  };
  Sent Send(ZmqFrame* frame);                                   // DEALER.
  Sent SendTo(const std::string& routing_id, ZmqFrame* frame);  // ROUTER.

  enum class Arrival {
    kNothing,
    kFrame,
    kTooManyParts,  // Not ours; it has been thrown away.
  };
  // ROUTER: also says from whom, as a routing id.
  Arrival Receive(std::string* routing_id, ZmqFrame* frame);

  // Becomes readable when Receive or Send may do more than they could; edge-triggered, so use both
  // until they say kNothing and kFull, then ask Readable and Writable, before waiting for it.
  int fd() const { return socket_.get(zmq::sockopt::fd); }
  bool Readable() const { return (Events() & ZMQ_POLLIN) != 0; }
  bool Writable() const { return (Events() & ZMQ_POLLOUT) != 0; }  // DEALER.

  // What was sent may still go out for this long after the socket is destroyed.
  void AllowLastWords(int millis) { socket_.set(zmq::sockopt::linger, millis); }

 private:
  ZmqSocket(zmq::context_t& context, zmq::socket_type type, const Address& address);

  int Events() const { return socket_.get(zmq::sockopt::events); }
  // False: the part does not exist yet. `more`: another part of the same message follows.
  bool ReceivePart(zmq::message_t* part, bool* more);
  bool SendParts(ZmqFrame* frame);

  zmq::socket_type type_;
  zmq::socket_t socket_;
};

}  // namespace cairn
