// The transport between processes: tcp (IPv4, IPv6) and ipc over ZeroMQ, one frame a message.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "transport/transport.h"
#include "wire/codec.h"

namespace cairn {

struct ZmqOptions {
  // Where to listen: "tcp://127.0.0.1:0" (port 0: any free one), "tcp://[::1]:4100",
  // "tcp://0.0.0.0:4100", "ipc:///run/cairn/s1". Empty: only outgoing connections, over which
  // others may still Reply.
  std::string listen;

  // Nothing authenticates or encrypts: whoever reaches the port can ruin the job. So anything but
  // a loopback address or ipc is refused, unless the user has said that the network is trusted.
  bool insecure = false;

  // What others are told to connect to, if it is not the address listened on: a name that they
  // know, or the outer side of a port mapping. Port 0: the one listened on. See
  // transport/advertise.h.
  std::string advertise = {};

  // Of bulk messages; control messages always have one.
  Checksum checksum = Checksum::kControl;
};

// Opens a transport with a thread of its own, on which `handler` runs and frames are decoded;
// encoding is done by the caller of Send. kInvalidArgument: an address that is none;
// kFailedPrecondition: a refused one, or one for which there is nothing to announce; kUnavailable:
// it is taken, or not of this machine.
//
// Send keeps what cannot go out yet (a connection is being made, the peer is slow) for up to
// kSendQueueMillisMax and kPeerQueueBytesMax, and then drops it, the newest first: a stream's
// messages build on each other. Frames that are not messages are counted, logged now and then, and
// dropped; one of another version of the protocol is answered with a version notice, and a notice
// from a peer that this endpoint has connected to reaches the handler. Reply routes by Header::from
// as the peer claims it.
absl::StatusOr<std::unique_ptr<Transport>> MakeZmqTransport(const ZmqOptions& options,
                                                            MessageHandler handler);

}  // namespace cairn
