// A server inside your own program: holds partitions of the model and runs the optimizers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cairn/optimizer.h"

namespace cairn {

class Server {
 public:
  struct Options {
    std::string coordinator;                   // "tcp://HOST:PORT" or "ipc:///PATH".
    std::string listen = "tcp://127.0.0.1:0";  // Port 0: any free one; see address().
    std::string advertise = {};  // What others are told instead: for 0.0.0.0, or a port mapping.
    uint32_t executors = 1;      // Threads that own partitions.
    RowOptimizers optimizers;    // Your own, beyond the built-in ones.
    bool insecure = false;       // Allow a listen address that others can reach.
    absl::Duration join_timeout = absl::Seconds(60);
    absl::Duration orphan_timeout = absl::Seconds(60);  // Without a coordinator: it ends itself.
    absl::Duration leave_timeout = absl::Seconds(20);   // See Leave.
  };
  // Listens, and joins in the background. kFailedPrecondition: the address is not loopback and
  // `insecure` is not set; kUnavailable: it cannot be bound.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const Options& options);
  virtual ~Server() = default;  // Leaves at once; the job will miss it.

  virtual const std::string& address() const = 0;
  // Blocks until the job is over. OK: it ended well. Otherwise why not, by the coordinator's words
  // or because there is no coordinator.
  virtual absl::Status Wait() = 0;
  // The same within `patience`: whether the job is over.
  virtual bool WaitFor(absl::Duration patience) const = 0;
  // Leaves in good order. The coordinator is told; with checkpoints it takes one and lets this
  // server go then, or the server goes by itself after leave_timeout, and the job goes on from
  // there with others. Without, the job ends if it is under way. Returns at once; Wait returns
  // kCancelled when the server has left.
  virtual void Leave() = 0;
  // kUnavailable: the coordinator has not answered yet, or not for some seconds.
  virtual absl::Status Health() const = 0;
};

// The program ps_server: reads the command line, serves, returns the exit code. For your own
// ps_server with your own optimizers: examples/custom_optimizer.
int ServerMain(int argc, char** argv, const RowOptimizers& optimizers);

}  // namespace cairn
