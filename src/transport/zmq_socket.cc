#include "transport/zmq_socket.h"

#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "wire/limits.h"

#if defined(__SANITIZE_THREAD__)
#define CAIRN_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CAIRN_THREAD_SANITIZER 1
#endif
#endif

#ifdef CAIRN_THREAD_SANITIZER
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
#endif

namespace cairn {
namespace {

// Below this, copying is cheaper than an allocation and a call from ZeroMQ's thread.
constexpr size_t kCopyBytesMax = 4'096;

// The distribution's libzmq is not built for the thread sanitizer, which therefore does not see
// that a frame is handed to ZeroMQ's own thread before that thread frees it.
void HandOver([[maybe_unused]] void* pointer) {
#ifdef CAIRN_THREAD_SANITIZER
  __tsan_release(pointer);
#endif
}
void TakeOver([[maybe_unused]] void* pointer) {
#ifdef CAIRN_THREAD_SANITIZER
  __tsan_acquire(pointer);
#endif
}

// Runs on a thread of ZeroMQ's when the bytes are sent, or never will be.
template <typename Owner>
void FreeOwner(void*, void* owner) {
  TakeOver(owner);
  delete static_cast<Owner*>(owner);
}

// The bytes as a part of a message, which holds `owner` as long as it needs them.
template <typename Owner>
zmq::message_t PartOf(std::span<const std::byte> bytes, Owner owner) {
  auto* const kept = new Owner(std::move(owner));  // ZeroMQ owns it; FreeOwner is its deleter.
  HandOver(kept);
  // ZeroMQ only reads what it sends.
  return zmq::message_t(const_cast<std::byte*>(bytes.data()), bytes.size(), FreeOwner<Owner>, kept);
}

absl::Status ErrorOf(const zmq::error_t& error, std::string_view what, const Address& address) {
  const absl::StatusCode code =
      error.num() == EINVAL ? absl::StatusCode::kInvalidArgument : absl::StatusCode::kUnavailable;
  return MakeError(code, "cannot ", what, ' ', FormatAddress(address), ": ", error.what());
}

}  // namespace

size_t ZmqFrame::size() const {
  size_t bytes = head.size();
  for (const zmq::message_t& part : others) bytes += part.size();
  return bytes;
}

ZmqFrame ToZmqFrame(Frame frame) {
  if (frame.size() <= kCopyBytesMax) return {zmq::message_t(frame.data(), frame.size()), {}};
  const std::span<const std::byte> bytes(frame);  // Moving a vector moves none of its elements.
  return {PartOf(bytes, std::move(frame)), {}};
}

ZmqFrame ToZmqFrame(FramePieces frame, const MessagePtr& message) {
  ZmqFrame parts = ToZmqFrame(std::move(frame.head));
  parts.others.reserve(frame.values.size());
  for (const auto& values : frame.values) parts.others.push_back(PartOf(values, message));
  return parts;
}

ZmqSocket::ZmqSocket(zmq::context_t& context, zmq::socket_type type, const Address& address)
    : type_(type), socket_(context, type) {
  using namespace zmq::sockopt;  // NOLINT(google-build-using-namespace): thirteen of its names.
  socket_.set(linger, 0);
  socket_.set(immediate, true);  // Nothing is queued for a peer that is not connected.
  socket_.set(sndhwm, 64);       // Messages, of up to kFrameBytesMax each.
  socket_.set(rcvhwm, 64);
  socket_.set(maxmsgsize, static_cast<int64_t>(limits::kFrameBytesMax));
  socket_.set(heartbeat_ivl, 1'000);
  socket_.set(heartbeat_timeout, 3'000);
  socket_.set(heartbeat_ttl, 3'000);
  socket_.set(reconnect_ivl, 50);
  socket_.set(reconnect_ivl_max, 1'000);
  socket_.set(connect_timeout, 2'000);
  socket_.set(handshake_ivl, 5'000);
  socket_.set(ipv6, address.ipv6);
  // Nobody answers for the domain, so it lets everybody in; but with one, libzmq refuses protocols
  // before ZMTP 3, which it takes any bytes for. An old peer's first message to a socket that is
  // being closed ends the process (an assertion of libzmq 4.3.4).
  socket_.set(zap_domain, "cairn");
  // Without it a ROUTER throws away what it cannot deliver, and says that it sent it. Routing ids
  // are left to ZeroMQ: two peers with one stable id would blackhole one of them.
  if (type == zmq::socket_type::router) socket_.set(router_mandatory, true);
}

absl::StatusOr<ZmqSocket> ZmqSocket::Listen(zmq::context_t& context, Address* address) {
  try {
    ZmqSocket socket(context, zmq::socket_type::router, *address);
    socket.socket_.bind(FormatAddress(*address));
    const std::string bound = socket.socket_.get(zmq::sockopt::last_endpoint);
    CAIRN_ASSIGN_OR_RETURN(*address, ParseAddress(bound));
    return socket;
  } catch (const zmq::error_t& error) {
    return ErrorOf(error, "listen on", *address);
  }
}

absl::StatusOr<ZmqSocket> ZmqSocket::Connect(zmq::context_t& context, const Address& address) {
  try {
    ZmqSocket socket(context, zmq::socket_type::dealer, address);
    socket.socket_.connect(FormatAddress(address));
    return socket;
  } catch (const zmq::error_t& error) {
    return ErrorOf(error, "connect to", address);
  }
}

// The first part decides: once it is taken there is room for the others, and if the peer goes
// meanwhile ZeroMQ takes them for nothing.
bool ZmqSocket::SendParts(ZmqFrame* frame) {
  const int more = frame->others.empty() ? 0 : ZMQ_SNDMORE;
  if (zmq_msg_send(frame->head.handle(), socket_.handle(), ZMQ_DONTWAIT | more) < 0) return false;
  for (zmq::message_t& part : frame->others) {
    const int flags = ZMQ_DONTWAIT | (&part == &frame->others.back() ? 0 : ZMQ_SNDMORE);
    zmq_msg_send(part.handle(), socket_.handle(), flags);
  }
  return true;
}

ZmqSocket::Sent ZmqSocket::Send(ZmqFrame* frame) {
  CAIRN_DCHECK(type_ == zmq::socket_type::dealer);
  return SendParts(frame) ? Sent::kYes : Sent::kFull;
}

ZmqSocket::Sent ZmqSocket::SendTo(const std::string& routing_id, ZmqFrame* frame) {
  CAIRN_DCHECK(type_ == zmq::socket_type::router);
  const int routed =
      zmq_send(socket_.handle(), routing_id.data(), routing_id.size(), ZMQ_SNDMORE | ZMQ_DONTWAIT);
  if (routed < 0) return errno == EHOSTUNREACH ? Sent::kGone : Sent::kFull;
  return SendParts(frame) ? Sent::kYes : Sent::kFull;
}

bool ZmqSocket::ReceivePart(zmq::message_t* part, bool* more) {
  if (zmq_msg_recv(part->handle(), socket_.handle(), ZMQ_DONTWAIT) < 0) return false;
  *more = part->more();
  return true;
}

ZmqSocket::Arrival ZmqSocket::Receive(std::string* routing_id, ZmqFrame* frame) {
  bool more = false;
  frame->others.clear();
  if (!ReceivePart(&frame->head, &more)) return Arrival::kNothing;
  if (type_ == zmq::socket_type::router) {
    routing_id->assign(frame->head.data<char>(), frame->head.size());
    // Parts of one message become visible together.
    if (!more || !ReceivePart(&frame->head, &more)) return Arrival::kTooManyParts;
  }
  zmq::message_t part;
  while (more && ReceivePart(&part, &more)) {
    // What is beyond the limit is thrown away as it comes.
    if (frame->others.size() < limits::kFramePiecesMax) frame->others.push_back(std::move(part));
  }
  const bool is_legal = frame->others.size() < limits::kFramePiecesMax;
  return is_legal ? Arrival::kFrame : Arrival::kTooManyParts;
}

}  // namespace cairn
