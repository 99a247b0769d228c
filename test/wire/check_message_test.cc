#include "wire/check_message.h"

#include <catch2/catch.hpp>
#include <limits>

#include "base/status.h"
#include "support/sample_messages.h"
#include "wire/limits.h"

namespace cairn {
namespace {

template <typename T>
T Sample() {
  for (SampleMessage& sample : SampleMessages()) {
    if (const T* body = BodyAs<T>(sample.message)) return *body;
  }
  FAIL("no sample of this type");
  return {};
}

std::string ErrorOf(const Body& body) { return std::string(MessageOf(CheckBody(body))); }

using Catch::Contains;

TEST_CASE("all samples pass") {
  for (const SampleMessage& sample : SampleMessages()) {
    INFO(sample.name);
    CHECK(CheckBody(sample.message.body).ok());
  }
}

TEST_CASE("parts take slices in rising order and share none") {
  Push push = Sample<Push>();
  std::swap(push.parts[0], push.parts[1]);
  CHECK_THAT(ErrorOf(push), Contains("push.parts[1].slice_begin"));
  push = Sample<Push>();
  push.parts[1] = push.parts[0];
  CHECK_THAT(ErrorOf(push), Contains("push.parts[1].slice_begin"));
  push = Sample<Push>();
  push.parts[0].slice_end = 1;  // A gap is fine: a resent part comes with its neighbours' slices.
  CHECK(CheckBody(push).ok());
}

TEST_CASE("arrays of a slice fit together") {
  Push push = Sample<Push>();
  const std::span<const float> values = push.slices[0].values;
  push.slices[0].values = values.first(values.size() - 1);
  CHECK_THAT(ErrorOf(push), Contains("push.slices[0].values"));
  push.slices[0].values = {};  // The bare stamp: nothing to apply.
  CHECK(CheckBody(push).ok());
  push.slices[0].counts = push.slices[0].counts.first(1);
  CHECK_THAT(ErrorOf(push), Contains("push.slices[0].counts"));
  push = Sample<Push>();
  push.slices[1].values = values;  // Rows without ids.
  CHECK_THAT(ErrorOf(push), Contains("push.slices[1].values"));
  Pull pull = Sample<Pull>();
  pull.slices[0].values = values;
  CHECK_THAT(ErrorOf(pull), Contains("pull.slices[0].values"));
}

TEST_CASE("fragments are numbered below their count, of which there is at least one") {
  Push push = Sample<Push>();
  push.parts[0].fragment_count = 0;
  CHECK_THAT(ErrorOf(push), Contains("push.parts[0].fragment"));
  push.parts[0].fragment_count = limits::kFragmentsMax + 1;
  CHECK_THAT(ErrorOf(push), Contains("push.parts[0].fragment_count"));
}

TEST_CASE("a learning-rate factor is a number") {
  Push push = Sample<Push>();
  push.rate_factor = std::numeric_limits<float>::quiet_NaN();
  CHECK_THAT(ErrorOf(push), Contains("push.rate_factor"));
}

TEST_CASE("control messages keep to their limits") {
  Hello hello = Sample<Hello>();
  hello.address.assign(limits::kAddressBytesMax + 1, 'a');
  CHECK_THAT(ErrorOf(hello), Contains("hello.address"));
  Welcome welcome = Sample<Welcome>();
  welcome.init_files[1].path.assign(limits::kStringBytesMax + 1, 'f');
  CHECK_THAT(ErrorOf(welcome), Contains("welcome.init_files[1]"));
  MapUpdate map = Sample<MapUpdate>();
  map.floor = map.opened + 1;
  CHECK_THAT(ErrorOf(map), Contains("map_update.floor"));
  map = Sample<MapUpdate>();
  map.partitions.resize(limits::kPartitionsMax + 1);
  CHECK_THAT(ErrorOf(map), Contains("map_update.partitions"));
  Grants grants = Sample<Grants>();
  grants.grants[1].work.kind = static_cast<StreamWork::Kind>(3);
  CHECK_THAT(ErrorOf(grants), Contains("grants.grants[1].work.kind"));
  EvaluationResult result = Sample<EvaluationResult>();
  result.labels.pop_back();
  CHECK_THAT(ErrorOf(result), Contains("evaluation_result.labels"));
  result = Sample<EvaluationResult>();
  result.weights.pop_back();
  CHECK_THAT(ErrorOf(result), Contains("evaluation_result.weights: 2 for 3 rows"));
  for (const float weight :
       {-1.0f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    result = Sample<EvaluationResult>();
    result.weights[1] = weight;
    CHECK_THAT(ErrorOf(result), Contains("is not a finite number of 0 or more"));
  }
  result = Sample<EvaluationResult>();  // Three rows.
  result.kind = static_cast<ScoreKind>(3);
  CHECK_THAT(ErrorOf(result), Contains("evaluation_result.kind"));
  result.kind = ScoreKind::kClasses;
  CHECK_THAT(ErrorOf(result), Contains("evaluation_result.labels: 1 of 1 classes"));
  result.scores.resize(6);
  CHECK(CheckBody(result) == absl::OkStatus());
  result.labels[0] = -1;
  CHECK_THAT(ErrorOf(result), Contains("evaluation_result.labels: -1 of 2 classes"));
  result.scores.pop_back();
  CHECK_THAT(ErrorOf(result), Contains("evaluation_result.labels: 3 for 5 scores"));
  SnapshotRequest request = Sample<SnapshotRequest>();
  request.partition = limits::kPartitionsMax;
  CHECK_THAT(ErrorOf(request), Contains("snapshot_request.partition"));
}

}  // namespace
}  // namespace cairn
