// Values to bytes and back, in each form in which they travel, of as many as a message of a
// megabyte has and of as many as stay in the second cache. ns_per_value is for each value;
// of_loop is the speed beside that of a loop that doubles them, from one array to another, measured
// in turn.
#include <benchmark/benchmark.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/hash.h"
#include "in_turn.h"
#include "wire/value_codec.h"

namespace cairn {
namespace {

constexpr size_t kTimes = 64;  // Or a clock would be too coarse.

// Numbers as gradients are, of which this is the shortest form.
std::vector<float> MakeValues(ValueForm form, size_t count) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) {
    const double unit = UnitInterval(Mix64(i)) - 0.5;
    values[i] = static_cast<float>(unit);
    if (form == ValueForm::kF32) continue;
    uint32_t bits;
    std::memcpy(&bits, &values[i], sizeof bits);
    bits &= form == ValueForm::kBf16 ? 0xFFFF0000 : 0xFFE00000;
    std::memcpy(&values[i], &bits, sizeof bits);
  }
  // Those of 8 bits have few exponents.
  for (float& value : values) {
    if (form == ValueForm::kF8 && value > -1e-6f && value < 1e-6f) value = 0;
  }
  CAIRN_CHECK(ShortestForm(values) == form);
  return values;
}

template <typename Work>
void Measure(benchmark::State& state, const std::vector<float>& values, const Work& work) {
  std::vector<float> copy(values.size());
  const auto repeat = [](const auto& call) {
    for (size_t time = 0; time < kTimes; ++time) {
      call();
      benchmark::ClobberMemory();
    }
  };
  const auto limit = [&] {
    for (size_t i = 0; i < values.size(); ++i) copy[i] = 2 * values[i];
  };
  const InTurn took = MeasureInTurn([&] { repeat(work); }, [&] { repeat(limit); });
  for (auto _ : state) work();
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(values.size()));
  state.counters["ns_per_value"] = took.work / static_cast<double>(kTimes * values.size());
  state.counters["of_loop"] = took.of_limit();
}

// As a sender does it: the form is found first.
void WriteValuesOf(benchmark::State& state, ValueForm form, size_t count) {
  const std::vector<float> values = MakeValues(form, count);
  std::vector<std::byte> bytes;
  Measure(state, values, [&] {
    bytes.clear();
    ByteWriter out(&bytes);
    WriteValues(ShortestForm(values), values, &out);
    benchmark::DoNotOptimize(bytes.data());
  });
}

void ReadValuesOf(benchmark::State& state, ValueForm form, size_t count) {
  const std::vector<float> values = MakeValues(form, count);
  std::vector<std::byte> bytes;
  ByteWriter out(&bytes);
  WriteValues(form, values, &out);
  std::vector<float> read(count);
  Measure(state, values, [&] {
    ValueReader in(bytes, 0, {});
    CAIRN_CHECK(in.Read(form, count, read.data()).ok());
  });
  CAIRN_CHECK(read == values);
}

const bool kRegistered = [] {
  const std::pair<ValueForm, const char*> forms[] = {
      {ValueForm::kF32, "f32"}, {ValueForm::kBf16, "bf16"}, {ValueForm::kF8, "f8"}};
  for (const auto& [form, name] : forms) {
    for (const size_t count : {size_t{16'384}, size_t{262'144}}) {
      const std::string shape = std::string("/form:") + name + "/values:" + std::to_string(count);
      benchmark::RegisterBenchmark(("WriteValues" + shape).c_str(), WriteValuesOf, form, count);
      benchmark::RegisterBenchmark(("ReadValues" + shape).c_str(), ReadValuesOf, form, count);
    }
  }
  return true;
}();

}  // namespace
}  // namespace cairn
