#include <algorithm>
#include <string>
#include <utility>

#include "base/status.h"
#include "cairn/mpi.h"
#include "mpi/agreement.h"
#include "transport/address.h"

namespace cairn::mpi {
namespace {

// Which rank does what: a function of the layout and of the number of ranks.
struct Plan {
  int first_server = 0, servers = 0;
  int first_worker = 0, workers = 0;

  bool IsServer(int rank) const { return rank >= first_server && rank < first_server + servers; }
  bool IsWorker(int rank) const { return rank >= first_worker; }
};

absl::StatusOr<Plan> MakePlan(const Options& options, int ranks) {
  const bool is_shared = options.layout == Layout::kShared;
  const auto wanted = static_cast<int64_t>(options.servers);
  if (!is_shared && wanted == 0) return InvalidArgument("a cluster needs at least one server");
  const int64_t least = is_shared ? std::max<int64_t>(wanted, 1) : 1 + wanted + 1;
  if (ranks < least) {
    const char* const needs = is_shared ? " servers need as many ranks"
                                        : " servers need as many ranks, and a coordinator and "
                                          "workers at least one each";
    return InvalidArgument(wanted, needs, ": there are ", ranks);
  }
  Plan plan;
  plan.servers = is_shared && wanted == 0 ? ranks : static_cast<int>(wanted);
  plan.first_server = is_shared ? 0 : 1;
  plan.first_worker = is_shared ? 0 : 1 + plan.servers;
  plan.workers = ranks - plan.first_worker;
  return plan;
}

// Of ranks on several machines.
absl::Status CheckReachable(const std::string& listen, int machines) {
  CAIRN_ASSIGN_OR_RETURN(const Address address, ParseAddress(listen));
  if (machines == 1 || !IsLocal(address)) return {};
  return FailedPrecondition(listen, " is reached from this machine only, and the ranks are on ",
                            machines,
                            ": listen on tcp://0.0.0.0:0, and set `insecure` if you trust "
                            "the network");
}

class MpiMember final : public Member {
 public:
  MpiMember(const Plan& plan, int rank) : plan_(plan), rank_(rank) {}

  Client* client() override { return client_.get(); }
  uint32_t worker() const override {
    return static_cast<uint32_t>(std::max(rank_ - plan_.first_worker, 0));
  }
  uint32_t workers() const override { return static_cast<uint32_t>(plan_.workers); }
  bool is_coordinator() const override { return coordinator_ != nullptr; }
  bool is_server() const override { return server_ != nullptr; }

  absl::Status Finish() override {
    client_.reset();
    absl::Status status;
    if (coordinator_ != nullptr) status = coordinator_->Wait();
    if (server_ != nullptr) {
      const absl::Status served = server_->Wait();
      if (status.ok()) status = served;
    }
    return status;
  }

  // The coordinator's address, of rank 0.
  absl::StatusOr<std::string> Coordinate(Coordinator::Options options) {
    options.servers = static_cast<uint32_t>(plan_.servers);
    if (options.job.mode.consistency != Consistency::kAsp) options.job.streams = workers();
    CAIRN_ASSIGN_OR_RETURN(coordinator_, Coordinator::Start(options));
    return coordinator_->address();
  }
  absl::Status Serve(Server::Options options, const std::string& coordinator) {
    options.coordinator = coordinator;
    CAIRN_ASSIGN_OR_RETURN(server_, Server::Start(options));
    return {};
  }
  absl::Status Work(Client::Options options, const std::string& coordinator) {
    options.coordinator = coordinator;
    CAIRN_ASSIGN_OR_RETURN(client_, Client::Join(options));
    return {};
  }

 private:
  const Plan plan_;
  const int rank_;
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;  // Goes before what it talks to.
};

// What goes round before anything is started: everybody has to be of one opinion.
absl::Status CheckSame(const OwnComm& comm, const Options& options) {
  const std::string mine = Concat(static_cast<int>(options.layout), " ", options.servers);
  CAIRN_ASSIGN_OR_RETURN(const std::string first, comm.Broadcast(mine, 0));
  return comm.Agree(mine == first ? absl::OkStatus()
                                  : InvalidArgument("layout and servers are not those of rank 0"));
}

// The coordinator's address, of rank 0.
absl::StatusOr<std::string> StartCoordinator(const OwnComm& comm, const Options& options,
                                             MpiMember* member) {
  std::string address;
  absl::Status status;
  if (comm.rank() == 0) {
    status = CheckReachable(options.coordinator.listen, comm.machines());
    if (status.ok()) {
      auto started = member->Coordinate(options.coordinator);
      status = started.status();
      if (started.ok()) address = *std::move(started);
    }
  }
  CAIRN_RETURN_IF_ERROR(comm.Agree(status));
  return comm.Broadcast(address, 0);
}

absl::Status StartServers(const OwnComm& comm, const Plan& plan, const Options& options,
                          const std::string& coordinator, MpiMember* member) {
  absl::Status status;
  if (plan.IsServer(comm.rank())) {
    status = CheckReachable(options.server.listen, comm.machines());
    if (status.ok()) status = member->Serve(options.server, coordinator);
  }
  return comm.Agree(status);
}

// Streams are given out in the order in which workers come: the ranks', so that rows of data, which
// a program shares out by rank, are always of the same stream, and its bits in kBsp the same ones.
// In kAsp all come at once.
absl::Status JoinWorkers(const OwnComm& comm, const Plan& plan, const Options& options,
                         const std::string& coordinator, MpiMember* member) {
  const bool is_asp = options.coordinator.job.mode.consistency == Consistency::kAsp;
  CAIRN_ASSIGN_OR_RETURN(const std::string order, comm.Broadcast(is_asp ? "any" : "ranks", 0));
  if (order == "any") {
    const bool is_worker = plan.IsWorker(comm.rank());
    return comm.Agree(is_worker ? member->Work(options.client, coordinator) : absl::OkStatus());
  }
  for (int rank = plan.first_worker; rank < comm.size(); ++rank) {
    const bool is_next = rank == comm.rank();
    CAIRN_RETURN_IF_ERROR(
        comm.Agree(is_next ? member->Work(options.client, coordinator) : absl::OkStatus()));
  }
  return {};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Member>> Join(MPI_Comm communicator, const Options& options) {
  CAIRN_ASSIGN_OR_RETURN(const OwnComm comm, OwnComm::Duplicate(communicator));
  CAIRN_RETURN_IF_ERROR(CheckSame(comm, options));
  const auto plan = MakePlan(options, comm.size());
  CAIRN_RETURN_IF_ERROR(comm.Agree(plan.status()));
  auto member = std::make_unique<MpiMember>(*plan, comm.rank());
  CAIRN_ASSIGN_OR_RETURN(const std::string address, StartCoordinator(comm, options, member.get()));
  CAIRN_RETURN_IF_ERROR(StartServers(comm, *plan, options, address, member.get()));
  CAIRN_RETURN_IF_ERROR(JoinWorkers(comm, *plan, options, address, member.get()));
  return member;
}

}  // namespace cairn::mpi
