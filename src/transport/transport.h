// How messages leave a process. Implementations: InProcessTransport (by pointer), ZmqTransport
// (tcp, ipc), SimTransport (test/sim). Delivery is best effort: a message may be lost, doubled or
// reordered, and every protocol above is built for that. Nothing here ever blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "wire/message.h"

namespace cairn {

// Called with each message that arrives, on a thread of the transport's choosing, possibly from
// several threads at once. Must not block (hand over to a mailbox) and must not destroy the
// transport.
using MessageHandler = std::function<void(MessagePtr)>;

// What an endpoint has done so far. Dropped is what could not be sent: queue full, nobody there,
// too old. Refused is what arrived and was no message; among it what was of another version of the
// protocol. Bytes are encoded bytes: 0 within one process.
struct TransportStats {
  uint64_t messages_sent = 0;
  uint64_t messages_received = 0;
  uint64_t messages_dropped = 0;
  uint64_t frames_refused = 0;
  uint64_t versions_refused = 0;
  uint64_t bytes_sent = 0;
  uint64_t bytes_received = 0;
};

// Thread-safe. Destruction stops delivery: no handler runs once the destructor has returned.
class Transport {
 public:
  virtual ~Transport() = default;

  // The address at which others reach this endpoint, as announced ("tcp://127.0.0.1:41793",
  // "inproc://3").
  virtual const std::string& address() const = 0;

  // Sends to the process at `address`, which is connected to on first use. Message::header.to is
  // left to the caller. Returns at once; errors show as silence and in the log.
  virtual void Send(const std::string& address, MessagePtr message) = 0;

  // Answers over the connection on which messages from `to` last arrived: for peers that cannot be
  // connected to (workers behind nothing but an outgoing connection).
  virtual void Reply(const ProcessId& to, MessagePtr message) = 0;

  // Runs `task` where the sending is done, and so saves who would send from there the wake-up of
  // another thread: on the transport's own thread or, while that one has nothing to do, on the
  // calling one, which therefore holds no lock that tasks take. Tasks keep their order, and so does
  // what they send among itself, not beside what others Send meanwhile. False, and nothing is done:
  // there is no such thread. What is under way when the transport is destroyed is dropped, unrun.
  // Tasks must not block.
  virtual bool Run(std::function<void()> task) = 0;

  // Forgets a connection: the process there is gone for good.
  virtual void Disconnect(const std::string& address) = 0;

  // A snapshot; each number only ever rises.
  virtual TransportStats Stats() const = 0;
};

}  // namespace cairn
