#include "fuzz/parse_fuzz.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "base/random.h"

namespace cairn {
namespace {

constexpr std::string_view kSeeds[] = {
    "1 0:0:1 1:1:1 2:62:1 3:349:1 4:4:1 5:5:1\n0 0:0:1 1:1:0.25 2:18446744073709551615:-3e-4\r\n",
    "-1 3:1 11:1 14:0.123456789 # tail\n+1 1:1 2:1\n\n# nothing\n0.5 99999999:1 100000000:1\n",
    "1 qid:3 2:1\nnan 1:1\n1 1:inf\n1 1\n2 :\n",
};
// What the formats are made of comes more often than other bytes.
constexpr std::string_view kAlphabet = "0123456789:: \n\r\t.-+e#n1";

char RandomByte(SeededRandom* random) {
  if (random->Chance(0.1)) return static_cast<char>(random->Below(256));
  return kAlphabet[random->Below(kAlphabet.size())];
}

void Fuzz(const std::string& text) {
  ParseLinesFuzz(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

// A broken property ends the program with a sentence: CAIRN_CHECK in the entry.
TEST_CASE("ParseLinesFuzz: mutated rows, random bytes, every truncation") {
  SeededRandom random(41);
  uint64_t texts = 0;
  for (const std::string_view seed : kSeeds) {
    for (size_t bytes = 0; bytes <= seed.size(); ++bytes, ++texts) {
      Fuzz(std::string(seed.substr(0, bytes)));
    }
    for (int round = 0; round < 4000; ++round, ++texts) {
      std::string text(seed);
      for (uint64_t i = 1 + random.Below(6); i > 0; --i) {
        const size_t at = random.Below(text.size());
        if (random.Chance(0.6)) {
          text[at] = RandomByte(&random);
        } else {
          text.insert(at, 1, RandomByte(&random));
        }
      }
      Fuzz(text);
    }
  }
  for (int round = 0; round < 4000; ++round, ++texts) {
    std::string text(random.Below(120), ' ');
    for (char& byte : text) byte = RandomByte(&random);
    Fuzz(text);
  }
  CHECK(texts > 16'000);
}

}  // namespace
}  // namespace cairn
