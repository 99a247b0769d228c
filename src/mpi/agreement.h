// What the ranks of a communicator tell each other while a cluster is formed.
#pragma once

#include <mpi.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn::mpi {

// A communicator of our own with the same ranks: on it errors are returned, and nobody else's
// messages travel. Freed with this object, which is collective. Move-only.
class OwnComm {
 public:
  // Collective. kFailedPrecondition: MPI is not initialised, or finalised already.
  static absl::StatusOr<OwnComm> Duplicate(MPI_Comm comm);
  OwnComm(OwnComm&& other) noexcept;
  OwnComm& operator=(OwnComm&&) = delete;
  ~OwnComm();

  int rank() const { return rank_; }
  int size() const { return size_; }
  int machines() const { return machines_; }  // That its ranks are on.

  // Collective: OK if all say so; else, everywhere, what the first rank that does not has said.
  absl::Status Agree(const absl::Status& mine) const;
  // Collective: `text` of `root`, everywhere.
  absl::StatusOr<std::string> Broadcast(const std::string& text, int root) const;

 private:
  explicit OwnComm(MPI_Comm comm) : comm_(comm) {}
  absl::Status Look();

  MPI_Comm comm_;
  int rank_ = 0, size_ = 0, machines_ = 0;
};

}  // namespace cairn::mpi
