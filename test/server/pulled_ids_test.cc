#include "server/pulled_ids.h"

#include <catch2/catch.hpp>

#include "transport/outbox.h"
#include "wire/codec.h"

namespace cairn {
namespace {

constexpr ProcessId kClient{3, 33};
constexpr ProcessId kServer{1, 11};
constexpr uint64_t kRequest = 9;
constexpr size_t kMuch = 1u << 20;
const std::vector<uint64_t> kIds[] = {{1, 2, 3}, {10, 20, 30, 40}};  // By partition.
const std::vector<uint64_t> kOther = {7};                            // Of table 1, partition 0.
const std::vector<float> kValues(4, 0.1f);

using Partitions = std::vector<uint32_t>;

MessagePtr MakePull(const Partitions& partitions, uint64_t request = kRequest) {
  Pull pull;
  for (const uint32_t p : partitions) {
    const auto begin = static_cast<uint32_t>(pull.slices.size());
    pull.slices.push_back({0, kIds[p], {}, {}});
    if (p == 0) pull.slices.push_back({1, kOther, {}, {}});
    pull.parts.push_back({p, 1, 0, begin, static_cast<uint32_t>(pull.slices.size())});
  }
  return MakeMessage({kClient, kServer, request, 0}, std::move(pull));
}

// As it arrives: ids [begin, begin + count) of the table in each of the partitions, by name.
MessagePtr MakePush(const Partitions& partitions, PulledIds named, uint32_t table = 0,
                    const ProcessId& from = kClient) {
  Push push;
  for (const uint32_t p : partitions) {
    const auto at = static_cast<uint32_t>(push.slices.size());
    push.slices.push_back({table, {}, std::span(kValues).first(named.count), {}, named});
    push.parts.push_back({.partition = p, .slice_begin = at, .slice_end = at + 1});
  }
  const Message message{{from, kServer, 10, 0}, std::move(push)};
  return DecodeMessage(EncodeMessage(message)).value();
}

std::vector<uint64_t> IdsOf(const MessagePtr& push, size_t slice) {
  const auto ids = BodyAs<Push>(*push)->slices[slice].ids;
  return {ids.begin(), ids.end()};
}

// As an executor that has all partitions.
MessagePtr Resolve(const PulledIdCache& cache, const MessagePtr& push) {
  return cache.Resolve(push, [](uint32_t) { return true; });
}

bool Lacks(const MessagePtr& message, size_t part) {
  const Push& push = *BodyAs<Push>(*message);
  return LacksIds(push, push.parts[part]);
}

TEST_CASE("PulledIdCache: gives a push the ids that its pull has listed") {
  PulledIdCache cache(kMuch);
  cache.Keep(MakePull({0, 1}), 2);
  const MessagePtr sent = MakePush({0, 1}, {kRequest, 1, 2});
  CHECK(Lacks(sent, 0));
  const MessagePtr push = Resolve(cache, sent);
  CHECK(IdsOf(push, 0) == std::vector<uint64_t>{2, 3});
  CHECK(IdsOf(push, 1) == std::vector<uint64_t>{20, 30});
  CHECK_FALSE(Lacks(push, 0));
  CHECK(IdsOf(Resolve(cache, MakePush({0}, {kRequest, 0, 1}, 1)), 0) == kOther);
}

TEST_CASE("PulledIdCache: knows nothing of other senders, requests, partitions, tables, ids") {
  PulledIdCache cache(kMuch);
  cache.Keep(MakePull({0}), 1);
  const PulledIds all = {kRequest, 0, 3};
  CHECK_FALSE(Lacks(Resolve(cache, MakePush({0}, all)), 0));
  CHECK(
      Lacks(Resolve(cache, MakePush({0}, all, 0, {kClient.process, kClient.incarnation + 1})), 0));
  CHECK(Lacks(Resolve(cache, MakePush({0}, {kRequest + 1, 0, 3})), 0));
  CHECK(Lacks(Resolve(cache, MakePush({0}, all, 2)), 0));
  CHECK(Lacks(Resolve(cache, MakePush({0}, {kRequest, 1, 3})), 0));
  CHECK(Lacks(Resolve(cache, MakePush({0}, {kRequest, 4, 1})), 0));
  const MessagePtr both = Resolve(cache, MakePush({0, 1}, all));
  CHECK_FALSE(Lacks(both, 0));
  CHECK(Lacks(both, 1));
}

TEST_CASE("PulledIdCache: leaves the parts of other executors alone") {
  PulledIdCache cache(kMuch);
  cache.Keep(MakePull({0, 1}), 1);
  const MessagePtr sent = MakePush({0, 1}, {kRequest, 0, 3});
  const MessagePtr push = cache.Resolve(sent, [](uint32_t partition) { return partition == 1; });
  CHECK(Lacks(push, 0));
  CHECK_FALSE(Lacks(push, 1));
}

TEST_CASE("PulledIdCache: a message that has its ids is left alone") {
  PulledIdCache cache(kMuch);
  Push push;
  push.parts.push_back({.slice_end = 1});
  push.slices.push_back({0, kIds[0], std::span(kValues).first(3), {}, {kRequest, 0, 3}});
  const MessagePtr message = MakeMessage({kClient, kServer, 10, 0}, std::move(push));
  CHECK(Resolve(cache, message) == message);
}

TEST_CASE("PulledIdCache: a resolved push outlives the pull") {
  PulledIdCache cache(kMuch);
  cache.Keep(MakePull({1}), 1);
  const MessagePtr push = Resolve(cache, MakePush({1}, {kRequest, 0, 4}));
  cache.Release(*push, BodyAs<Push>(*push)->parts[0]);
  CHECK(cache.bytes() == 0);
  CHECK(IdsOf(push, 0) == kIds[1]);
}

TEST_CASE("PulledIdCache: forgets a pull when all its parts were pushed, and the oldest for room") {
  PulledIdCache cache(kMuch);
  cache.Keep(MakePull({0}), 1);
  const size_t one = cache.bytes();
  cache.Keep(MakePull({0}), 1);  // Repeated.
  CHECK(cache.bytes() == one);
  cache.Keep(MakePull({1}), 1);  // Another message of the same pull.
  CHECK(cache.bytes() > one);
  const MessagePtr push = MakePush({0, 1}, {kRequest, 0, 3});
  cache.Release(*push, BodyAs<Push>(*push)->parts[0]);
  CHECK_FALSE(Lacks(Resolve(cache, push), 1));
  cache.Release(*push, BodyAs<Push>(*push)->parts[1]);
  CHECK(cache.bytes() == 0);
  CHECK(Lacks(Resolve(cache, push), 1));
  cache.Release(*push, BodyAs<Push>(*push)->parts[1]);  // A copy of it.

  PulledIdCache small(2 * one);
  for (const uint64_t request : {1, 2, 3}) small.Keep(MakePull({0}, request), 1);
  CHECK(small.bytes() == 2 * one);
  CHECK(Lacks(Resolve(small, MakePush({0}, {1, 0, 3})), 0));
  CHECK_FALSE(Lacks(Resolve(small, MakePush({0}, {3, 0, 3})), 0));
}

}  // namespace
}  // namespace cairn
