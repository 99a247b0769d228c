#include "wire/data_codec.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "wire/limits.h"

namespace cairn {
namespace {

struct RawPush {
  uint64_t stream, step, epoch;
  uint32_t attempt;
  float rate_factor;
  uint32_t rows, part_count, slice_count, reserved;
};
static_assert(sizeof(RawPush) == 48);

struct RawPushPart {
  uint64_t term, prev;
  uint32_t partition, fragment, fragment_count, slice_begin, slice_end, reserved;
};
static_assert(sizeof(RawPushPart) == 40);

struct RawPull {
  uint64_t stream, step;
  uint32_t attempt;
  uint8_t kind;
  uint8_t reserved[3];
  uint32_t part_count, slice_count;
};
static_assert(sizeof(RawPull) == 32);

struct RawPullPart {
  uint64_t term, min;
  uint32_t partition, slice_begin, slice_end, reserved;
};
static_assert(sizeof(RawPullPart) == 32);

// Lengths of a slice's arrays, which follow all records.
struct RawSlice {
  uint32_t table, id_count, value_count, count_count;
};
static_assert(sizeof(RawSlice) == 16);

struct RawReply {
  uint64_t stream, step;
  uint32_t attempt, part_count, error_bytes, reserved;
};
static_assert(sizeof(RawReply) == 32);

struct RawPushResult {
  uint64_t last;
  uint32_t partition;
  uint8_t code;
  uint8_t reserved[3];
};
static_assert(sizeof(RawPushResult) == 16);

struct RawPullResult {
  uint32_t partition, value_count, reserved;
  uint8_t code;
  uint8_t reserved2[3];
};
static_assert(sizeof(RawPullResult) == 16);

std::string_view ErrorText(const std::string& error) {
  return std::string_view(error).substr(0, limits::kStringBytesMax);
}

// The arrays at the end of a payload, copied once into a block of their own. An array of bytes
// made by new is aligned for every number, and memcpy begins the lifetime of what it copies.
class ArrayBlock {
 public:
  explicit ArrayBlock(ByteReader* in) : offset_(in->offset()) {
    const std::span<const std::byte> rest = in->TakeRest();
    bytes_ = rest.size();
    if (bytes_ == 0) return;
    storage_ = std::shared_ptr<std::byte[]>(new std::byte[bytes_]);
    std::memcpy(storage_.get(), rest.data(), bytes_);
  }

  const std::shared_ptr<std::byte[]>& storage() const { return storage_; }

  template <WireNumber T>
  absl::Status Take(std::string_view field, uint64_t count, std::span<const T>* numbers) {
    if (count == 0) return absl::OkStatus();
    const size_t left = bytes_ - taken_;
    if (count > left / sizeof(T)) {
      return InvalidArgument(field, " at offset ", offset_ + taken_, ": ", count, " elements of ",
                             sizeof(T), " bytes, but ", left, " bytes are left");
    }
    *numbers = {reinterpret_cast<const T*>(storage_.get() + taken_), count};
    // A payload is a multiple of 8 bytes, so the padding is there.
    taken_ += PaddedTo8(count * sizeof(T));
    return absl::OkStatus();
  }

  absl::Status End() const {
    if (taken_ == bytes_) return absl::OkStatus();
    return InvalidArgument("the arrays end at offset ", offset_ + taken_, ", but ", bytes_ - taken_,
                           " bytes follow");
  }

 private:
  size_t offset_;  // In the frame, for errors.
  size_t bytes_ = 0;
  size_t taken_ = 0;
  std::shared_ptr<std::byte[]> storage_;
};

size_t SlicesBytes(const std::vector<TableSlice>& slices) {
  size_t bytes = slices.size() * sizeof(RawSlice);
  for (const TableSlice& slice : slices) {
    bytes += slice.ids.size_bytes() + PaddedTo8(slice.values.size_bytes()) +
             PaddedTo8(slice.counts.size_bytes());
  }
  return bytes;
}

void WriteSlices(const std::vector<TableSlice>& slices, ByteWriter* out) {
  for (const TableSlice& slice : slices) {
    out->Record(RawSlice{slice.table, static_cast<uint32_t>(slice.ids.size()),
                         static_cast<uint32_t>(slice.values.size()),
                         static_cast<uint32_t>(slice.counts.size())});
  }
  for (const TableSlice& slice : slices) {
    out->Array(slice.ids);
    out->Array(slice.values);
    out->Array(slice.counts);
  }
}

absl::Status ReadSlices(ByteReader* in, uint32_t slice_count, std::vector<TableSlice>* slices,
                        std::shared_ptr<const void>* storage) {
  std::vector<RawSlice> raws;
  CAIRN_RETURN_IF_ERROR(in->Records("slices", slice_count, &raws));
  ArrayBlock block(in);
  slices->reserve(raws.size());
  for (const RawSlice& raw : raws) {
    TableSlice& slice = slices->emplace_back();
    slice.table = raw.table;
    CAIRN_RETURN_IF_ERROR(block.Take("slices.ids", raw.id_count, &slice.ids));
    CAIRN_RETURN_IF_ERROR(block.Take("slices.values", raw.value_count, &slice.values));
    CAIRN_RETURN_IF_ERROR(block.Take("slices.counts", raw.count_count, &slice.counts));
  }
  *storage = block.storage();
  return block.End();
}

}  // namespace

// ---- Push: RawPush, parts, slices, then each slice's ids, values, counts ----

size_t PayloadBytes(const Push& push) {
  return sizeof(RawPush) + push.parts.size() * sizeof(RawPushPart) + SlicesBytes(push.slices);
}

void WritePayload(const Push& push, ByteWriter* out) {
  out->Record(RawPush{.stream = push.ref.stream,
                      .step = push.step,
                      .epoch = push.epoch,
                      .attempt = push.ref.attempt,
                      .rate_factor = push.rate_factor,
                      .rows = push.rows,
                      .part_count = static_cast<uint32_t>(push.parts.size()),
                      .slice_count = static_cast<uint32_t>(push.slices.size()),
                      .reserved = 0});
  for (const PushPart& part : push.parts) {
    out->Record(RawPushPart{part.term, part.prev, part.partition, part.fragment,
                            part.fragment_count, part.slice_begin, part.slice_end, 0});
  }
  WriteSlices(push.slices, out);
}

absl::Status ReadPayload(ByteReader* payload, Push* push) {
  CAIRN_ASSIGN_OR_RETURN(const RawPush raw, payload->Record<RawPush>("push"));
  push->ref = {.stream = raw.stream, .attempt = raw.attempt};
  push->step = raw.step;
  push->epoch = raw.epoch;
  push->rate_factor = raw.rate_factor;
  push->rows = raw.rows;
  std::vector<RawPushPart> parts;
  CAIRN_RETURN_IF_ERROR(payload->Records("push.parts", raw.part_count, &parts));
  push->parts.reserve(parts.size());
  for (const RawPushPart& part : parts) {
    push->parts.push_back({.partition = part.partition,
                           .term = part.term,
                           .prev = part.prev,
                           .fragment = part.fragment,
                           .fragment_count = part.fragment_count,
                           .slice_begin = part.slice_begin,
                           .slice_end = part.slice_end});
  }
  return Annotate(ReadSlices(payload, raw.slice_count, &push->slices, &push->storage), "push");
}

// ---- PushReply: RawReply, parts, error ----

size_t PayloadBytes(const PushReply& reply) {
  return sizeof(RawReply) + reply.parts.size() * sizeof(RawPushResult) +
         PaddedTo8(ErrorText(reply.error).size());
}

void WritePayload(const PushReply& reply, ByteWriter* out) {
  const std::string_view error = ErrorText(reply.error);
  out->Record(RawReply{reply.ref.stream, reply.step, reply.ref.attempt,
                       static_cast<uint32_t>(reply.parts.size()),
                       static_cast<uint32_t>(error.size()), 0});
  for (const PartResult& part : reply.parts) {
    out->Record(RawPushResult{part.last, part.partition, static_cast<uint8_t>(part.code), {}});
  }
  out->Bytes(error);
}

absl::Status ReadPayload(ByteReader* payload, PushReply* reply) {
  CAIRN_ASSIGN_OR_RETURN(const RawReply raw, payload->Record<RawReply>("push_reply"));
  reply->ref = {.stream = raw.stream, .attempt = raw.attempt};
  reply->step = raw.step;
  std::vector<RawPushResult> parts;
  CAIRN_RETURN_IF_ERROR(payload->Records("push_reply.parts", raw.part_count, &parts));
  reply->parts.reserve(parts.size());
  for (const RawPushResult& part : parts) {
    reply->parts.push_back({part.partition, static_cast<PartCode>(part.code), part.last});
  }
  CAIRN_RETURN_IF_ERROR(
      payload->Bytes("push_reply.error", raw.error_bytes, limits::kStringBytesMax, &reply->error));
  return payload->End("push_reply");
}

// ---- Pull: RawPull, parts, slices, then each slice's ids (and counts) ----

size_t PayloadBytes(const Pull& pull) {
  return sizeof(RawPull) + pull.parts.size() * sizeof(RawPullPart) + SlicesBytes(pull.slices);
}

void WritePayload(const Pull& pull, ByteWriter* out) {
  out->Record(RawPull{.stream = pull.ref.stream,
                      .step = pull.step,
                      .attempt = pull.ref.attempt,
                      .kind = static_cast<uint8_t>(pull.kind),
                      .reserved = {},
                      .part_count = static_cast<uint32_t>(pull.parts.size()),
                      .slice_count = static_cast<uint32_t>(pull.slices.size())});
  for (const PullPart& part : pull.parts) {
    out->Record(
        RawPullPart{part.term, part.min, part.partition, part.slice_begin, part.slice_end, 0});
  }
  WriteSlices(pull.slices, out);
}

absl::Status ReadPayload(ByteReader* payload, Pull* pull) {
  CAIRN_ASSIGN_OR_RETURN(const RawPull raw, payload->Record<RawPull>("pull"));
  pull->kind = static_cast<Pull::Kind>(raw.kind);
  pull->ref = {.stream = raw.stream, .attempt = raw.attempt};
  pull->step = raw.step;
  std::vector<RawPullPart> parts;
  CAIRN_RETURN_IF_ERROR(payload->Records("pull.parts", raw.part_count, &parts));
  pull->parts.reserve(parts.size());
  for (const RawPullPart& part : parts) {
    pull->parts.push_back({part.partition, part.term, part.min, part.slice_begin, part.slice_end});
  }
  return Annotate(ReadSlices(payload, raw.slice_count, &pull->slices, &pull->storage), "pull");
}

// ---- PullReply: RawReply, parts, error, then each part's values ----

size_t PayloadBytes(const PullReply& reply) {
  size_t bytes = sizeof(RawReply) + reply.parts.size() * sizeof(RawPullResult) +
                 PaddedTo8(ErrorText(reply.error).size());
  for (const PullResult& part : reply.parts) bytes += PaddedTo8(part.values.size_bytes());
  return bytes;
}

void WritePayload(const PullReply& reply, ByteWriter* out) {
  const std::string_view error = ErrorText(reply.error);
  out->Record(RawReply{reply.ref.stream, reply.step, reply.ref.attempt,
                       static_cast<uint32_t>(reply.parts.size()),
                       static_cast<uint32_t>(error.size()), 0});
  for (const PullResult& part : reply.parts) {
    out->Record(RawPullResult{part.partition,
                              static_cast<uint32_t>(part.values.size()),
                              0,
                              static_cast<uint8_t>(part.code),
                              {}});
  }
  out->Bytes(error);
  for (const PullResult& part : reply.parts) out->Array(part.values);
}

absl::Status ReadPayload(ByteReader* payload, PullReply* reply) {
  CAIRN_ASSIGN_OR_RETURN(const RawReply raw, payload->Record<RawReply>("pull_reply"));
  reply->ref = {.stream = raw.stream, .attempt = raw.attempt};
  reply->step = raw.step;
  std::vector<RawPullResult> parts;
  CAIRN_RETURN_IF_ERROR(payload->Records("pull_reply.parts", raw.part_count, &parts));
  CAIRN_RETURN_IF_ERROR(
      payload->Bytes("pull_reply.error", raw.error_bytes, limits::kStringBytesMax, &reply->error));
  ArrayBlock block(payload);
  reply->parts.reserve(parts.size());
  for (const RawPullResult& raw_part : parts) {
    PullResult& part = reply->parts.emplace_back();
    part.partition = raw_part.partition;
    part.code = static_cast<PartCode>(raw_part.code);
    CAIRN_RETURN_IF_ERROR(
        block.Take("pull_reply.parts.values", raw_part.value_count, &part.values));
  }
  reply->storage = block.storage();
  return Annotate(block.End(), "pull_reply");
}

}  // namespace cairn
