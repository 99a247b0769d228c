#include "worker/request_builder.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>

namespace cairn {
namespace {

constexpr uint32_t kPartitions = 4;
constexpr uint32_t kWidth = 3;
constexpr StreamRef kRef{2, 5};

std::shared_ptr<const KeyCut> CutKeys(size_t keys) {
  TableSpec table{.name = "t"};  // Assigned later, g++ 12 would warn for no reason.
  table.parts[0].width = kWidth;
  std::vector<Key> list;
  for (size_t i = 0; i < keys; ++i) list.push_back(i);
  KeyCutter cutter(kPartitions);
  return cutter.Cut(LayoutOf(table, 0), list);
}

std::shared_ptr<PushPayload> PayloadOf(size_t keys) {
  auto payload = std::make_shared<PushPayload>();
  TablePush table{CutKeys(keys), {}};
  for (size_t i = 0; i < table.cut->unique() * kWidth; ++i) {
    table.values.push_back(static_cast<float>(i));
  }
  payload->tables.push_back(std::move(table));
  payload->epoch = 3;
  payload->rate_factor = 0.5f;
  payload->rows = 11;
  return payload;
}

std::vector<PushTarget> AllTargets() {
  std::vector<PushTarget> targets;
  for (uint32_t p = 0; p < kPartitions; ++p) targets.push_back({p, 7 + p, 100 + p});
  return targets;
}

TEST_CASE("BuildPushes: what fits goes in one message, a part for each partition") {
  const auto payload = PayloadOf(40);
  const std::vector<Push> messages = BuildPushes({kRef, 9, payload, {}}, AllTargets(), CutSizes{});
  REQUIRE(messages.size() == 1);
  const Push& push = messages[0];
  CHECK(push.ref == kRef);
  CHECK(push.step == 9);
  CHECK(push.epoch == 3);
  CHECK(push.rate_factor == 0.5f);
  CHECK(push.rows == 11);
  REQUIRE(push.parts.size() == kPartitions);
  for (uint32_t p = 0; p < kPartitions; ++p) {
    CHECK(push.parts[p].partition == p);
    CHECK(push.parts[p].term == 7 + p);
    CHECK(push.parts[p].prev == 100 + p);
    CHECK(push.parts[p].fragment_count == 1);
  }
}

TEST_CASE("BuildPushes: every row goes to its partition once, however small the pieces") {
  const auto payload = PayloadOf(40);
  const KeyCut& cut = *payload->tables[0].cut;
  const CutSizes sizes{.fragment = 60, .message = 150};
  const std::vector<Push> messages = BuildPushes({kRef, 9, payload, {}}, AllTargets(), sizes);
  CHECK(messages.size() > 4);
  std::set<uint64_t> seen;
  std::map<uint32_t, std::set<uint32_t>> fragments;
  std::map<uint32_t, uint32_t> counts;
  for (const Push& push : messages) {
    for (const PushPart& part : push.parts) {
      CHECK(fragments[part.partition].insert(part.fragment).second);
      counts[part.partition] = part.fragment_count;
      for (uint32_t s = part.slice_begin; s < part.slice_end; ++s) {
        const TableSlice& slice = push.slices[s];
        CHECK(slice.values.size() == slice.ids.size() * kWidth);
        CHECK(slice.counts.size() == slice.ids.size());
        const auto owned = cut.IdsOf(part.partition);
        for (size_t i = 0; i < slice.ids.size(); ++i) {
          CHECK(seen.insert(slice.ids[i]).second);
          const auto found = std::find(owned.begin(), owned.end(), slice.ids[i]);
          REQUIRE(found != owned.end());
          const auto at = static_cast<size_t>(found - owned.begin()) + cut.offsets[part.partition];
          CHECK(slice.values[i * kWidth] == static_cast<float>(at * kWidth));
        }
      }
    }
  }
  CHECK(seen.size() == 40);
  for (const auto& [partition, numbers] : fragments) {
    CHECK(numbers.size() == counts[partition]);
    CHECK(*numbers.rbegin() == counts[partition] - 1);
    CHECK(counts[partition] > 1);
  }
}

TEST_CASE("BuildPushes: a partition without rows, and a bare push, still get their stamp") {
  const auto empty = PayloadOf(0);
  auto bare = PayloadOf(40);
  bare->bare = true;
  for (const auto& payload : {empty, bare}) {
    const std::vector<Push> messages =
        BuildPushes({kRef, 9, payload, {}}, AllTargets(), CutSizes{});
    REQUIRE(messages.size() == 1);
    CHECK(messages[0].parts.size() == kPartitions);
    CHECK(messages[0].slices.empty());
  }
}

TEST_CASE("BuildPushes: names the ids of a pull, piece by piece, without another cut") {
  const auto payload = PayloadOf(40);
  const KeyCut& cut = *payload->tables[0].cut;
  std::vector<PushTarget> targets = AllTargets();
  targets[2].name_ids = false;
  const CutSizes sizes{.fragment = 60, .message = 150};
  const PushContent content{kRef, 9, payload, {77}};
  const std::vector<Push> named = BuildPushes(content, targets, sizes);
  const std::vector<Push> listed = BuildPushes({kRef, 9, payload, {}}, AllTargets(), sizes);
  REQUIRE(named.size() == listed.size());
  for (size_t m = 0; m < named.size(); ++m) {
    CHECK(named[m].parts == listed[m].parts);
    for (const PushPart& part : named[m].parts) {
      for (uint32_t s = part.slice_begin; s < part.slice_end; ++s) {
        const TableSlice& slice = named[m].slices[s];
        CHECK_FALSE(slice.lacks_ids());  // Within a process they are simply there.
        CHECK(listed[m].slices[s].named == PulledIds{});
        if (part.partition == 2) {
          CHECK(slice.named == PulledIds{});
          continue;
        }
        CHECK(slice.named.request == 77);
        const auto pulled = cut.IdsOf(part.partition).subspan(slice.named.begin, slice.named.count);
        CHECK(std::equal(pulled.begin(), pulled.end(), slice.ids.begin(), slice.ids.end()));
      }
    }
  }
}

TEST_CASE("BuildPulls: cuts by the size of the answer, and never a partition in two") {
  const auto payload = std::make_shared<const PullPayload>(PullPayload{CutKeys(40)});
  std::vector<PullTarget> targets;
  for (uint32_t p = 0; p < kPartitions; ++p) targets.push_back({p, 7, p});
  const auto one = BuildPulls(Pull::Kind::kTraining, kRef, 9, payload, targets, CutSizes{});
  REQUIRE(one.size() == 1);
  CHECK(one[0].parts.size() == kPartitions);
  const auto many =
      BuildPulls(Pull::Kind::kReadOnly, kRef, 9, payload, targets, {.fragment = 1, .message = 1});
  REQUIRE(many.size() == kPartitions);
  for (uint32_t p = 0; p < kPartitions; ++p) {
    CHECK(many[p].kind == Pull::Kind::kReadOnly);
    REQUIRE(many[p].parts.size() == 1);
    CHECK(many[p].parts[0].partition == p);
    CHECK(many[p].parts[0].min == p);
    REQUIRE(many[p].slices.size() == 1);
    CHECK(many[p].slices[0].ids.size() == (*payload)[0]->IdsOf(p).size());
    CHECK(many[p].slices[0].values.empty());
  }
}

}  // namespace
}  // namespace cairn
