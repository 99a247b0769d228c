// Each test is one job, or several, of the ranks that this program runs in: four of them.
#include <catch2/catch.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "base/status.h"
#include "cairn/mpi.h"

namespace cairn::mpi {
namespace {

int RankIn(MPI_Comm comm) {
  int rank = -1;
  MPI_Comm_rank(comm, &rank);
  return rank;
}

Options CountingJob(Consistency consistency) {
  Options options;
  JobSpec& job = options.coordinator.job;
  job.mode.consistency = consistency;
  job.partitions = 8;
  job.tables.resize(1);
  job.tables[0].name = "counts";
  job.tables[0].parts[0].optimizer.name = "sum";
  return options;
}

constexpr int kSteps = 50;

// Everybody counts key 1; each worker its own key besides.
void Count(Member* member) {
  Client* const client = member->client();
  const Table counts = client->FindTable("counts").value();
  const std::vector<Key> keys = {1, 100 + member->worker()};
  const std::vector<float> ones = {1, 1};
  for (int step = 0; step < kSteps; ++step) REQUIRE(client->Push(counts, keys, ones).Wait().ok());
}

// As all workers see it, when all of them have counted.
void CheckCounts(Member* member, MPI_Comm comm) {
  MPI_Barrier(comm);
  if (member->client() != nullptr) {
    const Table counts = member->client()->FindTable("counts").value();
    std::vector<Key> keys = {1};
    for (uint32_t worker = 0; worker < member->workers(); ++worker) keys.push_back(100 + worker);
    std::vector<float> values(keys.size());
    REQUIRE(member->client()->Read(counts, keys, values).Wait().ok());
    CHECK(values[0] == static_cast<float>(kSteps * member->workers()));
    for (size_t i = 1; i < values.size(); ++i) CHECK(values[i] == kSteps);
  }
  MPI_Barrier(comm);
}

TEST_CASE("Ranks are split into a coordinator, servers and workers", "[mpi]") {
  const auto consistency = GENERATE(Consistency::kAsp, Consistency::kSsp, Consistency::kBsp);
  Options options = CountingJob(consistency);
  options.servers = 1;
  const auto joined = Join(MPI_COMM_WORLD, options);
  REQUIRE(joined.ok());
  Member& member = **joined;
  const int rank = RankIn(MPI_COMM_WORLD);
  CHECK(member.is_coordinator() == (rank == 0));
  CHECK(member.is_server() == (rank == 1));
  CHECK((member.client() != nullptr) == (rank >= 2));
  CHECK(member.workers() == 2);
  if (member.client() != nullptr) {
    CHECK(member.worker() == static_cast<uint32_t>(rank - 2));
    Count(&member);
  }
  CheckCounts(&member, MPI_COMM_WORLD);
  CHECK(member.Finish().ok());
}

TEST_CASE("Every rank may be a server and a worker", "[mpi]") {
  Options options = CountingJob(GENERATE(Consistency::kAsp, Consistency::kBsp));
  options.layout = Layout::kShared;
  options.servers = GENERATE(0u, 2u);
  const auto joined = Join(MPI_COMM_WORLD, options);
  REQUIRE(joined.ok());
  Member& member = **joined;
  const int rank = RankIn(MPI_COMM_WORLD);
  CHECK(member.is_coordinator() == (rank == 0));
  CHECK(member.is_server() == (options.servers == 0 || rank < 2));
  REQUIRE(member.client() != nullptr);
  CHECK(member.worker() == static_cast<uint32_t>(rank));
  CHECK(member.workers() == 4);
  Count(&member);
  CheckCounts(&member, MPI_COMM_WORLD);
  CHECK(member.Finish().ok());
}

TEST_CASE("A program may have several jobs at once, and one after the other", "[mpi]") {
  MPI_Comm half = MPI_COMM_NULL;
  const int rank = RankIn(MPI_COMM_WORLD);
  MPI_Comm_split(MPI_COMM_WORLD, rank / 2, rank, &half);
  Options options = CountingJob(Consistency::kAsp);
  options.layout = Layout::kShared;
  const auto all = Join(MPI_COMM_WORLD, options);
  REQUIRE(all.ok());
  for (int job = 0; job < 2; ++job) {
    const auto some = Join(half, options);
    REQUIRE(some.ok());
    Count(some->get());
    CheckCounts(some->get(), half);
    CHECK((*some)->Finish().ok());
  }
  Count(all->get());
  CheckCounts(all->get(), MPI_COMM_WORLD);
  CHECK((*all)->Finish().ok());
  MPI_Comm_free(&half);
}

TEST_CASE("What is wrong in one rank is said in all", "[mpi]") {
  Options options = CountingJob(Consistency::kAsp);
  std::string says;
  SECTION("too few ranks") {
    options.servers = 3;
    says =
        "3 servers need as many ranks, and a coordinator and workers at least one each: there "
        "are 4";
  }
  SECTION("a job that contradicts itself") {
    if (RankIn(MPI_COMM_WORLD) == 0) options.coordinator.job.partitions = 3;
    says = "rank 0: ";
  }
  SECTION("an address that cannot be bound") {
    if (RankIn(MPI_COMM_WORLD) == 1) options.server.listen = "tcp://192.0.2.1:0";
    says = "rank 1: ";
  }
  SECTION("another opinion") {
    if (RankIn(MPI_COMM_WORLD) == 2) options.layout = Layout::kShared;
    says = "rank 2: layout and servers are not those of rank 0";
  }
  const auto joined = Join(MPI_COMM_WORLD, options);
  REQUIRE_FALSE(joined.ok());
  CHECK_THAT(std::string(MessageOf(joined.status())), Catch::Matchers::Contains(says));
}

TEST_CASE("Who leaves without a word does not keep the others", "[mpi]") {
  Options options = CountingJob(Consistency::kAsp);
  options.layout = Layout::kShared;
  auto joined = Join(MPI_COMM_WORLD, options);
  REQUIRE(joined.ok());
  Count(joined->get());
  MPI_Barrier(MPI_COMM_WORLD);
  if (RankIn(MPI_COMM_WORLD) == 3) {
    joined->reset();
  } else {
    // Whether the job is over before the server is missed is a matter of chance; that it is, is
    // not.
    std::ignore = (*joined)->Finish();
  }
}

}  // namespace
}  // namespace cairn::mpi
