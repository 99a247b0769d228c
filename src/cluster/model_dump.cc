// DumpModel: a saved model as text.
#include <algorithm>
#include <limits>
#include <vector>

#include "base/posix_file_system.h"
#include "base/status.h"
#include "cairn/inspect.h"
#include "cluster/model_text.h"
#include "cluster/saved_model.h"

namespace cairn {
namespace {

using TextSink = std::function<absl::Status(std::string_view text)>;

constexpr size_t kTextBytes = size_t{64} << 10;  // Handed over at a time, about.
constexpr uint64_t kDenseBytesMax = uint64_t{64} << 20;

// Writes a model's rows table after table. Sparse rows come in the order of their hash, which is
// that of the partitions, and of the rows in them, whatever their number: no sorting, and two
// dumps of one model are the same text. Blocks of dense tables are dealt to the partitions in
// turn, so they are collected, a range that fits into memory at a time.
class Dumper {
 public:
  Dumper(const SavedModel* model, const TextSink* sink) : model_(*model), sink_(*sink) {}

  absl::Status Run() {
    CAIRN_ASSIGN_OR_RETURN(const ModelDigest digest, model_.ReadDigest());
    text_ = FormatModelTextHeader(Header(digest));
    for (uint32_t table = 0; table < model_.header().tables.size(); ++table) {
      const bool dense = model_.header().tables[table].kind == TableSpec::Kind::kDense;
      CAIRN_RETURN_IF_ERROR(dense ? DumpDense(table) : DumpSparse(table));
    }
    CAIRN_RETURN_IF_ERROR(model_.CheckDigest(digest_));
    text_ += FormatModelTextEnd(rows_);
    return sink_(text_);
  }

 private:
  ModelTextHeader Header(const ModelDigest& digest) const {
    ModelTextHeader header;
    header.job = model_.manifest().job;
    header.program = model_.manifest().program;
    header.seed = model_.header().seed;
    header.checkpoint = model_.header().checkpoint;
    header.partitions = model_.partitions();
    header.digest = digest;
    header.tables = model_.header().tables;
    header.state_floats = model_.header().state_floats;
    return header;
  }

  // Tells all rows of one table, partition after partition.
  absl::Status ForEachRow(uint32_t table, const SavedRowSink& sink) {
    for (uint32_t partition = 0; partition < model_.partitions(); ++partition) {
      CAIRN_ASSIGN_OR_RETURN(const SnapshotReader reader, model_.OpenPartition(partition));
      if (table == 0) digest_ += reader.digest();
      CAIRN_RETURN_IF_ERROR(
          reader.ForEachRow([&](uint32_t in, uint64_t key, std::span<const float> row) {
            return in == table ? sink(table, key, row) : absl::Status();
          }));
    }
    return {};
  }

  absl::Status DumpSparse(uint32_t table) {
    return ForEachRow(table, [&](uint32_t, uint64_t key, std::span<const float> row) {
      return Write(table, key, row);
    });
  }

  absl::Status DumpDense(uint32_t table) {
    const uint64_t blocks = model_.header().tables[table].blocks();
    const uint32_t words = model_.header().RowWords(table);
    const uint64_t range =
        std::clamp<uint64_t>(kDenseBytesMax / (words * sizeof(float)), 1, blocks);
    for (uint64_t first = 0; first < blocks; first += range) {
      const uint64_t count = std::min(range, blocks - first);
      std::vector<float> rows(count * words);
      std::vector<bool> found(count);
      CAIRN_RETURN_IF_ERROR(
          ForEachRow(table, [&](uint32_t, uint64_t block, std::span<const float> row) {
            if (block - first >= count) return absl::Status();
            found[block - first] = true;
            std::copy(row.begin(), row.end(), rows.begin() + (block - first) * words);
            return absl::Status();
          }));
      for (uint64_t i = 0; i < count; ++i) {
        if (!found[i]) continue;
        CAIRN_RETURN_IF_ERROR(Write(table, first + i, std::span(rows).subspan(i * words, words)));
      }
    }
    return {};
  }

  absl::Status Write(uint32_t table, uint64_t key, std::span<const float> row) {
    AppendModelTextRow(model_.header().tables[table].name, key, row, &text_);
    ++rows_;
    if (text_.size() < kTextBytes) return {};
    const absl::Status told = sink_(text_);
    text_.clear();
    return told;
  }

  const SavedModel& model_;
  const TextSink& sink_;
  std::string text_;
  uint64_t rows_ = 0;
  ModelDigest digest_;
};

}  // namespace

absl::Status DumpModel(const std::string& model_dir, const TextSink& sink) {
  PosixFileSystem files;
  CAIRN_ASSIGN_OR_RETURN(const SavedModel model, SavedModel::Open(&files, model_dir));
  return Dumper(&model, &sink).Run();
}

}  // namespace cairn
