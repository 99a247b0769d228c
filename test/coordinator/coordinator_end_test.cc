// How a job ends.
#include <catch2/catch.hpp>

#include "coordinator/coordinator_harness.h"

namespace cairn {
namespace {

TEST_CASE("CoordinatorCore: a lost server ends the job and says what is lost") {
  CoordinatorHarness harness(OptionsOf(Consistency::kAsp));
  harness.Form();
  harness.Tick(21 * kSecond);
  CHECK(harness.state().ended);
  CHECK(harness.state().end_code == 1);
  CHECK(harness.state().end_message.find("silent") != std::string::npos);
}

TEST_CASE("CoordinatorCore: digests of all partitions make the model's") {
  auto options = OptionsOf(Consistency::kAsp);
  options.plan.want_digest = true;
  options.plan.schedule.epochs = 1;
  CoordinatorHarness harness(options);
  harness.Form();
  harness.Report({0, 1}, 4);
  harness.Report({1, 1}, 4);
  CHECK(!harness.state().ended);
  CHECK(harness.SentTo<SnapshotRequest>(101) != nullptr);
  for (uint32_t p = 0; p < 4; ++p) {
    SnapshotDone done;
    done.checkpoint = 1;
    done.partition = p;
    done.term = 1;
    done.rows = 3;
    done.digest_low = ~uint64_t{0};
    const ProcessId& primary = harness.state().partitions[p].primary;
    const ProcessId& other = harness.servers[p < 2 ? 1 : 0];
    harness.Receive(other, done, kSelf.incarnation);  // Not its partition.
    harness.Receive(primary, done, kSelf.incarnation);
    harness.Receive(primary, done, kSelf.incarnation);
  }
  CHECK(harness.state().ended);
  CHECK(harness.core().result().features == 12);
  CHECK(harness.core().result().digest_low == ~uint64_t{0} - 3);
  CHECK(harness.core().result().digest_high == 3);  // Carried.
}

TEST_CASE("CoordinatorCore: an error of a worker ends the job with its code, for everybody") {
  CoordinatorHarness harness(OptionsOf(Consistency::kAsp));
  harness.Form();
  harness.Receive(harness.worker, Goodbye{3, "data.csv:7: not a number"}, kSelf.incarnation);
  CHECK(harness.core().result().code == 3);
  REQUIRE(harness.SentTo<JobEnd>(101) != nullptr);
  CHECK(harness.SentTo<JobEnd>(101)->message == "data.csv:7: not a number");
  CHECK(!harness.core().finished());
  for (const ProcessId& server : harness.servers) {
    harness.Receive(server, Goodbye{}, kSelf.incarnation);
  }
  CHECK(harness.core().finished());
}

TEST_CASE("CoordinatorCore: a cluster that is never formed ends and says what is missing") {
  CoordinatorHarness harness(OptionsOf(Consistency::kAsp));
  harness.Join(Role::kServer, 101);
  for (int i = 0; i < 7; ++i) {
    harness.Beat({1, 101});
    harness.Tick(10 * kSecond);
  }
  CHECK(harness.core().result().code == 5);
  CHECK(harness.core().result().message.find("1 of 2 servers") != std::string::npos);
}

}  // namespace
}  // namespace cairn
