#include "mpi/agreement.h"

#include <array>
#include <cstdint>
#include <utility>

#include "base/status.h"

namespace cairn::mpi {
namespace {

absl::Status StatusOf(int code, const char* function) {
  if (code == MPI_SUCCESS) return {};
  std::array<char, MPI_MAX_ERROR_STRING> text;
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  return Unavailable(function, ": ", std::string(text.data(), static_cast<size_t>(length)));
}

}  // namespace

absl::StatusOr<OwnComm> OwnComm::Duplicate(MPI_Comm comm) {
  int is_initialized = 0, is_finalized = 0;
  MPI_Initialized(&is_initialized);
  MPI_Finalized(&is_finalized);
  if (is_initialized == 0 || is_finalized != 0) {
    return FailedPrecondition("MPI is not running: call MPI_Init before, and MPI_Finalize after");
  }
  if (comm == MPI_COMM_NULL) return InvalidArgument("the communicator is MPI_COMM_NULL");
  MPI_Comm own = MPI_COMM_NULL;
  CAIRN_RETURN_IF_ERROR(StatusOf(MPI_Comm_dup(comm, &own), "MPI_Comm_dup"));
  OwnComm result(own);
  CAIRN_RETURN_IF_ERROR(result.Look());
  return result;
}

OwnComm::OwnComm(OwnComm&& other) noexcept
    : comm_(std::exchange(other.comm_, MPI_COMM_NULL)),
      rank_(other.rank_),
      size_(other.size_),
      machines_(other.machines_) {}

OwnComm::~OwnComm() {
  if (comm_ != MPI_COMM_NULL) MPI_Comm_free(&comm_);
}

absl::Status OwnComm::Look() {
  MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN);
  MPI_Comm_rank(comm_, &rank_);
  MPI_Comm_size(comm_, &size_);
  MPI_Comm machine = MPI_COMM_NULL;
  const int split = MPI_Comm_split_type(comm_, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine);
  CAIRN_RETURN_IF_ERROR(StatusOf(split, "MPI_Comm_split_type"));
  int rank_there = 0;
  MPI_Comm_rank(machine, &rank_there);
  MPI_Comm_free(&machine);
  int is_first = rank_there == 0 ? 1 : 0;
  return StatusOf(MPI_Allreduce(&is_first, &machines_, 1, MPI_INT, MPI_SUM, comm_),
                  "MPI_Allreduce");
}

absl::Status OwnComm::Agree(const absl::Status& mine) const {
  int first = mine.ok() ? size_ : rank_;
  CAIRN_RETURN_IF_ERROR(
      StatusOf(MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, comm_), "MPI_Allreduce"));
  if (first == size_) return {};
  int code = static_cast<int>(mine.code());
  CAIRN_RETURN_IF_ERROR(StatusOf(MPI_Bcast(&code, 1, MPI_INT, first, comm_), "MPI_Bcast"));
  CAIRN_ASSIGN_OR_RETURN(const std::string text, Broadcast(std::string(MessageOf(mine)), first));
  return MakeError(static_cast<absl::StatusCode>(code), "rank ", first, ": ", text);
}

absl::StatusOr<std::string> OwnComm::Broadcast(const std::string& text, int root) const {
  uint64_t size = text.size();
  CAIRN_RETURN_IF_ERROR(StatusOf(MPI_Bcast(&size, 1, MPI_UINT64_T, root, comm_), "MPI_Bcast"));
  std::string received = text;
  received.resize(size);
  CAIRN_RETURN_IF_ERROR(StatusOf(
      MPI_Bcast(received.data(), static_cast<int>(size), MPI_CHAR, root, comm_), "MPI_Bcast"));
  return received;
}

}  // namespace cairn::mpi
