#include "worker/pulled_values.h"

#include <catch2/catch.hpp>
#include <memory>
#include <vector>

namespace cairn {
namespace {

using Floats = std::vector<float>;

constexpr uint32_t kPartitions = 4;

std::shared_ptr<const KeyCut> Cut(uint32_t index, uint32_t width, const std::vector<Key>& keys) {
  TableSpec spec;
  spec.name = "t" + std::to_string(index);
  spec.parts[0].width = width;
  return KeyCutter(kPartitions).Cut(LayoutOf(spec, index), keys);
}

// What a server would answer: float f of row u of table t is 1000 t + 10 u + f / 100.
float ValueOf(size_t table, size_t row, size_t f) {
  return static_cast<float>(1'000 * table + 10 * row) + static_cast<float>(f) / 100;
}

// Of one partition, all tables one after the other.
Floats AnswerOf(const PullPayload& payload, uint32_t partition) {
  Floats values;
  for (size_t t = 0; t < payload.size(); ++t) {
    for (uint32_t u = payload[t]->offsets[partition]; u < payload[t]->offsets[partition + 1]; ++u) {
      for (size_t f = 0; f < payload[t]->width; ++f) values.push_back(ValueOf(t, u, f));
    }
  }
  return values;
}

// A pull of tables with these widths, answered in one reply.
struct Pulled {
  explicit Pulled(const std::vector<uint32_t>& widths) {
    for (const uint32_t width : widths) {
      payload.push_back(Cut(static_cast<uint32_t>(payload.size()), width, keys));
    }
    values = PulledValues(std::make_shared<const PullPayload>(payload), {0, 1, 2, 3});
    for (const uint32_t p : {2u, 0u, 3u, 1u}) {
      reply->push_back(AnswerOf(payload, p));
      REQUIRE(values.Set(p, reply->back(), reply));
    }
  }

  const std::vector<Key> keys = {5, 900, 5, 77, 1, 2, 3, 900, 44};
  PullPayload payload;
  std::shared_ptr<std::vector<Floats>> reply = std::make_shared<std::vector<Floats>>();
  PulledValues values;
};

TEST_CASE("the rows of each table come in the order of its cut, and of the keys") {
  const Pulled pulled({1, 20, 3});
  REQUIRE(pulled.values.tables() == 3);
  const std::vector<Floats> packed = pulled.values.Packed();
  for (size_t t = 0; t < 3; ++t) {
    const KeyCut& cut = *pulled.payload[t];
    REQUIRE(packed[t].size() == cut.unique() * cut.width);
    Floats rows(pulled.keys.size() * cut.width);
    pulled.values.ScatterTo(t, rows);
    for (size_t f = 0; f < cut.width; ++f) {
      for (size_t u = 0; u < cut.unique(); ++u) {
        CHECK(packed[t][u * cut.width + f] == ValueOf(t, u, f));
      }
      for (size_t i = 0; i < pulled.keys.size(); ++i) {
        CHECK(rows[i * cut.width + f] == ValueOf(t, cut.inverse[i], f));
      }
    }
  }
}

TEST_CASE("an answer of another length is none") {
  const Pulled pulled({2});
  PulledValues values(std::make_shared<const PullPayload>(pulled.payload), {0, 1, 2, 3});
  Floats answer = AnswerOf(pulled.payload, 1);
  answer.push_back(0);
  CHECK_FALSE(values.Set(1, answer, nullptr));
  answer.pop_back();
  CHECK(values.Set(1, answer, nullptr));
}

TEST_CASE("a reply is kept once, as long as its values are") {
  Pulled pulled({1, 20});
  CHECK(pulled.reply.use_count() == 2);
  pulled.values = PulledValues();
  CHECK(pulled.reply.use_count() == 1);
  CHECK(pulled.values.tables() == 0);
  CHECK(pulled.values.Packed().empty());
}

}  // namespace
}  // namespace cairn
