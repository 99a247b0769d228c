#include "server/table_shard.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/prefetch.h"
#include "sharding/placement.h"

namespace cairn {
namespace {

// While one row is worked on, the table's lines for the row so far ahead are on their way.
constexpr size_t kAhead = 16;
// Of rows that lie apart from the table, so many are looked up, and on their way, at once.
constexpr size_t kBatch = 32;
constexpr size_t kLineFloats = 16;
// If rows go by more than one for so many that stay, it is not worth noting which; but so few are.
constexpr uint64_t kRowsPerErased = 2;
constexpr uint64_t kErasedLeast = 4096;
// Of a long row; the hardware's prefetcher sees where it goes from there.
constexpr uint32_t kPrefetchFloatsMax = 8 * kLineFloats;

uint32_t OccurrencesOf(const uint32_t* counts, size_t i) {
  return counts == nullptr ? 1 : counts[i];
}

// Looks up ids in turn; each home is found, and on its way into the cache, `ahead` ids before its
// row is wanted.
template <size_t ahead>
class HomesAhead {
 public:
  HomesAhead(const RowTable* table, std::span<const uint64_t> ids) : table_(table), ids_(ids) {
    FindFrom(0);
  }

  // i: 0, 1, ...
  RowTable::Home Next(size_t i) {
    if (table_->layout() != layout_) FindFrom(i);
    const RowTable::Home home = homes_[i % ahead];
    if (i + ahead < ids_.size()) homes_[i % ahead] = table_->Prefetch(ids_[i + ahead]);
    return home;
  }

 private:
  void FindFrom(size_t begin) {
    layout_ = table_->layout();
    const size_t end = std::min(begin + ahead, ids_.size());
    for (size_t i = begin; i < end; ++i) homes_[i % ahead] = table_->Prefetch(ids_[i]);
  }

  const RowTable* const table_;
  const std::span<const uint64_t> ids_;
  uint64_t layout_ = 0;
  std::array<RowTable::Home, ahead> homes_;
};

float WeightOf(const FtrlRule& rule, const float* state) {
  return rule.WeightOf(state[0], std::sqrt(state[1]));
}

void PrefetchRow(const float* words, uint32_t count) {
  const uint32_t most = std::min(count, kPrefetchFloatsMax);
  for (uint32_t at = 0; at < most; at += kLineFloats) PrefetchForWrite(words + at);
}

}  // namespace

TableShard::TableShard(std::shared_ptr<const TableSchema> schema, uint32_t partition)
    : schema_(std::move(schema)), partition_(partition), scratch_(schema_->width()) {
  const uint32_t partitions = schema_->partitions();
  const int shared_bits = std::countr_zero(partitions);
  CAIRN_CHECK(partition < partitions);
  if (schema_->spec().kind == TableSpec::Kind::kSparse) {
    const RetentionRules& rules = schema_->retention();
    sparse_ = std::make_unique<RowTable>(
        FirstId(), shared_bits, schema_->stored_words(),
        rules.needs_stamps() ? RowTable::Stamps::kTwoBits : RowTable::Stamps::kNone);
    if (rules.any()) {
      retention_ = std::make_unique<Retention>(schema_.get(), FirstId(), shared_bits);
    }
    return;
  }
  dense_ = std::make_unique<Dense>();
  const uint64_t all = schema_->spec().blocks();
  dense_->first_block = (partition - schema_->salt()) & (partitions - 1);
  if (all > dense_->first_block) {
    dense_->counts.resize((all - dense_->first_block + partitions - 1) / partitions,
                          RowCount::Never());
  }
  dense_->dirty.resize(dense_->counts.size());
  dense_->words.resize(dense_->counts.size() * schema_->words());
  for (size_t i = 0; i < dense_->counts.size(); ++i) {
    schema_->InitRow(dense_->first_block + i * partitions,
                     dense_->words.data() + i * schema_->words());
  }
}

TableShard::~TableShard() = default;
TableShard::TableShard(TableShard&&) noexcept = default;

uint64_t TableShard::rows() const { return sparse_ ? sparse_->size() : dense_->counts.size(); }

uint64_t TableShard::bytes() const {
  const uint64_t scratch =
      scratch_.capacity() * sizeof(float) + (retention_ ? retention_->bytes() : 0);
  const uint64_t erased = erased_ ? erased_->capacity() * (sizeof(uint64_t) + 1) : 0;
  if (sparse_) return scratch + erased + sizeof(RowTable) + sparse_->bytes();
  return scratch + sizeof(Dense) + dense_->counts.capacity() + dense_->dirty.capacity() +
         dense_->words.capacity() * sizeof(float);
}

bool TableShard::Owns(uint64_t id) const {
  const uint32_t partitions = schema_->partitions();
  if (sparse_) return PartitionOfSparseId(id, partitions) == partition_;
  return id < schema_->spec().blocks() &&
         PartitionOfBlock(id, schema_->salt(), partitions) == partition_;
}

size_t TableShard::FirstOutOfPlace(std::span<const uint64_t> ids) const {
  if (ids.empty()) return 0;
  size_t at = 1;
  while (at < ids.size() && ids[at - 1] < ids[at]) ++at;
  // A partition of a sparse table is a range: if both ends of what ascends are in it, all are.
  if (sparse_ && Owns(ids[0]) && Owns(ids[at - 1])) return at;
  const auto foreign = std::find_if(ids.begin(), ids.begin() + static_cast<ptrdiff_t>(at),
                                    [this](uint64_t id) { return !Owns(id); });
  return static_cast<size_t>(foreign - ids.begin());
}

void TableShard::Prefetch(std::span<const uint64_t> ids) const {
  if (!sparse_) return;
  const size_t ahead = sparse_->has_rows_inline() ? kAhead : kBatch;
  for (const uint64_t id : ids.first(std::min(ids.size(), ahead))) sparse_->Prefetch(id);
}

size_t TableShard::DenseRowOf(uint64_t block) const {
  CAIRN_DCHECK(Owns(block));
  return block >> std::countr_zero(schema_->partitions());
}

// ---- Reading --------------------------------------------------------------------------------

void TableShard::ReadMissing(uint64_t id, Missing missing, float* weights) const {
  if (missing == Missing::kInitial && schema_->retention().admits_at_once()) {
    schema_->InitWeights(id, weights);
  } else {
    std::fill_n(weights, schema_->width(), 0.0f);
  }
}

void TableShard::Read(std::span<const uint64_t> ids, Missing missing, float* weights) const {
  if (sparse_) {
    ReadSparse(ids, missing, weights);
    return;
  }
  const uint32_t width = schema_->width();
  for (const uint64_t id : ids) {
    std::copy_n(dense_->words.data() + DenseRowOf(id) * schema_->words(), width, weights);
    weights += width;
  }
}

void TableShard::ReadSparse(std::span<const uint64_t> ids, Missing missing, float* weights) const {
  const uint32_t width = schema_->width();
  if (width == 1 && sparse_->has_rows_inline()) {
    HomesAhead<kAhead> homes(sparse_.get(), ids);
    const FtrlRule* const implied = schema_->implied_weight();
    for (size_t i = 0; i < ids.size(); ++i) {
      CAIRN_DCHECK(Owns(ids[i]));
      if (const auto row = sparse_->Find(ids[i], homes.Next(i))) {
        weights[i] = implied == nullptr ? row->words()[0] : WeightOf(*implied, row->words());
      } else {
        ReadMissing(ids[i], missing, weights + i);
      }
    }
    return;
  }
  HomesAhead<kBatch> homes(sparse_.get(), ids);
  std::array<const float*, kBatch> rows;
  for (size_t begin = 0; begin < ids.size(); begin += kBatch) {
    const size_t end = std::min(begin + kBatch, ids.size());
    for (size_t i = begin; i < end; ++i) {
      CAIRN_DCHECK(Owns(ids[i]));
      const auto row = sparse_->Find(ids[i], homes.Next(i));
      rows[i - begin] = row ? row->words() : nullptr;
      if (row && !sparse_->has_rows_inline()) PrefetchRow(row->words(), width);
    }
    for (size_t i = begin; i < end; ++i, weights += width) {
      if (rows[i - begin] != nullptr) {
        std::copy_n(rows[i - begin], width, weights);
      } else {
        ReadMissing(ids[i], missing, weights);
      }
    }
  }
}

// ---- Changing -------------------------------------------------------------------------------

// The row of `id`, made if there is none, with its new count.
inline RowTable::Row TableShard::Count(const TableSchema::Step& step, uint64_t id,
                                       RowTable::Home home, uint32_t occurrences) {
  CAIRN_DCHECK(Owns(id));
  bool is_new = false;
  RowTable::Row row = sparse_->FindOrAdd(id, home, &is_new);
  if (is_new && schema_->implied_weight() != nullptr) {
    std::fill_n(row.words(), schema_->stored_words(), 0.0f);
  } else if (is_new) {
    schema_->InitRow(id, row.words());
  }
  row.set_count(TableSchema::CountRow(step, id, occurrences, row.count()));
  row.MarkDirty();
  return row;
}

// Rows in the table itself move when one is added, so each is updated at once:
// update(its position in ids, its occurrences, its row).
template <typename Update>
void TableShard::ApplyInline(const TableSchema::Step& step, std::span<const uint64_t> ids,
                             const uint32_t* counts, const Update& update) {
  HomesAhead<kAhead> homes(sparse_.get(), ids);
  for (size_t i = 0; i < ids.size(); ++i) {
    const uint32_t occurrences = OccurrencesOf(counts, i);
    update(i, occurrences, Count(step, ids[i], homes.Next(i), occurrences));
  }
}

void TableShard::ApplySlab(const TableSchema::Step& step, std::span<const uint64_t> ids,
                           const float* gradients, const uint32_t* counts) {
  struct Found {
    float* words;
    RowCount count;
  };
  HomesAhead<kBatch> homes(sparse_.get(), ids);
  std::array<Found, kBatch> rows;
  for (size_t begin = 0; begin < ids.size(); begin += kBatch) {
    const size_t end = std::min(begin + kBatch, ids.size());
    for (size_t i = begin; i < end; ++i) {
      const RowTable::Row row = Count(step, ids[i], homes.Next(i), OccurrencesOf(counts, i));
      rows[i - begin] = {row.words(), row.count()};
      PrefetchRow(row.words(), schema_->words());
    }
    for (size_t i = begin; i < end; ++i) {
      const Found& row = rows[i - begin];
      schema_->ApplyRow(step, gradients + i * schema_->width(), OccurrencesOf(counts, i), row.count,
                        row.words, scratch_.data());
    }
  }
}

void TableShard::ApplyDense(const TableSchema::Step& step, std::span<const uint64_t> ids,
                            const float* gradients, const uint32_t* counts) {
  for (size_t i = 0; i < ids.size(); ++i) {
    const size_t at = DenseRowOf(ids[i]);
    const uint32_t occurrences = OccurrencesOf(counts, i);
    RowCount& count = dense_->counts[at];
    count = TableSchema::CountRow(step, ids[i], occurrences, count);
    dense_->dirty[at] = 1;
    schema_->ApplyRow(step, gradients + i * schema_->width(), occurrences, count,
                      dense_->words.data() + at * schema_->words(), scratch_.data());
  }
}

void TableShard::Apply(const TableSchema::Step& step, std::span<const uint64_t> ids,
                       std::span<const float> gradients, std::span<const uint32_t> counts) {
  CAIRN_CHECK(gradients.size() == ids.size() * schema_->width());
  CAIRN_CHECK(counts.empty() || counts.size() == ids.size());
  if (retention_) retention_->Admit(step, sparse_.get(), &ids, &gradients, &counts);
  const uint32_t* const each = counts.empty() ? nullptr : counts.data();
  if (dense_) return ApplyDense(step, ids, gradients.data(), each);
  if (!sparse_->has_rows_inline()) return ApplySlab(step, ids, gradients.data(), each);
  const TableSchema::Scalar& scalar = schema_->scalar();
  const auto by_rule = [&](const auto& rule) {
    using Rule = std::decay_t<decltype(rule)>;
    if constexpr (std::is_same_v<Rule, std::monostate>) {
      ApplyInline(step, ids, each, [&](size_t i, uint32_t occurrences, const RowTable::Row& row) {
        schema_->ApplyRow(step, gradients.data() + i * schema_->width(), occurrences, row.count(),
                          row.words(), scratch_.data());
      });
    } else {
      const bool is_mean = schema_->spec().reduction == TableSpec::Reduction::kMean;
      const float scale = is_mean ? step.inverse_rows : 1.0f;
      const float rate = scalar.learning_rate * step.rate_factor;
      if constexpr (std::is_same_v<Rule, FtrlRule>) {
        if (schema_->implied_weight() != nullptr) {
          return ApplyInline(
              step, ids, each, [&](size_t i, uint32_t occurrences, const RowTable::Row& row) {
                float* const state = row.words();
                float w = WeightOf(rule, state);
                const float prior = TableSchema::PriorOf(scalar.l2, occurrences, row.count());
                rule.Update(gradients[i] * scale + prior * w, rate, &w, state, state + 1);
              });
        }
      }
      ApplyInline(step, ids, each, [&](size_t i, uint32_t occurrences, const RowTable::Row& row) {
        float* const words = row.words();
        float q = gradients[i];
        if constexpr (Rule::kIsGradient) {
          q = q * scale + TableSchema::PriorOf(scalar.l2, occurrences, row.count()) * words[0];
        }
        rule.Update(q, rate, words, words + 1, words + 2);
      });
    }
  };
  std::visit(by_rule, scalar.rule);
}

const Retention::Found* TableShard::Sweep() {
  return schema_->retention().needs_stamps() ? &retention_->Sweep(*sparse_) : nullptr;
}

void TableShard::CarryOutSweep() {
  retention_->CarryOut(sparse_.get());
  const std::vector<uint64_t>& gone = retention_->found().gone;
  if (erased_) erased_->insert(gone.begin(), gone.end());
}

void TableShard::MaybeForgetErased() {
  if (!erased_) return;
  if (erased_->size() > std::max(kErasedLeast, rows() / kRowsPerErased)) erased_.reset();
}

// ---- Rows of files --------------------------------------------------------------------------

bool TableShard::Has(uint64_t id) const { return dense_ || sparse_->Find(id).has_value(); }

bool TableShard::Get(uint64_t id, float* row) const {
  const float* words = nullptr;
  RowCount count;
  uint32_t stamp = 0;
  if (dense_) {
    const size_t at = DenseRowOf(id);
    words = dense_->words.data() + at * schema_->words();
    count = dense_->counts[at];
  } else if (const auto found = sparse_->Find(id)) {
    words = found->words();
    count = found->count();
    if (schema_->retention().needs_stamps()) stamp = found->stamp();
  } else {
    return false;
  }
  CopyRow(count, stamp, words, row);
  return true;
}

// Words as they are stored, to a row as files have it.
void TableShard::CopyRow(RowCount count, uint32_t stamp, const float* words, float* row) const {
  SetCount(count, row);
  SetStamp(stamp, row);
  float* to = row + kRowCountWords;
  if (const FtrlRule* implied = schema_->implied_weight()) *to++ = WeightOf(*implied, words);
  std::copy_n(words, schema_->stored_words(), to);
}

void TableShard::Put(uint64_t id, std::span<const float> row) {
  CAIRN_CHECK(row.size() == schema_->row_floats());
  const RowCount count = CountOf(row.data());
  const std::span<const float> words = row.subspan(kRowCountWords);
  if (dense_) {
    const size_t at = DenseRowOf(id);
    dense_->counts[at] = count;
    std::copy(words.begin(), words.end(),
              dense_->words.begin() + static_cast<ptrdiff_t>(at * schema_->words()));
    return;
  }
  bool is_new = false;
  RowTable::Row to = sparse_->FindOrAdd(id, &is_new);
  to.set_count(count);
  if (schema_->retention().needs_stamps()) to.set_stamp(StampOf(row.data()));
  const FtrlRule* const implied = schema_->implied_weight();
  if (implied == nullptr) {
    std::copy(words.begin(), words.end(), to.words());
    return;
  }
  // The weight counts. Where the state is of another one, of another optimizer or learning rate
  // that is, it becomes the state of this one.
  const float weight = words[0], root = std::sqrt(words[2]);
  to.words()[0] = words[1];
  to.words()[1] = words[2];
  if (implied->WeightOf(words[1], root) == weight) return;
  to.words()[0] = weight == 0 ? 0 : implied->StateOf(weight, root);
}

void TableShard::Erase(uint64_t id) {
  CAIRN_CHECK(sparse_ != nullptr, "the blocks of a dense table always exist");
  if (sparse_->Erase(id) && erased_) erased_->insert(id);
}

void TableShard::MarkClean(uint64_t id) {
  if (dense_) {
    dense_->dirty[DenseRowOf(id)] = 0;
  } else {
    sparse_->Find(id)->MarkClean();
  }
}

std::optional<uint64_t> TableShard::Scan(uint64_t first, RowScan* scan) {
  CAIRN_CHECK(scan->looks_left > 0 && scan->rows_left > 0);
  const uint32_t floats = schema_->row_floats();
  const bool takes_all = !scan->only_dirty, mark_clean = scan->mark_clean;
  size_t looks_left = scan->looks_left, rows_left = scan->rows_left;
  scan->ids.clear();
  const auto take = [&](uint64_t id, RowCount count, uint32_t stamp, const float* words) {
    const size_t begin = scan->ids.size() * floats, end = begin + floats;
    if (scan->rows.size() < end) scan->rows.resize(2 * end);  // At first of any size.
    CopyRow(count, stamp, words, scan->rows.data() + begin);
    scan->ids.push_back(id);
    --rows_left;
  };
  const uint64_t last = sparse_ ? LastId() : std::numeric_limits<uint64_t>::max();
  std::optional<uint64_t> next;
  const auto goes_on_behind = [&](uint64_t id) {
    if (--looks_left > 0 && rows_left > 0) return true;
    if (id != last) next = id + 1;
    return false;
  };
  if (sparse_) {
    const bool has_stamps = schema_->retention().needs_stamps();
    sparse_->ForEachFrom(std::max(first, FirstId()), [&](uint64_t id, RowTable::Row row) {
      if (takes_all || row.dirty()) {
        take(id, row.count(), has_stamps ? row.stamp() : 0, row.words());
        if (mark_clean) row.MarkClean();
      }
      return goes_on_behind(id);
    });
  } else {
    for (uint64_t block = FirstBlockFrom(first); block < dense_->dirty.size(); ++block) {
      const uint64_t id = dense_->first_block + block * schema_->partitions();
      if (takes_all || dense_->dirty[block] != 0) {
        take(id, dense_->counts[block], 0, dense_->words.data() + block * schema_->words());
        if (mark_clean) dense_->dirty[block] = 0;
      }
      if (!goes_on_behind(id)) break;
    }
  }
  scan->rows.resize(scan->ids.size() * floats);
  scan->looks_left = looks_left;
  scan->rows_left = rows_left;
  return next;
}

// Of a sparse table: the smallest id that may be here, and the largest.
uint64_t TableShard::FirstId() const {
  const int shared = std::countr_zero(schema_->partitions());
  return shared == 0 ? 0 : uint64_t{partition_} << (64 - shared);
}

uint64_t TableShard::LastId() const {
  return FirstId() |
         std::numeric_limits<uint64_t>::max() >> std::countr_zero(schema_->partitions());
}

// Of a dense table: which of this partition's blocks is the first at or above this one of all.
uint64_t TableShard::FirstBlockFrom(uint64_t id) const {
  if (id <= dense_->first_block) return 0;
  return (id - dense_->first_block - 1) / schema_->partitions() + 1;
}

void TableShard::IdsInRange(uint64_t first, uint64_t last, size_t most,
                            std::vector<uint64_t>* ids) const {
  const uint64_t partitions = schema_->partitions();
  if (sparse_) {  // Clipped to the ids that may be here.
    if (first > LastId() || last < FirstId()) return;
    sparse_->IdsInRange(std::max(first, FirstId()), std::min(last, LastId()), most, ids);
    return;
  }
  for (uint64_t block = FirstBlockFrom(first); block < dense_->counts.size() && most > 0;
       ++block, --most) {
    const uint64_t id = dense_->first_block + block * partitions;
    if (id > last) return;
    ids->push_back(id);
  }
}

}  // namespace cairn
