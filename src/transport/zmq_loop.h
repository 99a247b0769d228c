// The thread behind ZmqTransport: it owns every socket, and nobody else touches one.
#pragma once

#include <poll.h>

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "base/mutex.h"
#include "base/time_source.h"
#include "transport/route_table.h"
#include "transport/send_queue.h"
#include "transport/transport.h"
#include "transport/zmq_socket.h"
#include "wire/limits.h"

namespace cairn {

// Counters that one thread or many add to and any thread reads.
struct ZmqCounters {
  std::atomic<uint64_t> messages_sent{0}, messages_received{0}, messages_dropped{0};
  std::atomic<uint64_t> frames_refused{0}, versions_refused{0};
  std::atomic<uint64_t> bytes_sent{0}, bytes_received{0};
};

inline void Count(std::atomic<uint64_t>& counter, uint64_t by = 1) {
  counter.fetch_add(by, std::memory_order_relaxed);
}

// Order: construct, SetListener, Run on one thread, RequestStop and Enqueue on any, destroy after
// Run has returned.
class ZmqLoop {
 public:
  // What another thread asks for.
  struct Command {
    enum class Kind { kSend, kReply, kRun, kDisconnect };
    Kind kind = Kind::kSend;
    std::string address;  // kSend, kDisconnect.
    ProcessId to;         // kReply.
    ZmqFrame frame;
    std::function<void()> task = {};  // kRun.
  };

  explicit ZmqLoop(MessageHandler handler);
  ~ZmqLoop();
  ZmqLoop(const ZmqLoop&) = delete;
  ZmqLoop& operator=(const ZmqLoop&) = delete;

  zmq::context_t& context() { return context_; }
  void SetListener(ZmqSocket socket);

  // Hands over a command; a frame for which there is no room is dropped and counted. While the loop
  // has nothing to do but to wait, the calling thread carries it out, which saves a wake-up: what a
  // task does it may find itself doing then, so it holds no lock that a task takes.
  void Enqueue(Command command) CAIRN_EXCLUDES(mutex_);
  void RequestStop() CAIRN_EXCLUDES(mutex_);
  // One message that never became a command.
  void CountDropped() { Count(counters_.messages_dropped); }

  // Sends and receives until RequestStop, then sends what it still can.
  void Run();

  const ZmqCounters& counters() const { return counters_; }

 private:
  using Queue = SendQueue<ZmqFrame>;

  // A socket, and whether it may have something to do.
  struct Channel {
    explicit Channel(ZmqSocket s) : socket(std::move(s)) {}
    ZmqSocket socket;
    bool ready = true;
    size_t polled = 0;  // Its place in polled_; 0: it has none yet.
  };
  struct Listener : Channel {
    using Channel::Channel;
    std::map<std::string, Queue> queues;  // By routing id; empty queues are erased.
  };
  struct Connection : Channel {
    Connection(ZmqSocket s, Queue q) : Channel(std::move(s)), queue(std::move(q)) {}
    Queue queue;
  };

  void Wake();
  void Wait() CAIRN_EXCLUDES(mutex_);
  bool IsReady(const Channel& channel) const;
  int WaitMillis() const;
  bool TakeCommands() CAIRN_EXCLUDES(mutex_);  // False: it is time to stop.
  // Of another thread, in the place of the loop's, which waits.
  void StandIn(Command command) CAIRN_EXCLUDES(mutex_);
  void Send();
  void Execute(Command command);
  void SendOver(const std::string& route, ZmqFrame frame);
  Connection* ConnectionTo(const std::string& address);
  void Push(Queue* queue, ZmqFrame frame);
  void Service();
  void ServiceListener();
  void FlushListener();
  void ServiceConnection(const std::string& address, Connection* connection);
  void Renew(const std::string& address, Connection* connection);
  // Receives a batch. True if there may be more.
  bool Receive(ZmqSocket* socket, const std::string* address);
  void Deliver(const std::string& route, ZmqFrame frame);
  // A peer of another release: tell it, now and then, which one this is,
  void RefuseVersion(const std::string& route, const VersionNotice& theirs);
  // and pass on what it tells of itself, if it was this process that connected to it.
  void DeliverNotice(const std::string& route, VersionNotice theirs);
  // Sends what can be sent, and drops what is too old.
  void Flush(Queue* queue, ZmqSocket* socket, const std::string* routing_id);
  void Drop(Queue* queue);
  void Release(size_t bytes) { bytes_waiting_.fetch_sub(bytes, std::memory_order_relaxed); }

  const MessageHandler handler_;
  const RealTimeSource time_;
  const int wake_fd_;  // An eventfd: readable when there are commands.

  // The loop's thread, or who stands in for it.
  zmq::context_t context_;
  std::optional<Listener> listener_;
  std::map<std::string, Connection> connections_;  // By address.
  RouteTable routes_{limits::kProcessesMax};       // See kListenerRoute in the .cc.
  std::vector<pollfd> polled_;                     // Scratch of Wait.
  Micros now_ = 0;                                 // When this round began.
  Micros next_notice_ = 0;                         // Of a version: not before.

  // Any thread.
  ZmqCounters counters_;
  std::atomic<size_t> bytes_waiting_{0};  // In commands and queues together.
  Mutex mutex_;
  CondVar left_;  // Who stood in has left.
  std::deque<Command> commands_ CAIRN_GUARDED_BY(mutex_);
  bool stop_ CAIRN_GUARDED_BY(mutex_) = false;
  bool waiting_ CAIRN_GUARDED_BY(mutex_) = false;   // Only a Wake gets it to look at commands_.
  bool stood_in_ CAIRN_GUARDED_BY(mutex_) = false;  // It stays in Wait.
};

}  // namespace cairn
