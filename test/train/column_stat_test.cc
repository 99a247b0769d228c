#include "train/column_stat.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/hash.h"

namespace cairn {
namespace {

using Top = std::vector<std::pair<std::string, uint64_t>>;

TEST_CASE("FrequentTexts is exact where there are few") {
  FrequentTexts texts;
  for (int i = 0; i < 1000; ++i) texts.Add(std::to_string(i));
  for (const char* text : {"b", "a", "c", "c", "c", "b", "a"}) texts.Add(text);
  CHECK(texts.exact());
  CHECK(texts.Top(4) == Top{{"c", 3}, {"a", 2}, {"b", 2}, {"0", 1}});
  CHECK(FrequentTexts().Top(3).empty());
}

TEST_CASE("FrequentTexts finds the frequent among very many, with counts a little too low") {
  FrequentTexts texts;
  constexpr uint64_t kTexts = 300'000;
  for (uint64_t i = 0; i < kTexts; ++i) {
    texts.Add(i % 10 == 0 ? "tenth" : i % 25 == 1 ? "twenty-fifth" : std::to_string(Mix64(i)));
  }
  CHECK_FALSE(texts.exact());
  const Top top = texts.Top(2);
  REQUIRE(top.size() == 2);
  const uint64_t error_max = kTexts / FrequentTexts::kKept;
  CHECK(top[0].first == "tenth");
  CHECK(top[0].second <= kTexts / 10);
  CHECK(top[0].second >= kTexts / 10 - error_max);
  CHECK(top[1].first == "twenty-fifth");
  CHECK(top[1].second <= kTexts / 25);
  CHECK(top[1].second >= kTexts / 25 - error_max);
}

TEST_CASE("FrequentTexts keeps the beginning of long texts only") {
  FrequentTexts texts;
  const std::string begin(FrequentTexts::kTextBytesMax, 'x');
  texts.Add(begin + "1");
  texts.Add(begin + "2");
  CHECK(texts.Top(2) == Top{{begin, 2}});
}

TEST_CASE("ColumnCounter counts what is there and what is missing") {
  ColumnCounter counter("origin");
  for (const char* cell : {"LAS", "ATL", "LAS"}) counter.Add(cell, false);
  counter.Add("", true);
  counter.Add("NA", true);
  const ColumnStat stat = counter.Stat();
  CHECK(stat.name == "origin");
  CHECK(stat.cells == 5);
  CHECK(stat.missing == 2);
  CHECK(stat.distinct == 2);
  CHECK(stat.distinct_is_exact);
  CHECK(stat.top == Top{{"LAS", 2}, {"ATL", 1}});
  CHECK(stat.top_is_exact);
}

TEST_CASE("ColumnCounter: ids of which there are too many become estimates") {
  ColumnCounter counter("id");
  for (uint64_t i = 0; i < 100'000; ++i) counter.Add(std::to_string(i), false);
  const ColumnStat stat = counter.Stat();
  CHECK_FALSE(stat.distinct_is_exact);
  CHECK_FALSE(stat.top_is_exact);
  CHECK(static_cast<double>(stat.distinct) ==
        Approx(100'000).epsilon(3 * DistinctCounter::kStandardError));
}

}  // namespace
}  // namespace cairn
