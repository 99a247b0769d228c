#include "train/zipf_generator.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "base/status.h"

namespace cairn {
namespace {

constexpr int kFields = 39;
constexpr int kSmallFields = 13;
constexpr uint64_t kSmallFieldIds = 50;
constexpr int kLargeFields = kFields - kSmallFields;
constexpr uint64_t kLargeFieldIdsMin = 4;
constexpr double kSizeRatio = 10'000;  // Of the largest field to the smallest large one.
constexpr double kZipfExponent = 1.05;
constexpr uint64_t kFeaturesMin = 1'000;
constexpr uint64_t kFeaturesMax = uint64_t{1} << 40;

constexpr int kRank = 4;
constexpr double kBias = -1.6;
constexpr double kLinearScale = 0.25;
constexpr double kFactorScale = 0.12;

constexpr size_t kPieceBytes = size_t{64} << 10;

// SplitMix64 of one word: what a generator in state x returns next.
uint64_t Mix(uint64_t x) { return Mix64(x + 0x9E3779B97F4A7C15u); }

// A standard normal as a function of `key`: Box and Muller's, from two hashed uniforms.
double Normal(uint64_t key) {
  const double above_zero = static_cast<double>((Mix(key) >> 11) + 1) * 0x1.0p-53;
  const double turn = UnitInterval(Mix(key ^ 0xABCDEF1234567u));
  return std::sqrt(-2 * std::log(above_zero)) * std::cos(6.283185307179586 * turn);
}

struct Field {
  uint64_t first_id = 0;
  uint64_t ids = 0;
  double span = 0;  // (ids + 1) ** (1 - exponent) - 1, of the inverse distribution function.
};

std::vector<Field> MakeFields(uint64_t features) {
  const double growth = std::pow(kSizeRatio, 1.0 / (kLargeFields - 1));
  double growth_sum = 0;
  for (int i = 0; i < kLargeFields; ++i) growth_sum += std::pow(growth, i);
  const auto large_ids = static_cast<double>(features - kSmallFields * kSmallFieldIds);
  std::vector<Field> fields(kFields);
  uint64_t first_id = 0;
  for (int i = 0; i < kFields; ++i) {
    uint64_t ids = kSmallFieldIds;
    if (i >= kSmallFields) {
      const double share = large_ids * std::pow(growth, i - kSmallFields) / growth_sum;
      ids = std::max(kLargeFieldIdsMin, static_cast<uint64_t>(share));
    }
    const double span = std::pow(static_cast<double>(ids) + 1.0, 1 - kZipfExponent) - 1;
    fields[static_cast<size_t>(i)] = {first_id, ids, span};
    first_id += ids;
  }
  return fields;
}

// What one id adds to a row's z: g0 and w_t of the formula, scaled.
struct Effect {
  double linear = 0;
  std::array<double, kRank> factors = {};
};

// Remembers the effects of ids that come often: hashing one anew costs ten transcendentals.
class Effects {
 public:
  explicit Effects(uint64_t seed) : seed_(seed), slots_(kSlots) {}

  const Effect& Of(uint64_t id) {
    Slot& slot = slots_[id % kSlots];
    if (slot.id != id) slot = {id, Compute(id)};
    return slot.effect;
  }

 private:
  static constexpr uint64_t kSlots = uint64_t{1} << 16;
  static constexpr uint64_t kNoId = ~uint64_t{0};
  struct Slot {
    uint64_t id = kNoId;
    Effect effect;
  };

  Effect Compute(uint64_t id) const {
    const uint64_t key = seed_ * 1'000'003 + id * 7;
    Effect effect;
    effect.linear = kLinearScale * Normal(key);
    for (uint64_t t = 0; t < kRank; ++t) effect.factors[t] = kFactorScale * Normal(key + 1 + t);
    return effect;
  }

  const uint64_t seed_;
  std::vector<Slot> slots_;
};

// One row after the other.
class RowGenerator {
 public:
  explicit RowGenerator(const ZipfSpec& spec)
      : fields_(MakeFields(spec.features)),
        effects_(spec.seed),
        random_(Mix(spec.seed * 2 + (spec.part == ZipfSpec::Part::kTrain ? 1 : 2))) {}

  // Draws a row: appends its text, and returns the true probability of its label being 1.
  double AppendRow(std::string* text) {
    double z = kBias;
    std::array<double, kRank> sums = {};
    std::array<double, kRank> squares = {};
    std::array<uint64_t, kFields> ids;
    for (size_t i = 0; i < kFields; ++i) {
      ids[i] = DrawId(fields_[i]);
      const Effect& effect = effects_.Of(ids[i]);
      z += effect.linear;
      for (size_t t = 0; t < kRank; ++t) {
        sums[t] += effect.factors[t];
        squares[t] += effect.factors[t] * effect.factors[t];
      }
    }
    for (size_t t = 0; t < kRank; ++t) z += 0.5 * (sums[t] * sums[t] - squares[t]);
    const double probability = 1 / (1 + std::exp(-z));
    *text += random_.Unit() < probability ? '1' : '0';
    for (size_t i = 0; i < kFields; ++i) AppendFeature(i, ids[i], text);
    *text += '\n';
    return probability;
  }

 private:
  uint64_t DrawId(const Field& field) {
    const double x = field.span * random_.Unit() + 1;
    const auto rank = static_cast<uint64_t>(std::pow(x, 1 / (1 - kZipfExponent)));
    return field.first_id + std::clamp<uint64_t>(rank, 1, field.ids) - 1;
  }

  static void AppendFeature(uint64_t field, uint64_t id, std::string* text) {
    std::array<char, 48> piece;  // A blank, two numbers of at most 20 digits, ":" and ":1".
    char* end = piece.data();
    *end++ = ' ';
    end = std::to_chars(end, piece.data() + piece.size(), field).ptr;
    *end++ = ':';
    end = std::to_chars(end, piece.data() + piece.size(), id).ptr;
    *end++ = ':';
    *end++ = '1';
    text->append(piece.data(), end);
  }

  const std::vector<Field> fields_;
  Effects effects_;
  SeededRandom random_;
};

void AppendProbability(double probability, std::string* text) {
  std::array<char, 16> piece;
  const auto end = std::to_chars(piece.data(), piece.data() + piece.size(), probability,
                                 std::chars_format::fixed, 5);
  text->append(piece.data(), end.ptr);
  *text += '\n';
}

}  // namespace

absl::Status GenerateZipf(const ZipfSpec& spec, const TextSink& rows, const TextSink& oracle) {
  if (spec.features < kFeaturesMin || spec.features > kFeaturesMax) {
    return InvalidArgument("generated data has from ", kFeaturesMin, " to ", kFeaturesMax,
                           " features, not ", spec.features);
  }
  RowGenerator generator(spec);
  std::string text;
  std::string probabilities;
  for (uint64_t row = 0; row < spec.rows; ++row) {
    const double probability = generator.AppendRow(&text);
    if (oracle) AppendProbability(probability, &probabilities);
    if (text.size() < kPieceBytes && row + 1 < spec.rows) continue;
    CAIRN_RETURN_IF_ERROR(rows(text));
    if (oracle) CAIRN_RETURN_IF_ERROR(oracle(probabilities));
    text.clear();
    probabilities.clear();
  }
  return absl::OkStatus();
}

}  // namespace cairn
