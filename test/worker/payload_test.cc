#include "worker/payload.h"

#include <catch2/catch.hpp>

#include "wire/value_codec.h"

namespace cairn {
namespace {

constexpr size_t kKeys = 500;

// A table that learns and one that counts.
JobSpec MakeJob(WireValues values) {
  JobSpec job;
  job.partitions = 4;
  job.wire_values = values;
  job.tables.resize(2);
  job.tables[0].name = "weights";
  job.tables[1].name = "counts";
  job.tables[1].parts[0].optimizer.name = "sum";
  return job;
}

std::shared_ptr<const PushPayload> MakePayload(const JobSpec& job) {
  std::vector<Key> keys(kKeys);
  for (size_t i = 0; i < kKeys; ++i) keys[i] = i;
  auto payload = std::make_shared<PushPayload>();
  KeyCutter cutter(job.partitions);
  for (uint32_t t = 0; t < job.tables.size(); ++t) {
    TablePush table{cutter.Cut(LayoutOf(job.tables[t], t), keys), {}};
    for (size_t i = 0; i < kKeys; ++i) table.values.push_back(0.1f + 0.01f * static_cast<float>(i));
    payload->tables.push_back(std::move(table));
  }
  payload->rows = 7;
  return payload;
}

TEST_CASE("RoundPayload: exact values are the payload itself") {
  const JobSpec job = MakeJob(WireValues::kF32);
  const auto payload = MakePayload(job);
  CHECK(RoundPayload(job, 1, 2, payload) == payload);
}

TEST_CASE("RoundPayload: gradients fit into what the job lets travel, sums stay as they are") {
  for (const auto& [values, form] : {std::pair(WireValues::kBf16, ValueForm::kBf16),
                                     std::pair(WireValues::kBf16F8, ValueForm::kF8)}) {
    const JobSpec job = MakeJob(values);
    const auto payload = MakePayload(job);
    const auto rounded = RoundPayload(job, 1, 2, payload);
    REQUIRE(rounded->tables.size() == 2);
    CHECK(rounded->rows == 7);
    CHECK(rounded->tables[0].cut == payload->tables[0].cut);
    CHECK(ShortestForm(rounded->tables[0].values) == form);
    CHECK(rounded->tables[1].values == payload->tables[1].values);
    // Of any piece too, since a message may have pieces.
    CHECK(ShortestForm(std::span(rounded->tables[0].values).subspan(3, 100)) >= form);
    CHECK(RoundPayload(job, 1, 2, payload)->tables[0].values == rounded->tables[0].values);
    const bool by_chance = values == WireValues::kBf16F8;
    CHECK((RoundPayload(job, 1, 3, payload)->tables[0].values != rounded->tables[0].values) ==
          by_chance);
  }
}

}  // namespace
}  // namespace cairn
