#include "train/row_codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>

#include "base/check.h"
#include "base/status.h"

namespace cairn {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are stored as they are");

// Of the first byte.
enum Flag : uint8_t {
  kHasValues = 1,
  kHasWeights = 2,
  kHasFields = 4,
  kHasBitLabels = 8,       // Labels are 0 and 1, a bit each.
  kHasEqualLengths = 16,   // All rows have as many features.
  kHasRepeatedFields = 32  // And the fields of the first one.
};

// What a key is stored as: its difference, by bits, to the key at the same place of the row before.
// Neighbouring rows are alike, so that most differences are short; a nibble says how many bytes one
// has. Decoding reads eight whatever it says, so that many bytes of 0 are behind the last one.
constexpr size_t kKeyBytes = sizeof(Key);

constexpr std::array<uint64_t, 16> kMaskOfWidth = [] {
  std::array<uint64_t, 16> masks{};
  for (size_t width = 0; width < masks.size(); ++width) {
    masks[width] = width >= kKeyBytes ? ~uint64_t{0} : (uint64_t{1} << (8 * width)) - 1;
  }
  return masks;
}();

template <typename T>
void AppendArray(std::span<const T> values, std::string* bytes) {
  bytes->append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

size_t BitBytes(size_t bits) { return (bits + 7) / 8; }
size_t NibbleBytes(size_t nibbles) { return (nibbles + 1) / 2; }

// The rows of a batch from one on.
struct Rows {
  Rows(const RowBatch& batch, size_t first)
      : labels(std::span(batch.labels).subspan(first)),
        offsets(std::span(batch.offsets).subspan(first)),
        keys(std::span(batch.keys).subspan(offsets[0])),
        weights(Tail(batch.weights, first)),
        values(Tail(batch.values, offsets[0])),
        fields(Tail(batch.fields, offsets[0])) {
    // Of a batch in which only other rows have some.
    const auto is_one = [](float value) { return value == 1; };
    if (std::all_of(values.begin(), values.end(), is_one)) values = {};
    if (std::all_of(weights.begin(), weights.end(), is_one)) weights = {};
  }

  template <typename T>
  static std::span<const T> Tail(const std::vector<T>& all, size_t from) {
    return all.empty() ? std::span<const T>() : std::span(all).subspan(from);
  }
  uint32_t length(size_t row) const { return offsets[row + 1] - offsets[row]; }
  bool HaveEqualLengths() const {
    for (size_t row = 1; row < labels.size(); ++row) {
      if (length(row) != length(0)) return false;
    }
    return true;
  }
  // If their lengths are equal.
  bool RepeatFields() const {
    return std::equal(fields.begin() + length(0), fields.end(), fields.begin());
  }

  std::span<const float> labels;
  std::span<const uint32_t> offsets;
  std::span<const Key> keys;
  std::span<const float> weights, values;
  std::span<const uint16_t> fields;
};

uint8_t FlagsOf(const Rows& rows) {
  int flags = 0;
  if (!rows.values.empty()) flags |= kHasValues;
  if (!rows.weights.empty()) flags |= kHasWeights;
  if (!rows.fields.empty()) flags |= kHasFields;
  const auto is_bit = [](float label) { return std::bit_cast<uint32_t>(label) == 0 || label == 1; };
  if (std::all_of(rows.labels.begin(), rows.labels.end(), is_bit)) flags |= kHasBitLabels;
  if (rows.labels.empty() || !rows.HaveEqualLengths()) return static_cast<uint8_t>(flags);
  flags |= kHasEqualLengths;
  if (!rows.fields.empty() && rows.RepeatFields()) flags |= kHasRepeatedFields;
  return static_cast<uint8_t>(flags);
}

void AppendKeys(const Rows& rows, std::string* bytes) {
  const size_t widths_at = bytes->size();
  const size_t keys_at = widths_at + NibbleBytes(rows.keys.size());
  bytes->resize(keys_at + (rows.keys.size() + 1) * kKeyBytes);  // Enough for any.
  char* const widths = bytes->data() + widths_at;
  char* at = bytes->data() + keys_at;
  const Key* const keys = rows.keys.data();
  const uint32_t base = rows.offsets[0];
  int nibbles = 0;      // The last two.
  size_t previous = 0;  // Where the row before begins.
  for (size_t row = 0; row < rows.labels.size(); ++row) {
    const size_t begin = rows.offsets[row] - base, end = rows.offsets[row + 1] - base;
    for (size_t i = begin, from = previous; i < end; ++i, ++from) {
      const uint64_t difference = keys[i] ^ (from < begin ? keys[from] : 0);
      const int width = (std::bit_width(difference) + 7) / 8;
      nibbles = i % 2 == 0 ? width : nibbles | width << 4;
      widths[i / 2] = static_cast<char>(nibbles);
      std::memcpy(at, &difference, kKeyBytes);
      at += width;
    }
    previous = begin;
  }
  std::memset(at, 0, kKeyBytes);
  bytes->resize(static_cast<size_t>(at - bytes->data()) + kKeyBytes);
}

// Takes arrays off the front of some bytes.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}

  // Null: there are not so many.
  const char* Take(uint64_t bytes) {
    if (bytes > rest_.size()) is_short_ = true;
    if (is_short_) return nullptr;
    const char* const taken = rest_.data();
    rest_.remove_prefix(bytes);
    return taken;
  }
  uint32_t TakeU32() {
    uint32_t value = 0;
    if (const char* const at = Take(sizeof value)) std::memcpy(&value, at, sizeof value);
    return value;
  }
  bool is_short() const { return is_short_; }  // What was taken so far was not all there.
  size_t left() const { return rest_.size(); }

 private:
  std::string_view rest_;
  bool is_short_ = false;
};

// Where the parts of an encoding are. Nothing there is aligned.
struct Encoded {
  uint8_t flags = 0;
  size_t rows = 0, features = 0;
  const char* labels = nullptr;
  const char* weights = nullptr;
  const char* lengths = nullptr;
  const char* fields = nullptr;
  const char* values = nullptr;
  const char* widths = nullptr;
  const char* keys = nullptr;

  bool Has(Flag flag) const { return (flags & flag) != 0; }
  uint32_t length(size_t row) const {
    if (Has(kHasEqualLengths)) return static_cast<uint32_t>(features / rows);
    uint32_t length;
    std::memcpy(&length, lengths + row * sizeof length, sizeof length);
    return length;
  }
};

bool LengthsFit(const Encoded& encoded) {
  if (encoded.Has(kHasEqualLengths)) {
    return encoded.rows > 0 && encoded.features % encoded.rows == 0;
  }
  uint64_t sum = 0;
  for (size_t row = 0; row < encoded.rows; ++row) sum += encoded.length(row);
  return sum == encoded.features;
}

// Of what the nibbles say: keys are decoded without a look at where they end.
uint64_t SumOfWidths(const Encoded& encoded) {
  uint64_t sum = 0;
  for (size_t i = 0; i < NibbleBytes(encoded.features); ++i) {
    const auto two = static_cast<uint8_t>(encoded.widths[i]);
    sum += (two & 15u) + (two >> 4u);
  }
  return sum;
}

absl::StatusOr<Encoded> TakeApart(std::string_view bytes) {
  Cursor cursor(bytes);
  Encoded encoded;
  if (const char* const flags = cursor.Take(1)) encoded.flags = static_cast<uint8_t>(*flags);
  encoded.rows = cursor.TakeU32();
  encoded.features = cursor.TakeU32();
  const size_t rows = encoded.rows, features = encoded.features;
  encoded.labels = cursor.Take(encoded.Has(kHasBitLabels) ? BitBytes(rows) : rows * sizeof(float));
  if (encoded.Has(kHasWeights)) encoded.weights = cursor.Take(rows * sizeof(float));
  const bool has_equal_lengths = encoded.Has(kHasEqualLengths);
  if (!has_equal_lengths) encoded.lengths = cursor.Take(rows * sizeof(uint32_t));
  const bool lengths_fit = !cursor.is_short() && LengthsFit(encoded);
  if (lengths_fit && encoded.Has(kHasFields)) {
    const bool repeated = encoded.Has(kHasRepeatedFields);
    if (repeated && !has_equal_lengths) return DataLoss("repeated fields in rows of all lengths");
    encoded.fields = cursor.Take((repeated ? features / rows : features) * sizeof(uint16_t));
  }
  if (encoded.Has(kHasValues)) encoded.values = cursor.Take(features * sizeof(float));
  encoded.widths = cursor.Take(NibbleBytes(features));
  const bool fits =
      lengths_fit && !cursor.is_short() && SumOfWidths(encoded) + kKeyBytes == cursor.left();
  if (!fits) return DataLoss("rows whose parts are not as long as they say");
  encoded.keys = cursor.Take(cursor.left());
  return encoded;
}

// Appends `count` values that are there, or as many ones where they are but implied.
void AppendOrOnes(const char* from, size_t count, size_t before, std::vector<float>* to) {
  if (from == nullptr && to->empty()) return;
  to->resize(before, 1.0f);  // Those before had none either.
  to->resize(before + count, 1.0f);
  if (from != nullptr) std::memcpy(to->data() + before, from, count * sizeof(float));
}

void AppendLabels(const Encoded& encoded, std::vector<float>* labels) {
  const size_t before = labels->size();
  labels->resize(before + encoded.rows);
  float* const to = labels->data() + before;
  if (!encoded.Has(kHasBitLabels)) {
    std::memcpy(to, encoded.labels, encoded.rows * sizeof(float));
    return;
  }
  for (size_t row = 0; row < encoded.rows; ++row) {
    to[row] = static_cast<float>(encoded.labels[row / 8] >> (row % 8) & 1);
  }
}

void AppendFields(const Encoded& encoded, std::vector<uint16_t>* fields) {
  if (!encoded.Has(kHasFields)) return;
  const size_t before = fields->size();
  fields->resize(before + encoded.features);
  if (encoded.features == 0) return;
  const size_t once =
      encoded.Has(kHasRepeatedFields) ? encoded.features / encoded.rows : encoded.features;
  for (size_t at = 0; at < encoded.features; at += once) {
    std::memcpy(fields->data() + before + at, encoded.fields, once * sizeof(uint16_t));
  }
}

// Decodes `count` keys from `*at` on; the first `alike` of them are differences to those of
// `previous`.
void DecodeKeys(const Encoded& encoded, size_t first, size_t count, const Key* previous,
                size_t alike, const char** at, Key* to) {
  const char* from = *at;
  const auto next = [&](size_t i) {
    const size_t width = static_cast<uint8_t>(encoded.widths[i / 2]) >> (i % 2 * 4) & 15u;
    uint64_t word;
    std::memcpy(&word, from, sizeof word);
    from += width;
    return word & kMaskOfWidth[width];
  };
  for (size_t k = 0; k < alike; ++k) to[k] = previous[k] ^ next(first + k);
  for (size_t k = alike; k < count; ++k) to[k] = next(first + k);
  *at = from;
}

void AppendFeatures(const Encoded& encoded, RowBatch* rows) {
  const size_t before = rows->keys.size(), offsets = rows->offsets.size();
  rows->keys.resize(before + encoded.features);
  rows->offsets.resize(offsets + encoded.rows);
  Key* const keys = rows->keys.data() + before;
  const char* at = encoded.keys;
  size_t begin = 0, previous = 0;
  for (size_t row = 0; row < encoded.rows; ++row) {
    const size_t length = encoded.length(row);
    DecodeKeys(encoded, begin, length, keys + previous, std::min(length, begin - previous), &at,
               keys + begin);
    previous = begin;
    begin += length;
    rows->offsets[offsets + row] = static_cast<uint32_t>(before + begin);
  }
}

}  // namespace

void EncodeRows(const RowBatch& batch, size_t first_row, std::string* bytes) {
  CAIRN_CHECK(first_row <= batch.rows());
  const Rows rows(batch, first_row);
  const uint8_t flags = FlagsOf(rows);
  bytes->push_back(static_cast<char>(flags));
  for (const size_t count : {rows.labels.size(), rows.keys.size()}) {
    const auto word = static_cast<uint32_t>(count);
    AppendArray(std::span(&word, 1), bytes);
  }
  if ((flags & kHasBitLabels) != 0) {
    const size_t at = bytes->size();
    bytes->resize(at + BitBytes(rows.labels.size()));
    for (size_t row = 0; row < rows.labels.size(); ++row) {
      char& bits = (*bytes)[at + row / 8];
      bits = static_cast<char>(bits | static_cast<int>(rows.labels[row]) << (row % 8));
    }
  } else {
    AppendArray(rows.labels, bytes);
  }
  AppendArray(rows.weights, bytes);
  for (size_t row = 0; row < rows.labels.size() && (flags & kHasEqualLengths) == 0; ++row) {
    const uint32_t length = rows.length(row);
    AppendArray(std::span(&length, 1), bytes);
  }
  const bool repeated = (flags & kHasRepeatedFields) != 0;
  AppendArray(rows.fields.first(repeated ? rows.length(0) : rows.fields.size()), bytes);
  AppendArray(rows.values, bytes);
  AppendKeys(rows, bytes);
}

absl::Status DecodeRows(std::string_view bytes, RowBatch* rows) {
  CAIRN_ASSIGN_OR_RETURN(const Encoded encoded, TakeApart(bytes));
  const size_t features = rows->features();
  if (encoded.features > std::numeric_limits<uint32_t>::max() - features) {
    return MakeError(absl::StatusCode::kResourceExhausted,
                     "a batch of more than 2^32 features; take smaller batches");
  }
  if (features > 0 && encoded.features > 0 && encoded.Has(kHasFields) == rows->fields.empty()) {
    return DataLoss("rows with fields among rows without");
  }
  AppendOrOnes(encoded.weights, encoded.rows, rows->rows(), &rows->weights);
  AppendOrOnes(encoded.values, encoded.features, features, &rows->values);
  AppendLabels(encoded, &rows->labels);
  AppendFields(encoded, &rows->fields);
  AppendFeatures(encoded, rows);
  return absl::OkStatus();
}

}  // namespace cairn
