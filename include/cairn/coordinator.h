// A coordinator inside your own program: forms the cluster, keeps the map, ends the job.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cairn/job.h"

namespace cairn {

class Coordinator {
 public:
  struct Options {
    JobSpec job;
    uint32_t servers = 1;                      // The job starts when this many have joined.
    std::string listen = "tcp://127.0.0.1:0";  // Port 0: any free one; see address().
    std::string advertise = {};  // What others are told instead: for 0.0.0.0, or a port mapping.
    bool insecure = false;       // Allow a listen address that others can reach.
    std::string save_dir;        // Where the model goes at the end; empty: nowhere.
    // Checkpoints while the job goes on; empty: none. All servers have to see the directory. After
    // the loss of a server the job goes back to the last one, and clients push again what is lost
    // (Client::Resume).
    std::string checkpoint_dir = {};
    absl::Duration checkpoint_every = absl::Seconds(60);  // From one to the next.
    uint32_t checkpoints_kept = 2;                        // So many of the newest, 1 to 100.
    uint32_t checkpoint_full_every = 8;                   // As TrainOptions has it.
    bool resume = false;  // Go on from the newest one there, if there is one.
    absl::Duration form_timeout = absl::Seconds(60);  // For the servers to join.
  };
  // kInvalidArgument: the job contradicts itself.
  static absl::StatusOr<std::unique_ptr<Coordinator>> Start(const Options& options);
  virtual ~Coordinator() = default;  // Ends the job at once.

  virtual const std::string& address() const = 0;
  // Blocks until the job is over: all clients that came have left, or Finish, or an error.
  virtual absl::Status Wait() = 0;
  // Ends the job well: saves if that was asked for, tells everybody, and waits.
  virtual absl::Status Finish() = 0;
};

}  // namespace cairn
