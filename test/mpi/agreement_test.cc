#include "mpi/agreement.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/status.h"

namespace cairn::mpi {
namespace {

TEST_CASE("OwnComm has the ranks of the one that it was made of", "[mpi]") {
  const auto comm = OwnComm::Duplicate(MPI_COMM_WORLD);
  REQUIRE(comm.ok());
  int rank = -1, size = -1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  CHECK(comm->rank() == rank);
  CHECK(comm->size() == size);
  CHECK(comm->machines() == 1);
  CHECK(OwnComm::Duplicate(MPI_COMM_NULL).status().code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("All ranks hear of the first one that has failed", "[mpi]") {
  const auto comm = OwnComm::Duplicate(MPI_COMM_WORLD);
  REQUIRE(comm.ok());
  CHECK(comm->Agree({}).ok());
  const int from = comm->size() / 2;
  const absl::Status mine =
      comm->rank() < from ? absl::OkStatus() : NotFound("no cake at rank ", comm->rank());
  const absl::Status agreed = comm->Agree(mine);
  CHECK(agreed.code() == absl::StatusCode::kNotFound);
  CHECK(MessageOf(agreed) == Concat("rank ", from, ": no cake at rank ", from));
}

TEST_CASE("A text goes from any rank to all", "[mpi]") {
  const auto comm = OwnComm::Duplicate(MPI_COMM_WORLD);
  REQUIRE(comm.ok());
  for (int root = 0; root < comm->size(); ++root) {
    for (const size_t size : {size_t{0}, size_t{1}, size_t{100'000}}) {
      const std::string sent(size, static_cast<char>('a' + root));
      const auto received = comm->Broadcast(comm->rank() == root ? sent : "of no interest", root);
      REQUIRE(received.ok());
      CHECK(*received == sent);
    }
  }
}

}  // namespace
}  // namespace cairn::mpi
