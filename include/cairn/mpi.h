// Cairn inside an MPI job that you have already: the ranks of a communicator become a cluster.
//
//   MPI_Init(&argc, &argv);
//   cairn::mpi::Options options;
//   options.coordinator.job.tables = {weights};
//   auto member = cairn::mpi::Join(MPI_COMM_WORLD, options);
//   if (cairn::Client* client = (*member)->client()) Train(client, (*member)->worker());
//   (*member)->Finish();
//   MPI_Finalize();
//
// Addresses travel by MPI, everything else by Cairn's own connections; after Join no MPI function
// is called. cairn::mpi is a library of its own: nothing else of Cairn needs MPI.
#pragma once

#include <mpi.h>

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/client.h"
#include "cairn/coordinator.h"
#include "cairn/server.h"

namespace cairn::mpi {

// Who does what.
enum class Layout : uint8_t {
  kSplit,   // Rank 0 coordinates, the next ones are servers, the others are workers.
  kShared,  // All ranks are workers; the first ones host a server, too, and rank 0 coordinates.
};

struct Options {
  // The same in all ranks.
  Layout layout = Layout::kSplit;
  uint32_t servers = 1;  // kShared, 0: one in each rank.

  // Of these, what is said of a coordinator's address and of the number of servers is filled in.
  // In kBsp and kSsp, so is job.streams: one for each worker, in the order of the ranks.
  Coordinator::Options coordinator = {};  // Rank 0's holds.
  Server::Options server = {};
  Client::Options client = {};
};

// A rank's part in one job. Client may be used by any threads, the rest by one.
class Member {
 public:
  virtual ~Member() = default;  // Without Finish: leaves at once, and the job will miss it.

  // Null: this rank is no worker. Valid until Finish.
  virtual Client* client() = 0;
  virtual uint32_t worker() const = 0;   // A worker's number among them, from 0; of others 0.
  virtual uint32_t workers() const = 0;  // So many there are.
  virtual bool is_coordinator() const = 0;
  virtual bool is_server() const = 0;

  // A worker leaves the job: wait for your pushes before. Servers and the coordinator go on until
  // all workers have left (or were lost), the model is saved, if that was asked for, and the job is
  // over. No collective operation: a rank that has died does not keep the others waiting. Returns
  // why the job ended, of a rank that is a worker and nothing else OK. Once.
  virtual absl::Status Finish() = 0;
};

// Collective over `comm`, on which nothing is sent; may be called again for other jobs, also at the
// same time on communicators that share ranks, from the thread that uses MPI. All ranks get the
// same answer. kInvalidArgument: too few ranks, or the job contradicts itself; kFailedPrecondition:
// MPI is not initialised, or the ranks are on several machines and an address is a loopback one;
// else what Start and Join of the roles return, said with the rank that has met it.
absl::StatusOr<std::unique_ptr<Member>> Join(MPI_Comm comm, const Options& options);

}  // namespace cairn::mpi
