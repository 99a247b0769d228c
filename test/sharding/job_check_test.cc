#include <catch2/catch.hpp>
#include <functional>
#include <limits>
#include <string>

#include "base/status.h"
#include "cairn/job.h"
#include "cairn/table.h"
#include "wire/limits.h"

namespace cairn {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

PartSpec PartOf(uint32_t width) {
  PartSpec part;
  part.width = width;
  return part;
}

TableSpec SparseTable() {
  TableSpec table;
  table.name = "w";
  table.parts = {PartOf(1), PartOf(8)};
  return table;
}

TableSpec DenseTable() {
  TableSpec table;
  table.name = "layer_0";
  table.kind = TableSpec::Kind::kDense;
  table.parts = {PartOf(256)};
  table.dense_size = 1000;
  return table;
}

JobSpec Job() {
  JobSpec job;
  job.tables = {SparseTable(), DenseTable()};
  return job;
}

// The error that a change to a good table brings; "OK" if none.
std::string TableError(TableSpec table, const std::function<void(TableSpec&)>& change) {
  change(table);
  const absl::Status status = CheckTable(table);
  if (status.ok()) return "OK";
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  return std::string(MessageOf(status));
}

std::string SparseError(const std::function<void(TableSpec&)>& change) {
  return TableError(SparseTable(), change);
}

std::string OptimizerError(const std::function<void(OptimizerSpec&)>& change) {
  return SparseError([&](TableSpec& table) { change(table.parts[1].optimizer); });
}

std::string JobError(const std::function<void(JobSpec&)>& change) {
  JobSpec job = Job();
  change(job);
  const absl::Status status = CheckJob(job);
  if (status.ok()) return "OK";
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  return std::string(MessageOf(status));
}

TEST_CASE("good tables and jobs pass") {
  CHECK(CheckTable(SparseTable()).ok());
  CHECK(CheckTable(DenseTable()).ok());
  CHECK(CheckJob(Job()).ok());
}

TEST_CASE("rounded values are for asp and ssp") {
  const auto error = [](Consistency consistency, WireValues values) {
    return JobError([&](JobSpec& job) {
      job.mode.consistency = consistency;
      job.wire_values = values;
    });
  };
  CHECK(error(Consistency::kAsp, WireValues::kBf16F8) == "OK");
  CHECK(error(Consistency::kSsp, WireValues::kBf16) == "OK");
  CHECK(error(Consistency::kBsp, WireValues::kF32) == "OK");
  CHECK(error(Consistency::kBsp, WireValues::kBf16) ==
        "wire_values is not f32, but bsp promises a model that is the same to the last bit: take "
        "asp or ssp, or f32");
  CHECK(error(Consistency::kAsp, static_cast<WireValues>(3)) == "wire_values is 3, legal: 0 to 2");
}

TEST_CASE("table names") {
  const std::string longest(64, 'z');
  CHECK(SparseError([&](TableSpec& t) { t.name = longest; }) == "OK");
  CHECK(SparseError([](TableSpec& t) { t.name = "a_0"; }) == "OK");
  CHECK(SparseError([&](TableSpec& t) { t.name = longest + "z"; }) ==
        "name has 65 bytes, legal: 1 to 64");
  CHECK(SparseError([](TableSpec& t) { t.name = ""; }) == "name has 0 bytes, legal: 1 to 64");
  for (const char* bad : {"Ab", "a-b", "a/b", "a b", "\xC3\xA4"}) {
    CHECK_THAT(SparseError([&](TableSpec& t) { t.name = bad; }),
               Catch::Matchers::Contains("illegal character"));
  }
  CHECK(SparseError([](TableSpec& t) { t.name = "a-b"; }) ==
        "name has an illegal character at position 1, legal: a-z, 0-9, _");
}

TEST_CASE("parts and widths") {
  const auto parts = [](std::vector<uint32_t> widths) {
    return SparseError([&](TableSpec& t) {
      t.parts.clear();
      for (const uint32_t width : widths) t.parts.push_back(PartOf(width));
    });
  };
  CHECK(parts({65'536}) == "OK");
  CHECK(parts(std::vector<uint32_t>(64, 1)) == "OK");
  CHECK(parts({}) == "number of parts is 0, legal: 1 to 64");
  CHECK(parts(std::vector<uint32_t>(65, 1)) == "number of parts is 65, legal: 1 to 64");
  CHECK(parts({1, 0}) == "part 1: width is 0, legal: 1 to 65,536");
  CHECK(parts({65'537}) == "part 0: width is 65,537, legal: 1 to 65,536");
  CHECK(parts({65'536, 1}) == "width of all parts is 65,537, legal: 1 to 65,536");
}

TEST_CASE("dense sizes") {
  const auto dense = [](const std::function<void(TableSpec&)>& change) {
    return TableError(DenseTable(), change);
  };
  CHECK(dense([](TableSpec& t) { t.dense_size = 1; }) == "OK");
  CHECK(dense([](TableSpec& t) { t.dense_size = uint64_t{1} << 40; }) == "OK");
  CHECK(dense([](TableSpec& t) { t.dense_size = 0; }) ==
        "dense_size is 0, legal: 1 to 1,099,511,627,776");
  CHECK_THAT(dense([](TableSpec& t) { t.dense_size = (uint64_t{1} << 40) + 1; }),
             Catch::Matchers::StartsWith("dense_size is"));
  CHECK(dense([](TableSpec& t) { t.parts.push_back(PartSpec{}); }) ==
        "number of parts of a dense table is 2, legal: 1 to 1");
  CHECK(SparseError([](TableSpec& t) { t.dense_size = 5; }) ==
        "dense_size of a sparse table is 5, legal: 0 to 0");
}

TEST_CASE("optimizers take finite numbers in their range, and any name") {
  CHECK(OptimizerError([](OptimizerSpec& o) { o.name = "my_own"; }) == "OK");
  CHECK(OptimizerError([](OptimizerSpec& o) { o.learning_rate = 0; }) == "OK");
  CHECK(OptimizerError([](OptimizerSpec& o) { o.name = ""; }) ==
        "part 1: optimizer: name has 0 bytes, legal: 1 to 4,096");
  CHECK(OptimizerError([](OptimizerSpec& o) { o.l2 = -1; }) ==
        "part 1: optimizer: l2 is -1, legal: 0 or more, finite");
  CHECK(OptimizerError([](OptimizerSpec& o) { o.beta2 = 1; }) ==
        "part 1: optimizer: beta2 is 1, legal: 0 or more, below 1");
  const std::pair<const char*, float OptimizerSpec::*> fields[] = {
      {"learning_rate", &OptimizerSpec::learning_rate},
      {"l1", &OptimizerSpec::l1},
      {"l2", &OptimizerSpec::l2},
      {"beta1", &OptimizerSpec::beta1},
      {"beta2", &OptimizerSpec::beta2},
      {"beta", &OptimizerSpec::beta},
      {"epsilon", &OptimizerSpec::epsilon},
      {"initial_accumulator", &OptimizerSpec::initial_accumulator},
  };
  for (const auto& [name, field] : fields) {
    for (const float bad : {-0.5f, kNan, kInfinity, -kInfinity}) {
      const auto set = [field = field, bad](OptimizerSpec& o) { o.*field = bad; };
      CHECK_THAT(OptimizerError(set),
                 Catch::Matchers::StartsWith(std::string("part 1: optimizer: ") + name + " is "));
    }
  }
}

TEST_CASE("initialisers") {
  using Kind = InitializerSpec::Kind;
  const auto with = [](Kind kind, float scale) {
    return SparseError(
        [&](TableSpec& t) { t.parts[0].initializer = {.kind = kind, .scale = scale}; });
  };
  CHECK(with(Kind::kConstant, -2) == "OK");
  CHECK(with(Kind::kNormal, 0.01f) == "OK");
  CHECK(with(Kind::kNormal, -0.01f) ==
        "part 0: initializer: scale is -0.01, legal: 0 or more, finite");
  CHECK(with(Kind::kConstant, kNan) == "part 0: initializer: scale is nan, legal: finite");
  CHECK(with(static_cast<Kind>(3), 0) == "part 0: initializer: kind is 3, legal: 0 to 2");
}

TEST_CASE("enums that are none") {
  CHECK(SparseError([](TableSpec& t) { t.kind = static_cast<TableSpec::Kind>(2); }) ==
        "kind is 2, legal: 0 to 1");
  CHECK(SparseError([](TableSpec& t) { t.reduction = static_cast<TableSpec::Reduction>(9); }) ==
        "reduction is 9, legal: 0 to 1");
  CHECK(JobError([](JobSpec& j) { j.mode.consistency = static_cast<Consistency>(3); }) ==
        "consistency is 3, legal: 0 to 2");
}

TEST_CASE("partitions are a power of two") {
  const auto partitions = [](uint32_t count) {
    return JobError([count](JobSpec& j) { j.partitions = count; });
  };
  CHECK(partitions(1) == "OK");
  CHECK(partitions(65'536) == "OK");
  CHECK(partitions(0) == "partitions is 0, legal: 1 to 65,536");
  CHECK(partitions(131'072) == "partitions is 131,072, legal: 1 to 65,536");
  CHECK(partitions(48) == "partitions is 48, legal: a power of two, 1 to 65,536");
}

TEST_CASE("consistency, staleness and streams") {
  const auto mode = [](Consistency consistency, uint32_t staleness, uint32_t streams) {
    return JobError([=](JobSpec& j) {
      j.mode = {.consistency = consistency, .staleness = staleness};
      j.streams = streams;
    });
  };
  CHECK(mode(Consistency::kAsp, 0, 0) == "OK");  // Unused there.
  CHECK(mode(Consistency::kBsp, 0, limits::kFixedStreamsMax) == "OK");
  CHECK(mode(Consistency::kSsp, limits::kStalenessMax, 1) == "OK");
  CHECK(mode(Consistency::kBsp, 0, 0) == "streams is 0, legal: 1 to 65,536");
  CHECK(mode(Consistency::kSsp, 2, 65'537) == "streams is 65,537, legal: 1 to 65,536");
  CHECK(mode(Consistency::kSsp, limits::kStalenessMax + 1, 1) ==
        "staleness is 1,000,001, legal: 0 to 1,000,000");
  CHECK(mode(Consistency::kAsp, 2, 4) == "staleness without ssp is 2, legal: 0 to 0");
}

TEST_CASE("a job's tables are named apart, and an error says which") {
  CHECK(JobError([](JobSpec& j) { j.tables.clear(); }) ==
        "number of tables is 0, legal: 1 to 4,096");
  CHECK(JobError([](JobSpec& j) { j.tables.resize(4'097); }) ==
        "number of tables is 4,097, legal: 1 to 4,096");
  CHECK(JobError([](JobSpec& j) { j.tables[1].name = "w"; }) ==
        "table 1: name \"w\" is that of an earlier table, legal: one of its own");
  CHECK(JobError([](JobSpec& j) { j.tables[1].dense_size = 0; }) ==
        "table 1: dense_size is 0, legal: 1 to 1,099,511,627,776");
}

TEST_CASE("texts of a job are bounded") {
  CHECK(JobError([](JobSpec& j) { j.name = ""; }) == "name has 0 bytes, legal: 1 to 4,096");
  CHECK(JobError([](JobSpec& j) { j.init_dir = std::string(4'097, 'x'); }) ==
        "init_dir has 4,097 bytes, legal: 0 to 4,096");
  CHECK(JobError([](JobSpec& j) { j.program = std::string(limits::kProgramBytesMax, '\0'); }) ==
        "OK");
  CHECK(JobError([](JobSpec& j) { j.program = std::string(limits::kProgramBytesMax + 1, 'x'); }) ==
        "program has 49,153 bytes, legal: 0 to 49,152");
}

std::string RetentionError(const std::function<void(RetentionSpec&)>& change) {
  return SparseError([&](TableSpec& table) { change(table.retention); });
}

TEST_CASE("CheckTable: what decides about rows has its ranges") {
  CHECK(RetentionError([](RetentionSpec& r) {
          r = {.admit_count = 256, .expire_steps = 1, .expire_below = 0.1f, .bytes_max = 1};
        }) == "OK");
  CHECK(RetentionError([](RetentionSpec& r) { r.admit_probability = 1e-9f; }) == "OK");
  CHECK(RetentionError([](RetentionSpec& r) { r.admit_count = 0; }) ==
        "retention: admit_count is 0, legal: 1 to 256");
  CHECK(RetentionError([](RetentionSpec& r) { r.admit_count = 257; }) ==
        "retention: admit_count is 257, legal: 1 to 256");
  for (const float chance : {0.0f, -1.0f, 1.5f, kNan}) {
    CHECK_THAT(RetentionError([&](RetentionSpec& r) { r.admit_probability = chance; }),
               Catch::Contains("legal: above 0, at most 1"));
  }
  CHECK(RetentionError([](RetentionSpec& r) {
          r.admit_count = 2;
          r.admit_probability = 0.5f;
        }) == "retention: admit_count is 2 and admit_probability 0.5, legal: one of the two");
  CHECK_THAT(RetentionError([](RetentionSpec& r) { r.sketch_bytes = 100'000; }),
             Catch::Contains("a power of two"));
  CHECK_THAT(RetentionError([](RetentionSpec& r) { r.sketch_bytes = 4096; }),
             Catch::Contains("sketch_bytes is 4,096, legal: 65,536 to"));
  CHECK_THAT(RetentionError([](RetentionSpec& r) { r.expire_steps = ~uint64_t{0}; }),
             Catch::Contains("expire_steps"));
  for (const float weight : {-0.1f, kNan, kInfinity}) {
    CHECK_THAT(RetentionError([&](RetentionSpec& r) {
                 r.expire_steps = 5;
                 r.expire_below = weight;
               }),
               Catch::Contains("expire_below"));
  }
  CHECK_THAT(RetentionError([](RetentionSpec& r) { r.expire_below = 0.1f; }),
             Catch::Contains("rows never expire"));
  CHECK_THAT(RetentionError([](RetentionSpec& r) { r.bytes_max = ~uint64_t{0}; }),
             Catch::Contains("bytes_max"));
  CHECK_THAT(TableError(DenseTable(), [](TableSpec& table) { table.retention.admit_count = 2; }),
             Catch::Contains("dense table"));
}

TEST_CASE("a job has to fit into one message") {
  JobSpec job = Job();
  TableSpec table = SparseTable();
  table.parts.assign(limits::kPartsMax, PartOf(1));
  for (size_t i = 0; i < 300; ++i) {
    table.name = "t" + std::to_string(i);
    job.tables.push_back(table);
  }
  CHECK(CheckJob(job).ok());
  for (size_t i = 300; i < 1'000; ++i) {
    table.name = "t" + std::to_string(i);
    job.tables.push_back(table);
  }
  CHECK_THAT(std::string(MessageOf(CheckJob(job))), Catch::Contains("bytes of the job"));
}

}  // namespace
}  // namespace cairn
