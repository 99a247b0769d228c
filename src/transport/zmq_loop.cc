#include "transport/zmq_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <iterator>
#include <optional>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/status.h"
#include "wire/codec.h"
#include "wire/frame_header.h"
#include "wire/version_notice.h"

namespace cairn {
namespace {

// Routes in the route table: this and a routing id of the listener, or else the address of a
// connection, which never begins so.
constexpr char kListenerRoute = '\0';

// Of a thread that stands in: what others want from it meanwhile.
constexpr int kStandInRounds = 4;

// Messages taken from one socket before the others get their turn.
constexpr int kReceiveBatch = 64;

// ZeroMQ does not say when one slow peer of many has room again, so replies are tried anew.
constexpr int kRetryReplyMillis = 2;
// How often frames that wait for a connection are looked at for their age.
constexpr int kCheckAgeMillis = 100;

// Version notices, of all routes together: peers repeat themselves, so each gets one in the end.
constexpr Micros kNoticeEvery = 10 * kMicrosPerMilli;

constexpr SendQueue<ZmqFrame>::Limits kQueueLimits = {
    .bytes_max = limits::kPeerQueueBytesMax,
    .age_max = limits::kSendQueueMillisMax * kMicrosPerMilli};

// Values of frames of this length are used where they were received.
constexpr size_t kKeptBytesMin = 4'096;

std::span<const std::byte> BytesOf(const zmq::message_t& part) {
  return {static_cast<const std::byte*>(part.data()), part.size()};
}

absl::StatusOr<MessagePtr> Decode(const ZmqFrame& frame, const std::shared_ptr<const void>& owner) {
  if (frame.others.empty()) return DecodeMessage(FrameView{BytesOf(frame.head)}, owner);
  std::vector<std::span<const std::byte>> others;
  for (const zmq::message_t& part : frame.others) others.push_back(BytesOf(part));
  return DecodeMessage(FrameView{BytesOf(frame.head), others}, owner);
}

}  // namespace

ZmqLoop::ZmqLoop(MessageHandler handler)
    : handler_(std::move(handler)), wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  CAIRN_CHECK(wake_fd_ >= 0, "no file descriptor left");
  context_.set(zmq::ctxopt::max_sockets, limits::kConnectionsMax + 1);
}

ZmqLoop::~ZmqLoop() { close(wake_fd_); }

void ZmqLoop::SetListener(ZmqSocket socket) { listener_.emplace(std::move(socket)); }

void ZmqLoop::Wake() {
  const uint64_t one = 1;
  // Fails only when the counter is full, and then the loop is awake anyway.
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof one);
}

void ZmqLoop::Enqueue(Command command) {
  const size_t bytes = command.frame.size();
  if (bytes_waiting_.fetch_add(bytes, std::memory_order_relaxed) + bytes >
          limits::kSendQueueBytesMax &&
      bytes > 0) {
    Release(bytes);
    Count(counters_.messages_dropped);
    LOG_EVERY_N(WARNING, 1'000) << "more than " << limits::kSendQueueBytesMax
                                << " bytes wait to be sent: dropping messages";
    return;
  }
  bool stands_in = false, wake = false;
  {
    MutexLock lock(mutex_);
    const bool is_idle = waiting_ && !stood_in_ && commands_.empty() && !stop_;
    // Sockets are only taken away by the loop itself, which waits for them.
    stands_in = is_idle && command.kind != Command::Kind::kDisconnect;
    if (stands_in) {
      stood_in_ = true;
    } else {
      wake = is_idle;
      commands_.push_back(std::move(command));
    }
  }
  if (stands_in) {
    StandIn(std::move(command));
  } else if (wake) {
    Wake();
  }
}

void ZmqLoop::StandIn(Command command) {
  now_ = time_.NowMicros();
  const size_t connections = connections_.size();
  Execute(std::move(command));
  // A task sends, and others have their commands meanwhile: but not for ever.
  for (int round = 0; round < kStandInRounds; ++round) {
    std::deque<Command> commands;
    {
      MutexLock lock(mutex_);
      commands.swap(commands_);
    }
    if (commands.empty()) break;
    for (Command& next : commands) Execute(std::move(next));
  }
  Send();
  // The loop waits for neither new sockets nor what is still in queues, and what has come meanwhile
  // may have gone unnoticed.
  bool wake = connections_.size() != connections;
  if (listener_.has_value()) wake |= listener_->ready || !listener_->queues.empty();
  for (auto& [address, connection] : connections_) {
    wake |= connection.ready || !connection.queue.empty();
  }
  MutexLock lock(mutex_);
  stood_in_ = false;
  left_.NotifyOne();
  if (wake || !commands_.empty() || stop_) Wake();
}

void ZmqLoop::RequestStop() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
  }
  Wake();
}

void ZmqLoop::Run() {
  do {
    Wait();
    Service();
  } while (TakeCommands());
  Send();  // Last words.
  if (listener_.has_value()) listener_->socket.AllowLastWords(limits::kCloseMillisMax);
  for (auto& [address, connection] : connections_) {
    connection.socket.AllowLastWords(limits::kCloseMillisMax);
  }
  connections_.clear();
  listener_.reset();
}

// ---- Waiting ----

void ZmqLoop::Wait() {
  polled_.assign(1, {wake_fd_, POLLIN, 0});
  const auto add = [this](Channel* channel) {
    channel->polled = polled_.size();
    polled_.push_back({channel->socket.fd(), POLLIN, 0});
  };
  if (listener_.has_value()) add(&*listener_);
  for (auto& [address, connection] : connections_) add(&connection);
  int millis = WaitMillis();
  {
    MutexLock lock(mutex_);
    if (stop_ || !commands_.empty()) millis = 0;
    waiting_ = millis != 0;
  }
  const int ready = poll(polled_.data(), polled_.size(), millis);
  {
    MutexLock lock(mutex_);
    while (stood_in_) left_.Wait(mutex_);
    waiting_ = false;
  }
  now_ = time_.NowMicros();
  if (ready < 0) return;  // EINTR: somebody's signal handler ran. Going round does no harm.
  if (polled_[0].revents != 0) {
    uint64_t ignored;
    [[maybe_unused]] const ssize_t got = read(wake_fd_, &ignored, sizeof ignored);
  }
  if (listener_.has_value()) {
    listener_->ready |= IsReady(*listener_) || !listener_->queues.empty();
  }
  for (auto& [address, connection] : connections_) {
    connection.ready |= IsReady(connection) || connection.queue.Stale(now_);
  }
}

// By the last poll.
bool ZmqLoop::IsReady(const Channel& channel) const {
  return channel.polled > 0 && polled_[channel.polled].revents != 0;
}

int ZmqLoop::WaitMillis() const {
  bool waiting = false;
  if (listener_.has_value() && listener_->ready) return 0;
  for (const auto& [address, connection] : connections_) {
    if (connection.ready) return 0;
    waiting |= !connection.queue.empty();
  }
  if (listener_.has_value() && !listener_->queues.empty()) return kRetryReplyMillis;
  return waiting ? kCheckAgeMillis : -1;
}

// ---- Commands ----

bool ZmqLoop::TakeCommands() {
  std::deque<Command> commands;
  bool stop = false;
  {
    MutexLock lock(mutex_);
    commands.swap(commands_);
    stop = stop_;
  }
  for (Command& command : commands) Execute(std::move(command));
  if (!commands.empty()) Send();
  return !stop;
}

void ZmqLoop::Execute(Command command) {
  switch (command.kind) {
    case Command::Kind::kSend:
      return SendOver(command.address, std::move(command.frame));
    case Command::Kind::kReply: {
      const std::string* route = routes_.Find(command.to);
      return SendOver(route == nullptr ? std::string() : *route, std::move(command.frame));
    }
    case Command::Kind::kRun:
      return command.task();
    case Command::Kind::kDisconnect: {
      const auto found = connections_.find(command.address);
      if (found == connections_.end()) return;
      Drop(&found->second.queue);
      connections_.erase(found);
      return;
    }
  }
}

void ZmqLoop::SendOver(const std::string& route, ZmqFrame frame) {
  if (!route.empty() && route[0] == kListenerRoute) {
    const auto [entry, added] = listener_->queues.try_emplace(route.substr(1), kQueueLimits);
    listener_->ready = true;
    return Push(&entry->second, std::move(frame));
  }
  Connection* const connection = ConnectionTo(route);
  if (connection == nullptr) {
    Release(frame.size());
    Count(counters_.messages_dropped);
    return;
  }
  connection->ready = true;
  Push(&connection->queue, std::move(frame));
}

// nullptr if there can be none; an empty address is that of nobody.
ZmqLoop::Connection* ZmqLoop::ConnectionTo(const std::string& address) {
  const auto found = connections_.find(address);
  if (found != connections_.end()) return &found->second;
  if (address.empty()) return nullptr;
  if (connections_.size() >= limits::kConnectionsMax) {
    LOG_EVERY_N(WARNING, 1'000) << "not connecting to " << address << ": there are "
                                << connections_.size() << " connections already";
    return nullptr;
  }
  absl::StatusOr<Address> parsed = ParseAddress(address);
  absl::StatusOr<ZmqSocket> socket =
      parsed.ok() ? ZmqSocket::Connect(context_, *parsed) : parsed.status();
  if (!socket.ok()) {
    LOG_EVERY_N(WARNING, 1'000) << "cannot send: " << MessageOf(socket.status());
    return nullptr;
  }
  return &connections_.try_emplace(address, *std::move(socket), Queue(kQueueLimits)).first->second;
}

void ZmqLoop::Push(Queue* queue, ZmqFrame frame) {
  if (queue->Push(std::move(frame), now_)) return;
  Release(frame.size());
  Count(counters_.messages_dropped);
}

// ---- Sockets ----

// What waits to be sent; what has come is left to Service.
void ZmqLoop::Send() {
  if (listener_.has_value() && listener_->ready) {
    FlushListener();
    listener_->ready = listener_->socket.Readable();
  }
  for (auto& [address, connection] : connections_) {
    // What is too old may have to do with the connection, which Service looks after.
    if (!connection.ready || connection.queue.Stale(now_)) continue;
    Flush(&connection.queue, &connection.socket, nullptr);
    connection.ready =
        connection.socket.Readable() || (!connection.queue.empty() && connection.socket.Writable());
  }
}

void ZmqLoop::Service() {
  if (listener_.has_value() && listener_->ready) ServiceListener();
  for (auto& [address, connection] : connections_) {
    if (connection.ready) ServiceConnection(address, &connection);
  }
}

void ZmqLoop::ServiceListener() {
  const bool more = Receive(&listener_->socket, nullptr);
  FlushListener();
  listener_->ready = more || listener_->socket.Readable();
}

void ZmqLoop::FlushListener() {
  for (auto entry = listener_->queues.begin(); entry != listener_->queues.end();) {
    Flush(&entry->second, &listener_->socket, &entry->first);
    entry = entry->second.empty() ? listener_->queues.erase(entry) : std::next(entry);
  }
}

void ZmqLoop::ServiceConnection(const std::string& address, Connection* connection) {
  const bool more = Receive(&connection->socket, &address);
  if (connection->queue.Stale(now_) && !connection->socket.Writable()) Renew(address, connection);
  Flush(&connection->queue, &connection->socket, nullptr);
  connection->ready = more || connection->socket.Readable() ||
                      (!connection->queue.empty() && connection->socket.Writable());
}

bool ZmqLoop::Receive(ZmqSocket* socket, const std::string* address) {
  std::string routing_id;
  ZmqFrame frame;
  for (int i = 0; i < kReceiveBatch; ++i) {
    switch (socket->Receive(&routing_id, &frame)) {
      case ZmqSocket::Arrival::kNothing:
        return false;
      case ZmqSocket::Arrival::kTooManyParts:
        Count(counters_.frames_refused);
        LOG_EVERY_N(WARNING, 1'000) << "refused a message of too many parts: not one of ours";
        break;
      case ZmqSocket::Arrival::kFrame:
        Deliver(address != nullptr ? *address : kListenerRoute + routing_id, std::move(frame));
        break;
    }
  }
  return true;
}

void ZmqLoop::Deliver(const std::string& route, ZmqFrame frame) {
  if (const std::optional<VersionNotice> theirs = ForeignVersion(BytesOf(frame.head))) {
    return RefuseVersion(route, *theirs);
  }
  const size_t bytes = frame.size();
  // Short ones are copied while they are decoded, and what ZeroMQ has for them is free again.
  const bool is_kept = bytes >= kKeptBytesMin;
  const auto kept = is_kept ? std::make_shared<ZmqFrame>(std::move(frame)) : nullptr;
  absl::StatusOr<MessagePtr> message = Decode(is_kept ? *kept : frame, kept);
  if (!message.ok()) {
    Count(counters_.frames_refused);
    LOG_EVERY_N(WARNING, 1'000) << "refused a frame: " << MessageOf(message.status());
    return;
  }
  if (const auto* notice = BodyAs<VersionNotice>(**message)) return DeliverNotice(route, *notice);
  routes_.Learn((*message)->header.from, route);
  Count(counters_.messages_received);
  Count(counters_.bytes_received, bytes);
  handler_(*std::move(message));
}

void ZmqLoop::RefuseVersion(const std::string& route, const VersionNotice& theirs) {
  Count(counters_.frames_refused);
  Count(counters_.versions_refused);
  const bool came_in = route[0] == kListenerRoute;
  LOG_EVERY_N(WARNING, 1'000) << "refused a frame of protocol version " << theirs.major << '.'
                              << theirs.minor << " from "
                              << (came_in ? "a process that connected to this one" : route)
                              << "; this program speaks " << kWireMajor << '.' << kWireMinor;
  if (now_ < next_notice_) return;
  next_notice_ = now_ + kNoticeEvery;
  ZmqFrame notice = ToZmqFrame(WriteVersionNotice({kWireMajor, kWireMinor}));
  bytes_waiting_.fetch_add(notice.size(), std::memory_order_relaxed);
  SendOver(route, std::move(notice));
}

void ZmqLoop::DeliverNotice(const std::string& route, VersionNotice theirs) {
  if (route[0] == kListenerRoute || theirs.major == kWireMajor) return;
  theirs.address = route;
  handler_(std::make_shared<const Message>(Message{{}, std::move(theirs)}));
}

// ZeroMQ gives a connection up for good, without a word, once it has received what breaks its own
// protocol, such as a frame beyond the limit; from outside that looks like a peer who is not there.
void ZmqLoop::Renew(const std::string& address, Connection* connection) {
  absl::StatusOr<Address> parsed = ParseAddress(address);
  if (!parsed.ok()) return;
  absl::StatusOr<ZmqSocket> socket = ZmqSocket::Connect(context_, *parsed);
  if (socket.ok()) connection->socket = *std::move(socket);
}

void ZmqLoop::Flush(Queue* queue, ZmqSocket* socket, const std::string* routing_id) {
  while (!queue->empty()) {
    if (queue->Stale(now_)) {
      Release(queue->Pop());
      Count(counters_.messages_dropped);
      continue;
    }
    ZmqFrame* const frame = &queue->front();
    const ZmqSocket::Sent sent =
        routing_id == nullptr ? socket->Send(frame) : socket->SendTo(*routing_id, frame);
    if (sent == ZmqSocket::Sent::kFull) return;
    if (sent == ZmqSocket::Sent::kGone) return Drop(queue);
    const size_t bytes = queue->Pop();
    Release(bytes);
    Count(counters_.messages_sent);
    Count(counters_.bytes_sent, bytes);
  }
}

void ZmqLoop::Drop(Queue* queue) {
  while (!queue->empty()) {
    Release(queue->Pop());
    Count(counters_.messages_dropped);
  }
}

}  // namespace cairn
