#include "server/snapshot_codec.h"

#include <bit>

#include "base/check.h"
#include "base/hash.h"
#include "base/status.h"
#include "wire/limits.h"

namespace cairn::snapshot {
namespace {

constexpr size_t kNameBytesMax = 64;  // Of tables and optimizers.

void EncodePart(const PartSpec& part, uint32_t state_floats, PayloadWriter* out) {
  out->Put(part.width);
  out->Put(state_floats);
  const OptimizerSpec& optimizer = part.optimizer;
  out->PutString(optimizer.name);
  for (const float number :
       {optimizer.learning_rate, optimizer.l1, optimizer.l2, optimizer.beta1, optimizer.beta2,
        optimizer.beta, optimizer.epsilon, optimizer.initial_accumulator}) {
    out->Put(number);
  }
  out->Put(static_cast<uint32_t>(part.initializer.kind));
  out->Put(part.initializer.scale);
}

bool DecodePart(PayloadReader* in, PartSpec* part, uint32_t* state_floats) {
  OptimizerSpec& o = part->optimizer;
  uint32_t kind = 0;
  if (!in->Get(&part->width, state_floats) || !in->GetString(kNameBytesMax, &o.name) ||
      !in->Get(&o.learning_rate, &o.l1, &o.l2, &o.beta1, &o.beta2, &o.beta, &o.epsilon,
               &o.initial_accumulator, &kind, &part->initializer.scale)) {
    return false;
  }
  part->initializer.kind = static_cast<InitializerSpec::Kind>(kind);
  return kind <= static_cast<uint32_t>(InitializerSpec::Kind::kNormal);
}

void EncodeSpec(const RetentionSpec& retention, PayloadWriter* out) {
  out->Put(retention.admit_count);
  out->Put(retention.admit_probability);
  out->Put(retention.sketch_bytes);
  out->Put(retention.expire_steps);
  out->Put(retention.expire_below);
  out->Put(retention.bytes_max);
}

bool DecodeSpec(PayloadReader* in, RetentionSpec* retention) {
  return in->Get(&retention->admit_count, &retention->admit_probability, &retention->sketch_bytes,
                 &retention->expire_steps, &retention->expire_below, &retention->bytes_max);
}

absl::Status CheckRowWords(const TableSpec& spec, std::span<const uint32_t> state_floats) {
  uint64_t words = uint64_t{kRowCountWords} + spec.width();
  for (const uint32_t floats : state_floats) words += floats;
  if (words <= kRowWordsMax) return absl::OkStatus();
  return InvalidArgument("rows of ", words, " words, more than ", kRowWordsMax);
}

}  // namespace

PayloadWriter EncodeTable(const TableSpec& spec, std::span<const uint32_t> state_floats) {
  CAIRN_CHECK(state_floats.size() == spec.parts.size());
  PayloadWriter out;
  out.PutString(spec.name);
  out.Put(static_cast<uint32_t>(spec.kind));
  out.Put(static_cast<uint32_t>(spec.reduction));
  out.Put(spec.dense_size);
  out.Put(static_cast<uint32_t>(spec.parts.size()));
  for (size_t i = 0; i < spec.parts.size(); ++i) EncodePart(spec.parts[i], state_floats[i], &out);
  EncodeSpec(spec.retention, &out);
  return out;
}

absl::Status DecodeTable(std::span<const std::byte> payload, TableSpec* spec,
                         std::vector<uint32_t>* state_floats) {
  PayloadReader in(payload);
  uint32_t kind = 0, reduction = 0, parts = 0;
  if (!in.GetString(kNameBytesMax, &spec->name) ||
      !in.Get(&kind, &reduction, &spec->dense_size, &parts)) {
    return InvalidArgument("a table that is cut short");
  }
  if (kind > static_cast<uint32_t>(TableSpec::Kind::kDense)) {
    return InvalidArgument("table kind ", kind);
  }
  if (reduction > static_cast<uint32_t>(TableSpec::Reduction::kMean)) {
    return InvalidArgument("reduction ", reduction);
  }
  if (parts > limits::kPartsMax) return InvalidArgument("a table of ", parts, " parts");
  spec->kind = static_cast<TableSpec::Kind>(kind);
  spec->reduction = static_cast<TableSpec::Reduction>(reduction);
  spec->parts.resize(parts);
  state_floats->resize(parts);
  for (uint32_t i = 0; i < parts; ++i) {
    if (!DecodePart(&in, &spec->parts[i], &(*state_floats)[i])) {
      return InvalidArgument("part ", i, " of a table cannot be read");
    }
  }
  if (!DecodeSpec(&in, &spec->retention)) return InvalidArgument("a table without its retention");
  if (in.left() != 0) return InvalidArgument(in.left(), " bytes after a table");
  CAIRN_RETURN_IF_ERROR(CheckTable(*spec));
  return CheckRowWords(*spec, *state_floats);
}

PayloadWriter EncodeRetention(uint32_t table, uint32_t pieces, const RetentionState& state) {
  PayloadWriter out;
  out.Put(table);
  out.Put(pieces);
  out.Put(static_cast<uint32_t>(state.sweeping ? 1 : 0));
  out.Put(state.goes_up_to);
  for (const uint64_t number : {state.clock, state.age, state.hand, state.owed, state.goes_all,
                                state.goes_at, state.counted}) {
    out.Put(number);
  }
  out.Put(RetentionState::kScores);
  for (const uint64_t rows : state.scores) out.Put(rows);
  return out;
}

absl::Status DecodeRetention(std::span<const std::byte> payload, uint32_t* table, uint32_t* pieces,
                             RetentionState* state) {
  PayloadReader in(payload);
  uint32_t sweeping = 0, scores = 0;
  if (!in.Get(table, pieces, &sweeping, &state->goes_up_to, &state->clock, &state->age,
              &state->hand, &state->owed, &state->goes_all, &state->goes_at, &state->counted,
              &scores)) {
    return InvalidArgument("a retention that is cut short");
  }
  if (sweeping > 1) return InvalidArgument("sweeping ", sweeping, ", not 0 or 1");
  state->sweeping = sweeping == 1;
  if (scores != RetentionState::kScores || in.left() != scores * sizeof(uint64_t)) {
    return InvalidArgument(scores, " scores in ", in.left(), " bytes, not ",
                           RetentionState::kScores);
  }
  for (uint64_t& rows : state->scores) {
    if (!in.Get(&rows)) return InvalidArgument("scores are missing");
  }
  return absl::OkStatus();
}

uint64_t SchemaHash(const SnapshotHeader& header) {
  uint64_t hash = header.tables.size();
  for (size_t i = 0; i < header.tables.size(); ++i) {
    const PayloadWriter table = EncodeTable(header.tables[i], header.state_floats[i]);
    const std::span<const std::byte> bytes = table.bytes();
    hash = HashWords(hash, HashString({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
  }
  return hash;
}

PayloadWriter EncodeHeader(const SnapshotHeader& header) {
  PayloadWriter out;
  out.Put(kSnapshotVersion);
  out.Put(static_cast<uint32_t>(header.tables.size()));
  out.Put(header.checkpoint);
  out.Put(header.generation);
  out.Put(header.since);
  out.Put(header.seed);
  out.Put(header.schema_hash);
  out.Put(header.partition);
  out.Put(header.partitions);
  out.PutString(header.job);
  return out;
}

absl::Status DecodeHeader(std::span<const std::byte> payload, SnapshotHeader* header,
                          uint32_t* version, uint32_t* table_count) {
  PayloadReader in(payload);
  if (!in.Get(version)) return InvalidArgument("a header that is cut short");
  if (*version < kSnapshotVersionLeast || *version > kSnapshotVersion) {
    return MakeError(absl::StatusCode::kUnimplemented, "snapshot format version ", *version,
                     "; this program reads versions ", kSnapshotVersionLeast, " to ",
                     kSnapshotVersion);
  }
  if (!in.Get(table_count, &header->checkpoint, &header->generation) ||
      (*version > 3 && !in.Get(&header->since)) ||
      !in.Get(&header->seed, &header->schema_hash, &header->partition, &header->partitions) ||
      !in.GetString(limits::kStringBytesMax, &header->job) || in.left() != 0) {
    return InvalidArgument("a header of the wrong length");
  }
  if (*table_count == 0 || *table_count > limits::kTablesMax) {
    return InvalidArgument(*table_count, " tables");
  }
  if (!std::has_single_bit(header->partitions) || header->partitions > limits::kPartitionsMax ||
      header->partition >= header->partitions) {
    return InvalidArgument("partition ", header->partition, " of ", header->partitions);
  }
  return absl::OkStatus();
}

}  // namespace cairn::snapshot
