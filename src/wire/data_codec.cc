#include "wire/data_codec.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <utility>

#include "wire/array_block.h"
#include "wire/columns.h"
#include "wire/frame_values.h"
#include "wire/id_codec.h"
#include "wire/limits.h"
#include "wire/value_codec.h"

namespace cairn {
namespace {

// Columns of equal values take next to nothing, so that a few bytes could ask for memory without
// bound: each part and slice has to be paid for with so many bytes of the payload. Payloads that
// are shorter are filled up with zeros.
constexpr uint64_t kBytesOfPart = 4;    // Of a request, and of a slice.
constexpr uint64_t kBytesOfResult = 1;  // Of a part of a reply.

std::string_view ErrorText(const std::string& error) {
  return std::string_view(error).substr(0, limits::kStringBytesMax);
}

// Zeros in front of the values, or at the end, so that the payload has its length.
class Filling {
 public:
  // `payload_begin`: where the payload begins, in the writer or the reader.
  Filling(size_t payload_begin, uint64_t bytes_min)
      : payload_begin_(payload_begin), bytes_min_(bytes_min) {}

  void Write(ByteWriter* out, uint64_t value_bytes = 0) const {
    out->Extend(Missing(out->size(), value_bytes));
  }

  // That the zeros are there.
  absl::Status Read(ByteReader* in, std::string_view what, uint64_t value_bytes = 0) const {
    return in->Take(what, Missing(in->offset(), value_bytes)).status();
  }

 private:
  uint64_t Missing(size_t end, uint64_t value_bytes) const {
    const uint64_t bytes = end - payload_begin_ + value_bytes;
    return PaddedTo8(std::max(bytes, bytes_min_)) - bytes;
  }

  const size_t payload_begin_;
  const uint64_t bytes_min_;
};

// The number of records that follow in columns, for which the payload has to pay.
absl::StatusOr<size_t> ReadCount(std::string_view field, uint64_t bytes_each,
                                 uint64_t payload_bytes, ByteReader* in) {
  const size_t offset = in->offset();
  uint64_t count = 0;
  CAIRN_RETURN_IF_ERROR(in->Varint(field, &count));
  if (count <= payload_bytes / bytes_each) return count;
  return InvalidArgument(field, " at offset ", offset, ": ", count, " of them take at least ",
                         bytes_each, " bytes each, but the payload has ", payload_bytes);
}

template <typename Holder>
ValuePieces ApartValuesOf(const std::vector<Holder>& holders) {
  ValueGathering gathering;
  for (const Holder& holder : holders) {
    if (holder.values.empty()) continue;
    if (ShortestForm(holder.values) != ValueForm::kF32) return {};
    gathering.Add(holder.values);
  }
  return gathering.Take();
}

// ---- Slices -----------------------------------------------------------------------------------

// A slice but for its arrays, as its columns have it.
struct RawSlice {
  uint32_t table = 0;
  uint32_t id_count = 0;
  uint64_t named_request = 0;
  uint32_t named_begin = 0;
  uint32_t width = 0;  // Values of each id.
  ValueForm form = ValueForm::kF32;
  bool has_counts = false;

  uint64_t value_count() const { return uint64_t{id_count} * width; }
  uint64_t listed_ids() const { return named_request == 0 ? id_count : 0; }
};

// Counts that are all 1 are the same as none.
bool HasCounts(const TableSlice& slice) {
  return std::any_of(slice.counts.begin(), slice.counts.end(), [](uint32_t n) { return n != 1; });
}

std::vector<RawSlice> RawSlicesOf(const std::vector<TableSlice>& slices) {
  std::vector<RawSlice> raws;
  raws.reserve(slices.size());
  for (const TableSlice& slice : slices) {
    const size_t ids = slice.id_count();
    const auto width = static_cast<uint32_t>(ids == 0 ? 0 : slice.values.size() / ids);
    raws.push_back({.table = slice.table,
                    .id_count = static_cast<uint32_t>(ids),
                    .named_request = slice.named.request,
                    .named_begin = slice.named.begin,
                    .width = width,
                    .form = ShortestForm(slice.values),
                    .has_counts = HasCounts(slice)});
  }
  return raws;
}

void WriteListedIds(const std::vector<TableSlice>& slices, ByteWriter* out) {
  IdLists lists;
  lists.reserve(slices.size());
  for (const TableSlice& slice : slices) {
    if (slice.named.request == 0) lists.push_back(slice.ids);
  }
  WriteIds(lists, out);
}

size_t SliceBytesMax(const std::vector<TableSlice>& slices) {
  size_t bytes = slices.size() * sizeof(RawSlice);
  for (const TableSlice& slice : slices) {
    bytes += IdBytesMax(slice.ids.size()) + slice.values.size_bytes() + 2 * slice.counts.size();
  }
  return bytes;
}

// How many numbers the slices have, after a look at whether they can be there.
struct Totals {
  uint64_t ids = 0, values = 0, counts = 0, value_bytes = 0;
  bool all_f32 = true;
};

absl::StatusOr<Totals> CheckTotals(const std::vector<RawSlice>& slices, const ByteReader& in,
                                   const PayloadRest& rest) {
  Totals totals;
  for (size_t i = 0; i < slices.size(); ++i) {
    const RawSlice& slice = slices[i];
    const bool legal = slice.id_count <= limits::kIdsPerSliceMax &&
                       slice.width <= limits::kRowFloatsMax && slice.form <= kLastValueForm;
    if (!legal) {
      return InvalidArgument("slices[", i, "]: ", slice.id_count, " ids of ", slice.width,
                             " values in form ", static_cast<int>(slice.form), ", legal: up to ",
                             limits::kIdsPerSliceMax, " of ", limits::kRowFloatsMax,
                             " in form 0 to ", static_cast<int>(kLastValueForm));
    }
    totals.ids += slice.listed_ids();
    totals.values += slice.value_count();
    totals.value_bytes += ValueBytes(slice.form, slice.value_count());
    totals.all_f32 = totals.all_f32 && slice.form == ValueForm::kF32;
    if (slice.has_counts) totals.counts += slice.id_count;
  }
  CAIRN_RETURN_IF_ERROR(in.Need("slices.ids", totals.ids, 1));
  CAIRN_RETURN_IF_ERROR(in.Need("slices.counts", totals.counts, 1));
  if (const uint64_t left = in.remaining() + rest.bytes(); totals.value_bytes > left) {
    return InvalidArgument("slices.values: ", totals.value_bytes, " bytes, but ", left,
                           " are left");
  }
  return totals;
}

absl::Status ReadListedIds(const std::vector<RawSlice>& raws, std::span<uint64_t> ids,
                           ByteReader* in, std::vector<TableSlice>* slices) {
  CAIRN_RETURN_IF_ERROR(ReadIds(in, ids.size(), ids.data()));
  for (size_t i = 0; i < raws.size(); ++i) {
    (*slices)[i].ids = ids.first(raws[i].listed_ids());
    ids = ids.subspan(raws[i].listed_ids());
  }
  return absl::OkStatus();
}

absl::Status ReadSliceCounts(const std::vector<RawSlice>& raws, ArrayBlock* block, ByteReader* in,
                             std::vector<TableSlice>* slices) {
  for (size_t i = 0; i < raws.size(); ++i) {
    if (!raws[i].has_counts) continue;
    const std::span<uint32_t> counts = block->Make<uint32_t>(raws[i].id_count);
    for (uint32_t& count : counts) CAIRN_RETURN_IF_ERROR(in->Varint("slices.counts", &count));
    (*slices)[i].counts = counts;
  }
  return absl::OkStatus();
}

absl::Status ReadSliceValues(const std::vector<RawSlice>& raws, ValueArrays* arrays,
                             std::vector<TableSlice>* slices) {
  for (size_t i = 0; i < raws.size(); ++i) {
    auto values = arrays->Next(raws[i].form, raws[i].value_count());
    CAIRN_RETURN_IF_ERROR(Annotate(values.status(), "slices[", i, "]"));
    (*slices)[i].values = *values;
  }
  return arrays->End();
}

// Both, where there are both.
std::shared_ptr<const void> Together(std::shared_ptr<const void> a, std::shared_ptr<const void> b) {
  if (a == nullptr || b == nullptr) return a == nullptr ? b : a;
  return std::make_shared<std::pair<std::shared_ptr<const void>, std::shared_ptr<const void>>>(
      std::move(a), std::move(b));
}

absl::Status MakeSlices(const std::vector<RawSlice>& raws, const Filling& filling, ByteReader* in,
                        const PayloadRest& rest, std::vector<TableSlice>* slices,
                        std::shared_ptr<const void>* storage) {
  CAIRN_ASSIGN_OR_RETURN(const Totals totals, CheckTotals(raws, *in, rest));
  ArrayBlock block(totals.ids * sizeof(uint64_t) + totals.counts * sizeof(uint32_t));
  slices->resize(raws.size());
  for (size_t i = 0; i < raws.size(); ++i) {
    (*slices)[i].table = raws[i].table;
    if (raws[i].named_request == 0) continue;
    (*slices)[i].named = {raws[i].named_request, raws[i].named_begin, raws[i].id_count};
  }
  CAIRN_RETURN_IF_ERROR(ReadListedIds(raws, block.Make<uint64_t>(totals.ids), in, slices));
  CAIRN_RETURN_IF_ERROR(ReadSliceCounts(raws, &block, in, slices));
  CAIRN_RETURN_IF_ERROR(filling.Read(in, "filling", totals.value_bytes));
  ValueArrays arrays(in, rest, totals.all_f32, totals.values);
  CAIRN_RETURN_IF_ERROR(ReadSliceValues(raws, &arrays, slices));
  *storage = Together(block.storage(), arrays.storage());
  return absl::OkStatus();
}

uint64_t ValueBytesOf(const std::vector<RawSlice>& raws) {
  uint64_t bytes = 0;
  for (const RawSlice& raw : raws) bytes += ValueBytes(raw.form, raw.value_count());
  return bytes;
}

template <typename Part>
uint64_t RequestBytesMin(const std::vector<Part>& parts, size_t slices) {
  return (parts.size() + slices) * kBytesOfPart;
}

}  // namespace

// ---- Push: head, columns of parts, columns of slices, ids, counts, values ---------------------

ValuePieces ApartValues(const Push& push) { return ApartValuesOf(push.slices); }

size_t PayloadBytesMax(const Push& push) {
  return 64 + push.parts.size() * sizeof(PushPart) + SliceBytesMax(push.slices);
}

void WritePayload(const Push& push, ByteWriter* out, bool apart) {
  const Filling filling(out->size(), RequestBytesMin(push.parts, push.slices.size()));
  out->Varint(push.ref.stream);
  out->Varint(push.ref.attempt);
  out->Varint(push.step);
  out->Varint(push.epoch);
  out->Varint(std::bit_cast<uint32_t>(push.rate_factor));
  out->Varint(push.rows);
  out->Varint(push.parts.size());
  out->Varint(push.slices.size());
  WriteColumn(push.parts, &PushPart::partition, out);
  WriteColumn(push.parts, &PushPart::term, out);
  WriteColumn(push.parts, &PushPart::prev, out);
  WriteColumn(push.parts, &PushPart::fragment, out);
  WriteColumn(push.parts, &PushPart::fragment_count, out);
  WriteColumn(push.parts, &PushPart::slice_begin, out);
  WriteColumn(push.parts, &PushPart::slice_end, out);
  const std::vector<RawSlice> raws = RawSlicesOf(push.slices);
  WriteColumn(raws, &RawSlice::table, out);
  WriteColumn(raws, &RawSlice::id_count, out);
  WriteColumn(raws, &RawSlice::named_request, out);
  WriteColumn(raws, &RawSlice::named_begin, out);
  WriteColumn(raws, &RawSlice::width, out);
  WriteColumn(raws, &RawSlice::form, out);
  WriteColumn(raws, &RawSlice::has_counts, out);
  WriteListedIds(push.slices, out);
  for (size_t i = 0; i < raws.size(); ++i) {
    if (!raws[i].has_counts) continue;
    for (const uint32_t count : push.slices[i].counts) out->Varint(count);
  }
  filling.Write(out, ValueBytesOf(raws));
  for (size_t i = 0; !apart && i < raws.size(); ++i) {
    WriteValues(raws[i].form, push.slices[i].values, out);
  }
}

absl::Status ReadPayload(ByteReader* payload, Push* push, const PayloadRest& rest) {
  const size_t begin = payload->offset();
  const size_t bytes = payload->remaining() + rest.bytes();
  uint32_t rate_bits = 0;
  CAIRN_RETURN_IF_ERROR(payload->Varint("push.stream", &push->ref.stream));
  CAIRN_RETURN_IF_ERROR(payload->Varint("push.attempt", &push->ref.attempt));
  CAIRN_RETURN_IF_ERROR(payload->Varint("push.step", &push->step));
  CAIRN_RETURN_IF_ERROR(payload->Varint("push.epoch", &push->epoch));
  CAIRN_RETURN_IF_ERROR(payload->Varint("push.rate_factor", &rate_bits));
  CAIRN_RETURN_IF_ERROR(payload->Varint("push.rows", &push->rows));
  push->rate_factor = std::bit_cast<float>(rate_bits);
  CAIRN_ASSIGN_OR_RETURN(const size_t part_count,
                         ReadCount("push.parts", kBytesOfPart, bytes, payload));
  CAIRN_ASSIGN_OR_RETURN(const size_t slice_count,
                         ReadCount("push.slices", kBytesOfPart, bytes, payload));
  std::vector<PushPart>* parts = &push->parts;
  parts->resize(part_count);
  CAIRN_RETURN_IF_ERROR(ReadColumn("push.parts.partition", payload, parts, &PushPart::partition));
  CAIRN_RETURN_IF_ERROR(ReadColumn("push.parts.term", payload, parts, &PushPart::term));
  CAIRN_RETURN_IF_ERROR(ReadColumn("push.parts.prev", payload, parts, &PushPart::prev));
  CAIRN_RETURN_IF_ERROR(ReadColumn("push.parts.fragment", payload, parts, &PushPart::fragment));
  CAIRN_RETURN_IF_ERROR(
      ReadColumn("push.parts.fragment_count", payload, parts, &PushPart::fragment_count));
  CAIRN_RETURN_IF_ERROR(
      ReadColumn("push.parts.slice_begin", payload, parts, &PushPart::slice_begin));
  CAIRN_RETURN_IF_ERROR(ReadColumn("push.parts.slice_end", payload, parts, &PushPart::slice_end));
  std::vector<RawSlice> raws(slice_count);
  CAIRN_RETURN_IF_ERROR(ReadColumn("push.slices.table", payload, &raws, &RawSlice::table));
  CAIRN_RETURN_IF_ERROR(ReadColumn("push.slices.ids", payload, &raws, &RawSlice::id_count));
  CAIRN_RETURN_IF_ERROR(ReadColumn("push.slices.pull", payload, &raws, &RawSlice::named_request));
  CAIRN_RETURN_IF_ERROR(ReadColumn("push.slices.begin", payload, &raws, &RawSlice::named_begin));
  CAIRN_RETURN_IF_ERROR(ReadColumn("push.slices.width", payload, &raws, &RawSlice::width));
  CAIRN_RETURN_IF_ERROR(ReadColumn("push.slices.form", payload, &raws, &RawSlice::form));
  CAIRN_RETURN_IF_ERROR(ReadColumn("push.slices.counts", payload, &raws, &RawSlice::has_counts));
  const Filling filling(begin, RequestBytesMin(push->parts, slice_count));
  return Annotate(MakeSlices(raws, filling, payload, rest, &push->slices, &push->storage), "push");
}

// ---- PushReply: head, columns of parts, error --------------------------------------------------

size_t PayloadBytesMax(const PushReply& reply) {
  return 64 + reply.parts.size() * sizeof(PartResult) + ErrorText(reply.error).size();
}

void WritePayload(const PushReply& reply, ByteWriter* out) {
  const Filling filling(out->size(), reply.parts.size() * kBytesOfResult);
  const std::string_view error = ErrorText(reply.error);
  out->Varint(reply.ref.stream);
  out->Varint(reply.ref.attempt);
  out->Varint(reply.step);
  out->Varint(reply.parts.size());
  out->Varint(error.size());
  WriteColumn(reply.parts, &PartResult::partition, out);
  WriteColumn(reply.parts, &PartResult::code, out);
  WriteColumn(reply.parts, &PartResult::last, out);
  out->PackedText(error);
  filling.Write(out);
}

absl::Status ReadPayload(ByteReader* payload, PushReply* reply) {
  const size_t begin = payload->offset();
  const size_t bytes = payload->remaining();
  uint64_t error_bytes = 0;
  CAIRN_RETURN_IF_ERROR(payload->Varint("push_reply.stream", &reply->ref.stream));
  CAIRN_RETURN_IF_ERROR(payload->Varint("push_reply.attempt", &reply->ref.attempt));
  CAIRN_RETURN_IF_ERROR(payload->Varint("push_reply.step", &reply->step));
  CAIRN_ASSIGN_OR_RETURN(const size_t part_count,
                         ReadCount("push_reply.parts", kBytesOfResult, bytes, payload));
  CAIRN_RETURN_IF_ERROR(payload->Varint("push_reply.error bytes", &error_bytes));
  std::vector<PartResult>* parts = &reply->parts;
  parts->resize(part_count);
  CAIRN_RETURN_IF_ERROR(
      ReadColumn("push_reply.parts.partition", payload, parts, &PartResult::partition));
  CAIRN_RETURN_IF_ERROR(ReadColumn("push_reply.parts.code", payload, parts, &PartResult::code));
  CAIRN_RETURN_IF_ERROR(ReadColumn("push_reply.parts.last", payload, parts, &PartResult::last));
  CAIRN_RETURN_IF_ERROR(
      payload->PackedText("push_reply.error", error_bytes, limits::kStringBytesMax, &reply->error));
  CAIRN_RETURN_IF_ERROR(Filling(begin, part_count * kBytesOfResult).Read(payload, "push_reply"));
  return payload->End("push_reply");
}

// ---- Pull: head, columns of parts, columns of slices, ids --------------------------------------

size_t PayloadBytesMax(const Pull& pull) {
  return 64 + pull.parts.size() * sizeof(PullPart) + SliceBytesMax(pull.slices);
}

void WritePayload(const Pull& pull, ByteWriter* out) {
  const Filling filling(out->size(), RequestBytesMin(pull.parts, pull.slices.size()));
  out->Varint(static_cast<uint64_t>(pull.kind));
  out->Varint(pull.ref.stream);
  out->Varint(pull.ref.attempt);
  out->Varint(pull.step);
  out->Varint(pull.parts.size());
  out->Varint(pull.slices.size());
  WriteColumn(pull.parts, &PullPart::partition, out);
  WriteColumn(pull.parts, &PullPart::term, out);
  WriteColumn(pull.parts, &PullPart::min, out);
  WriteColumn(pull.parts, &PullPart::slice_begin, out);
  WriteColumn(pull.parts, &PullPart::slice_end, out);
  const std::vector<RawSlice> raws = RawSlicesOf(pull.slices);
  WriteColumn(raws, &RawSlice::table, out);
  WriteColumn(raws, &RawSlice::id_count, out);
  WriteListedIds(pull.slices, out);
  filling.Write(out);
}

absl::Status ReadPayload(ByteReader* payload, Pull* pull) {
  const size_t begin = payload->offset();
  const size_t bytes = payload->remaining();
  uint8_t kind = 0;
  CAIRN_RETURN_IF_ERROR(payload->Varint("pull.kind", &kind));
  CAIRN_RETURN_IF_ERROR(payload->Varint("pull.stream", &pull->ref.stream));
  CAIRN_RETURN_IF_ERROR(payload->Varint("pull.attempt", &pull->ref.attempt));
  CAIRN_RETURN_IF_ERROR(payload->Varint("pull.step", &pull->step));
  pull->kind = static_cast<Pull::Kind>(kind);
  CAIRN_ASSIGN_OR_RETURN(const size_t part_count,
                         ReadCount("pull.parts", kBytesOfPart, bytes, payload));
  CAIRN_ASSIGN_OR_RETURN(const size_t slice_count,
                         ReadCount("pull.slices", kBytesOfPart, bytes, payload));
  std::vector<PullPart>* parts = &pull->parts;
  parts->resize(part_count);
  CAIRN_RETURN_IF_ERROR(ReadColumn("pull.parts.partition", payload, parts, &PullPart::partition));
  CAIRN_RETURN_IF_ERROR(ReadColumn("pull.parts.term", payload, parts, &PullPart::term));
  CAIRN_RETURN_IF_ERROR(ReadColumn("pull.parts.min", payload, parts, &PullPart::min));
  CAIRN_RETURN_IF_ERROR(
      ReadColumn("pull.parts.slice_begin", payload, parts, &PullPart::slice_begin));
  CAIRN_RETURN_IF_ERROR(ReadColumn("pull.parts.slice_end", payload, parts, &PullPart::slice_end));
  std::vector<RawSlice> raws(slice_count);
  CAIRN_RETURN_IF_ERROR(ReadColumn("pull.slices.table", payload, &raws, &RawSlice::table));
  CAIRN_RETURN_IF_ERROR(ReadColumn("pull.slices.ids", payload, &raws, &RawSlice::id_count));
  const Filling filling(begin, RequestBytesMin(pull->parts, slice_count));
  return Annotate(MakeSlices(raws, filling, payload, {}, &pull->slices, &pull->storage), "pull");
}

// ---- PullReply: head, columns of parts, error, values -------------------------------------------

namespace {

struct RawResult {
  uint32_t partition = 0;
  PartCode code = PartCode::kOk;
  uint32_t value_count = 0;
  ValueForm form = ValueForm::kF32;
};

absl::StatusOr<Totals> CheckResultValues(const std::vector<RawResult>& raws, uint64_t bytes_left) {
  Totals totals;
  for (size_t i = 0; i < raws.size(); ++i) {
    if (raws[i].form > kLastValueForm) {
      return InvalidArgument("parts[", i, "].form: ", static_cast<int>(raws[i].form),
                             ", legal: 0 to ", static_cast<int>(kLastValueForm));
    }
    totals.values += raws[i].value_count;
    totals.value_bytes += ValueBytes(raws[i].form, raws[i].value_count);
    totals.all_f32 = totals.all_f32 && raws[i].form == ValueForm::kF32;
  }
  if (totals.value_bytes <= bytes_left) return totals;
  return InvalidArgument("parts.values: ", totals.value_bytes, " bytes, but ", bytes_left,
                         " are left");
}

absl::Status MakeResults(const std::vector<RawResult>& raws, const Filling& filling, ByteReader* in,
                         const PayloadRest& rest, PullReply* reply) {
  CAIRN_ASSIGN_OR_RETURN(const Totals totals,
                         CheckResultValues(raws, in->remaining() + rest.bytes()));
  CAIRN_RETURN_IF_ERROR(filling.Read(in, "filling", totals.value_bytes));
  ValueArrays arrays(in, rest, totals.all_f32, totals.values);
  reply->parts.reserve(raws.size());
  for (const RawResult& raw : raws) {
    CAIRN_ASSIGN_OR_RETURN(const std::span<const float> values,
                           arrays.Next(raw.form, raw.value_count));
    reply->parts.push_back({raw.partition, raw.code, values});
  }
  reply->storage = arrays.storage();
  return arrays.End();
}

}  // namespace

ValuePieces ApartValues(const PullReply& reply) { return ApartValuesOf(reply.parts); }

size_t PayloadBytesMax(const PullReply& reply) {
  size_t bytes = 64 + reply.parts.size() * sizeof(RawResult) + ErrorText(reply.error).size();
  for (const PullResult& part : reply.parts) bytes += part.values.size_bytes();
  return bytes;
}

void WritePayload(const PullReply& reply, ByteWriter* out, bool apart) {
  const Filling filling(out->size(), reply.parts.size() * kBytesOfResult);
  const std::string_view error = ErrorText(reply.error);
  std::vector<RawResult> raws;
  raws.reserve(reply.parts.size());
  for (const PullResult& part : reply.parts) {
    raws.push_back({part.partition, part.code, static_cast<uint32_t>(part.values.size()),
                    ShortestForm(part.values)});
  }
  out->Varint(reply.ref.stream);
  out->Varint(reply.ref.attempt);
  out->Varint(reply.step);
  out->Varint(reply.parts.size());
  out->Varint(error.size());
  WriteColumn(raws, &RawResult::partition, out);
  WriteColumn(raws, &RawResult::code, out);
  WriteColumn(raws, &RawResult::value_count, out);
  WriteColumn(raws, &RawResult::form, out);
  out->PackedText(error);
  uint64_t value_bytes = 0;
  for (const RawResult& raw : raws) value_bytes += ValueBytes(raw.form, raw.value_count);
  filling.Write(out, value_bytes);
  for (size_t i = 0; !apart && i < raws.size(); ++i) {
    WriteValues(raws[i].form, reply.parts[i].values, out);
  }
}

absl::Status ReadPayload(ByteReader* payload, PullReply* reply, const PayloadRest& rest) {
  const size_t begin = payload->offset();
  const size_t bytes = payload->remaining() + rest.bytes();
  uint64_t error_bytes = 0;
  CAIRN_RETURN_IF_ERROR(payload->Varint("pull_reply.stream", &reply->ref.stream));
  CAIRN_RETURN_IF_ERROR(payload->Varint("pull_reply.attempt", &reply->ref.attempt));
  CAIRN_RETURN_IF_ERROR(payload->Varint("pull_reply.step", &reply->step));
  CAIRN_ASSIGN_OR_RETURN(const size_t part_count,
                         ReadCount("pull_reply.parts", kBytesOfResult, bytes, payload));
  CAIRN_RETURN_IF_ERROR(payload->Varint("pull_reply.error bytes", &error_bytes));
  std::vector<RawResult> raws(part_count);
  CAIRN_RETURN_IF_ERROR(
      ReadColumn("pull_reply.parts.partition", payload, &raws, &RawResult::partition));
  CAIRN_RETURN_IF_ERROR(ReadColumn("pull_reply.parts.code", payload, &raws, &RawResult::code));
  CAIRN_RETURN_IF_ERROR(
      ReadColumn("pull_reply.parts.values", payload, &raws, &RawResult::value_count));
  CAIRN_RETURN_IF_ERROR(ReadColumn("pull_reply.parts.form", payload, &raws, &RawResult::form));
  CAIRN_RETURN_IF_ERROR(
      payload->PackedText("pull_reply.error", error_bytes, limits::kStringBytesMax, &reply->error));
  const Filling filling(begin, part_count * kBytesOfResult);
  return Annotate(MakeResults(raws, filling, payload, rest, reply), "pull_reply");
}

}  // namespace cairn
