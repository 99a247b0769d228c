#include "coordinator/job_state.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace cairn {
namespace {

constexpr ProcessId kServer{1, 11};
constexpr ProcessId kWorker{2, 22};

JobState Created(Consistency consistency) {
  JobState state;
  JobCreated created;
  created.job.mode.consistency = consistency;
  state.Apply(created);
  state.Apply(MemberJoined{kServer, Role::kServer, "sim://1", "h", 1});
  state.Apply(MemberJoined{kWorker, Role::kWorker, "", "h", 2});
  state.Apply(MapChanged{{{1, kServer}, {1, kServer}}});
  return state;
}

TEST_CASE("JobState: every record raises the index, the map's only what others must know") {
  JobState state = Created(Consistency::kAsp);
  CHECK(state.index == 4);
  CHECK(state.map_index == 4);
  CHECK(state.next_process == 3);
  state.Apply(StreamsOpened{0, 100, {{.last = 5}}});
  CHECK(state.map_index == 5);
  state.Apply(StreamLeased{0, 1, kWorker.process});
  CHECK(state.map_index == 5);
  CHECK(state.grants_index == 6);
  const MapUpdate map = state.MakeMap();
  CHECK(map.index == 5);
  CHECK(map.opened == 1);
  CHECK(map.partitions.size() == 2);
  REQUIRE(map.servers.size() == 1);  // Workers are nobody's address.
  CHECK(map.servers[0].id == kServer);
}

TEST_CASE("JobState: grants name attempt, base and limit of what a worker holds, nothing else") {
  JobState state = Created(Consistency::kBsp);
  state.Apply(StreamsOpened{0, 10, {{.slot = 0, .last = 30}, {.slot = 1, .last = 30}}});
  state.Apply(StreamLeased{0, 1, kWorker.process});
  state.Apply(StreamLeased{1, 1, 9});
  state.Apply(StreamProgressed{{0, 1}, 4, 40, 2.5});
  state.Apply(StreamLeased{0, 2, kWorker.process});
  state.Apply(LimitRaised{20});
  const Grants grants = state.MakeGrants(kWorker.process);
  REQUIRE(grants.grants.size() == 1);
  CHECK(grants.grants[0].ref == StreamRef{0, 2});
  CHECK(grants.grants[0].base == 4);
  CHECK(grants.grants[0].limit == 20);
  CHECK(grants.index == state.index);
  CHECK(state.MakeGrants(5).grants.empty());
}

TEST_CASE("JobState: rows and losses add up by epoch and in all") {
  JobState state = Created(Consistency::kAsp);
  state.Apply(StreamsOpened{0, 100, {{.last = 5}}});
  state.Apply(StreamProgressed{{0, 1}, 2, 20, 1.5});
  state.Apply(StreamProgressed{{0, 1}, 5, 30, 0.5});
  CHECK(state.epoch_rows == 50);
  CHECK(state.epoch_loss_sum == 2);
  CHECK(state.EpochLoss() == 2.0 / 50);
  state.Apply(StreamProgressed{{0, 1}, 5, 0, 0, -40});  // The rows weigh 10 together.
  CHECK(state.EpochLoss() == 2.0 / 10);
  state.Apply(EpochEnded{});
  CHECK(state.epoch_rows == 0);
  CHECK(state.epoch_loss_sum == 0);
  CHECK(state.epoch_extra_weight == 0);
  CHECK(std::isnan(state.EpochLoss()));
  CHECK(state.rows_total == 50);
  CHECK(state.epochs.size() == 1);
}

TEST_CASE("JobState: servers hear of closed fixed streams until the floor passes them") {
  JobState state = Created(Consistency::kBsp);
  state.Apply(StreamsOpened{0, 10, {{.last = 10}, {.last = 10}, {.last = 10}}});
  state.Apply(StreamClosed{2});
  state.Apply(StreamClosed{0});
  CHECK(state.MakeMap().closed == std::vector<StreamId>{0, 2});
  CHECK(state.map_index == state.index);
  state.Apply(FloorRaised{1});
  CHECK(state.MakeMap().closed == std::vector<StreamId>{2});
  CHECK(state.MakeMap().floor == 1);
}

TEST_CASE("JobState: servers never hear of evaluation streams, nor of asp streams that end") {
  JobState state = Created(Consistency::kAsp);
  state.Apply(StreamsOpened{0, 10, {{.last = 10}}});
  const uint64_t map_index = state.map_index;
  state.Apply(StreamsOpened{kEvaluationBit, 10, {{.last = 10}}});
  state.Apply(StreamClosed{kEvaluationBit});
  state.Apply(StreamClosed{0});
  CHECK(state.map_index == map_index);
  CHECK(state.opened == 1);
  CHECK(state.streams.empty());
}

}  // namespace
}  // namespace cairn
