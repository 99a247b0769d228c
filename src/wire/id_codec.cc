#include "wire/id_codec.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace cairn {
namespace {

// A gap is split into `low_bits` bits, which are packed, and the rest, in unary: as many zeros and
// a one. kEscapeZeros zeros without a one: the gap is in the list of escapes, and its low bits are
// 0. With 7 low bits and one in unary, an id takes at least a byte.
constexpr uint8_t kRaw = 0;  // In the place of low_bits: 8 bytes each.
constexpr int kLowBitsMin = 7;
constexpr int kLowBitsMax = 63;
constexpr uint64_t kEscapeZeros = 20;
constexpr int kHalfBits = 32;  // Longer low bits than fit into a word are handled in two pieces.

// Between an id and the one before it; the first one comes after -1. Where ids do not ascend, a
// gap is close to 2^64.
struct GapWalk {
  uint64_t previous = ~uint64_t{0};

  uint64_t To(uint64_t id) {
    const uint64_t gap = id - previous - 1;
    previous = id;
    return gap;
  }
};

template <typename Visit>
void ForEachGap(const IdLists& lists, Visit visit) {
  GapWalk walk;
  for (const std::span<const uint64_t> list : lists) {
    for (const uint64_t id : list) visit(walk.To(id));
  }
}

// Of so many gaps, spread over the message.
constexpr size_t kSamples = 1024;

// For geometrically distributed gaps the best parameter is the power of two that is closest to
// their mean times ln 2, and that is 0.2 below the mean of their bit widths (Euler's constant and
// half a bit are between the two means). Unlike the mean of the gaps themselves it bears a few
// large ones.
int ChooseLowBits(const IdLists& lists, size_t count) {
  const size_t stride = count / kSamples + 1;
  uint64_t widths = 0;
  uint64_t samples = 0;
  for (const std::span<const uint64_t> list : lists) {
    for (size_t i = 1; i < list.size(); i += stride) {
      widths += static_cast<uint64_t>(std::bit_width(list[i] - list[i - 1] - 1));
      ++samples;
    }
  }
  if (samples == 0) {  // One id in each list: then what is between the lists counts.
    ForEachGap(lists, [&](uint64_t gap) { widths += static_cast<uint64_t>(std::bit_width(gap)); });
    samples = count;
  }
  const double mean = static_cast<double>(widths) / static_cast<double>(samples);
  return std::clamp(static_cast<int>(std::lround(mean - 0.2)), kLowBitsMin, kLowBitsMax);
}

constexpr size_t BytesOfBits(uint64_t bits) { return (bits + 7) / 8; }

uint64_t LowMask(int bits) { return (uint64_t{1} << bits) - 1; }

// A word has so many bits from any bit of its first byte on.
constexpr int kBitsFrom = 57;

// Puts numbers behind one another, the lowest bit of a byte first. Writes whole words: up to 8
// bytes behind the last bit are overwritten.
class BitWriter {
 public:
  explicit BitWriter(std::byte* memory) : next_(memory) {}

  // Up to 56 bits; those of `number` above are 0.
  void Put(uint64_t number, int bits) {
    word_ |= number << filled_;
    std::memcpy(next_, &word_, sizeof word_);
    filled_ += bits;
    next_ += filled_ / 8;
    word_ >>= filled_ & ~7;
    filled_ &= 7;
  }

 private:
  std::byte* next_;
  uint64_t word_ = 0;  // The bits from next_ on that are not yet complete bytes.
  int filled_ = 0;     // Below 8 between calls.
};

constexpr int kBitsPut = 56;

// Reads at any place of `bytes`; beyond their end are zeros.
class BitGetter {
 public:
  explicit BitGetter(std::span<const std::byte> bytes) : bytes_(bytes) {}

  // 64 bits from the byte on that holds `position`.
  uint64_t Word(uint64_t position) const {
    const uint64_t at = position / 8;
    uint64_t word = 0;
    if (at + sizeof word <= bytes_.size()) {
      std::memcpy(&word, bytes_.data() + at, sizeof word);
    } else if (at < bytes_.size()) {
      std::memcpy(&word, bytes_.data() + at, bytes_.size() - at);
    }
    return word;
  }

  // At least kBitsFrom bits.
  uint64_t From(uint64_t position) const { return Word(position) >> (position % 8); }

 private:
  const std::span<const std::byte> bytes_;
};

// Reads the unary parts one after the other.
class UnaryReader {
 public:
  explicit UnaryReader(std::span<const std::byte> bytes) : bits_(bytes) {}

  // Below kEscapeZeros, or kEscapeZeros for an escape.
  uint64_t Next() {
    if (left_ <= static_cast<int>(kEscapeZeros)) {
      word_ = bits_.From(position_);
      left_ = kBitsFrom;
    }
    const auto zeros = static_cast<uint64_t>(std::countr_zero(word_ | uint64_t{1} << kEscapeZeros));
    const uint64_t used = zeros + (zeros < kEscapeZeros ? 1 : 0);
    word_ >>= used;
    left_ -= static_cast<int>(used);
    position_ += used;
    return zeros;
  }

  uint64_t position() const { return position_; }

 private:
  const BitGetter bits_;
  uint64_t word_ = 0;
  int left_ = 0;           // Bits of word_.
  uint64_t position_ = 0;  // Of the first of them.
};

struct Sizes {
  uint64_t escapes = 0;
  uint64_t unary_bits = 0;
};

Sizes Measure(const IdLists& lists, int low_bits) {
  Sizes sizes;
  ForEachGap(lists, [&](uint64_t gap) {
    const uint64_t zeros = gap >> low_bits;
    const bool escape = zeros >= kEscapeZeros;
    sizes.escapes += escape ? 1 : 0;
    sizes.unary_bits += escape ? kEscapeZeros : zeros + 1;
  });
  return sizes;
}

void WriteRaw(const IdLists& lists, ByteWriter* out) {
  out->Varint(kRaw);
  for (const std::span<const uint64_t> list : lists) out->Packed(list);
}

void WriteLowBits(const IdLists& lists, int low_bits, std::byte* memory) {
  BitWriter lows(memory);
  const uint64_t mask = LowMask(low_bits);
  ForEachGap(lists, [&](uint64_t gap) {
    const uint64_t low = gap >> low_bits < kEscapeZeros ? gap & mask : 0;
    if (low_bits <= kBitsPut) {
      lows.Put(low, low_bits);
    } else {
      lows.Put(low & LowMask(kHalfBits), kHalfBits);
      lows.Put(low >> kHalfBits, low_bits - kHalfBits);
    }
  });
}

void WriteUnary(const IdLists& lists, int low_bits, std::byte* escapes, std::byte* memory) {
  BitWriter unary(memory);
  ForEachGap(lists, [&](uint64_t gap) {
    const uint64_t zeros = gap >> low_bits;
    if (zeros < kEscapeZeros) {
      unary.Put(uint64_t{1} << zeros, static_cast<int>(zeros) + 1);
    } else {
      unary.Put(0, static_cast<int>(kEscapeZeros));
      std::memcpy(escapes, &gap, sizeof gap);
      escapes += sizeof gap;
    }
  });
}

void WriteCoded(const IdLists& lists, size_t count, int low_bits, const Sizes& sizes,
                ByteWriter* out) {
  const size_t unary_bytes = BytesOfBits(sizes.unary_bits);
  const size_t low_bytes = BytesOfBits(count * static_cast<uint64_t>(low_bits));
  const size_t escape_bytes = sizes.escapes * sizeof(uint64_t);
  out->Varint(static_cast<uint64_t>(low_bits));
  out->Varint(sizes.escapes);
  out->Varint(unary_bytes);
  // From the front to the back, for what a BitWriter writes too much.
  std::byte* const memory = out->Extend(low_bytes + escape_bytes + unary_bytes + sizeof(uint64_t));
  WriteLowBits(lists, low_bits, memory);
  WriteUnary(lists, low_bits, memory + low_bytes, memory + low_bytes + escape_bytes);
  out->TakeBack(sizeof(uint64_t));
}

absl::Status ReadCoded(ByteReader* in, size_t count, int low_bits, uint64_t* ids) {
  uint64_t escapes_left = 0;
  uint64_t unary_bytes = 0;
  CAIRN_RETURN_IF_ERROR(in->Varint("ids.escapes", &escapes_left));
  CAIRN_RETURN_IF_ERROR(in->Varint("ids.unary bytes", &unary_bytes));
  CAIRN_RETURN_IF_ERROR(in->Need("ids.escapes", escapes_left, sizeof(uint64_t)));
  const size_t offset = in->offset();
  CAIRN_ASSIGN_OR_RETURN(
      const std::span<const std::byte> low_bytes,
      in->Take("ids.low bits", BytesOfBits(count * static_cast<uint64_t>(low_bits))));
  CAIRN_ASSIGN_OR_RETURN(const std::span<const std::byte> escape_bytes,
                         in->Take("ids.escapes", escapes_left * sizeof(uint64_t)));
  CAIRN_ASSIGN_OR_RETURN(const std::span<const std::byte> unary_span,
                         in->Take("ids.unary", unary_bytes));
  const BitGetter lows(low_bytes);
  const std::byte* escape = escape_bytes.data();
  UnaryReader unary(unary_span);
  const uint64_t mask = LowMask(low_bits);
  uint64_t id = ~uint64_t{0};
  uint64_t low_at = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t zeros = unary.Next();
    uint64_t gap;
    if (zeros < kEscapeZeros) {
      uint64_t low = lows.From(low_at);
      if (low_bits > kBitsFrom) low |= lows.From(low_at + kHalfBits) << kHalfBits;
      gap = zeros << low_bits | (low & mask);
    } else {
      if (escapes_left == 0) {
        return InvalidArgument("ids at offset ", offset, ": more escapes than are listed");
      }
      --escapes_left;
      std::memcpy(&gap, escape, sizeof gap);
      escape += sizeof gap;
    }
    low_at += static_cast<uint64_t>(low_bits);
    id += gap + 1;
    ids[i] = id;
  }
  if (escapes_left == 0 && BytesOfBits(unary.position()) == unary_bytes) return absl::OkStatus();
  return InvalidArgument("ids at offset ", offset, ": ", unary_bytes, " unary bytes and ",
                         escapes_left, " escapes too many do not fit ", count, " ids");
}

size_t CountOf(const IdLists& lists) {
  size_t count = 0;
  for (const std::span<const uint64_t> list : lists) count += list.size();
  return count;
}

}  // namespace

size_t IdBytesMax(size_t count) { return 1 + count * sizeof(uint64_t); }

void WriteIds(const IdLists& lists, ByteWriter* out) {
  const size_t count = CountOf(lists);
  if (count == 0) return;
  const int low_bits = ChooseLowBits(lists, count);
  const Sizes sizes = Measure(lists, low_bits);
  const size_t bytes = 2 * kVarintBytesMax + BytesOfBits(count * static_cast<uint64_t>(low_bits)) +
                       sizes.escapes * sizeof(uint64_t) + BytesOfBits(sizes.unary_bits);
  if (bytes >= count * sizeof(uint64_t)) {
    WriteRaw(lists, out);
  } else {
    WriteCoded(lists, count, low_bits, sizes, out);
  }
}

absl::Status ReadIds(ByteReader* in, size_t count, uint64_t* ids) {
  if (count == 0) return absl::OkStatus();
  const size_t offset = in->offset();
  uint8_t low_bits = 0;
  CAIRN_RETURN_IF_ERROR(in->Varint("ids.low bits", &low_bits));
  if (low_bits == kRaw) return in->Packed("ids", count, ids);
  if (low_bits < kLowBitsMin || low_bits > kLowBitsMax) {
    return InvalidArgument("ids at offset ", offset, ": a code with ", int{low_bits},
                           " low bits, legal: 0, or ", kLowBitsMin, " to ", kLowBitsMax);
  }
  return ReadCoded(in, count, low_bits, ids);
}

}  // namespace cairn
