// The transport within one process: messages are handed over by pointer, nothing is encoded.
#pragma once

#include <memory>

#include "transport/transport.h"

namespace cairn {

// The "wire" of one embedded cluster. Several may live in one process; they do not see each other.
// Thread-safe. Endpoints may outlive the network object.
class InProcessNetwork {
 public:
  InProcessNetwork();
  ~InProcessNetwork();
  InProcessNetwork(const InProcessNetwork&) = delete;
  InProcessNetwork& operator=(const InProcessNetwork&) = delete;

  // A new endpoint with an address of its own, "inproc://<n>", never used again. `handler` runs on
  // the sender's thread, inside Send or Reply: it must not lock what a sender may hold. Sends to
  // an endpoint that is gone, or to an address that never was, are dropped and counted. The
  // endpoint's destructor waits for the handlers that are running.
  std::unique_ptr<Transport> Open(MessageHandler handler);

 private:
  class State;
  class Endpoint;
  class InProcessTransport;

  const std::shared_ptr<State> state_;  // Shared with the endpoints, of unknown life times.
};

}  // namespace cairn
