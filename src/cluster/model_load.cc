// LoadModel: a saved model from its text. The text is read once to check every line and to count
// the rows of each partition, then once for each group of partitions that fits into memory.
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/crc32c.h"
#include "base/posix_file_system.h"
#include "base/status.h"
#include "cairn/inspect.h"
#include "cairn/job.h"
#include "cluster/line_reader.h"
#include "cluster/model_text.h"
#include "coordinator/manifest.h"
#include "server/snapshot.h"
#include "sharding/placement.h"

namespace cairn {
namespace {

constexpr size_t kRowsPerSlice = 4096;

// Rows of one table, with the lines that they are on.
struct TableRows {
  struct Place {
    uint64_t key = 0;
    uint64_t line = 0;
    size_t words = 0;  // Offset in `words`.
  };
  std::vector<Place> places;
  std::vector<float> words;
};

class Loader {
 public:
  Loader(FileSystem* files, const LoadModelOptions* options) : files_(*files), options_(*options) {}

  absl::StatusOr<LoadModelReport> Run() {
    absl::StatusOr<LoadModelReport> report = Load();
    if (report.ok()) return report;
    // Without a manifest they are no model, and they would be in the way of the next attempt.
    for (const std::string& path : written_) files_.Remove(path).IgnoreError();
    return report;
  }

 private:
  using Line = ModelTextParser::Line;
  using RowSink = std::function<absl::Status(const ModelTextParser::Row& row, uint64_t line)>;

  absl::StatusOr<LoadModelReport> Load() {
    CAIRN_RETURN_IF_ERROR(Survey());
    CAIRN_RETURN_IF_ERROR(files_.CreateDirectories(options_.save_dir));
    for (uint32_t first = 0; first < job_.partitions;) {
      const uint32_t end = EndOfGroup(first);
      CAIRN_RETURN_IF_ERROR(LoadGroup(first, end));
      first = end;
    }
    return Commit();
  }

  // What is wrong with the text, where: `status` begins with the column.
  absl::Status Wrong(uint64_t line, const absl::Status& status) const {
    return DataLoss(options_.text_path, ":", line, ":", MessageOf(status));
  }

  // Reads the whole text; `wanted` says of which rows more than table and key is needed.
  template <typename Wanted>
  absl::Status ReadText(const Wanted& wanted, const std::function<absl::Status()>& on_header,
                        const RowSink& on_row) {
    CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<LineReader> lines,
                           LineReader::Open(options_.text_path));
    ModelTextParser parser;
    ModelTextParser::Row row;
    std::string_view text;
    while (true) {
      CAIRN_ASSIGN_OR_RETURN(const bool more, lines->Next(&text));
      if (!more) break;
      absl::StatusOr<Line> line = parser.Parse(text, &row);
      if (!line.ok()) return Wrong(lines->number(), line.status());
      if (*line == Line::kHeaderEnd) {
        header_ = parser.header();
        CAIRN_RETURN_IF_ERROR(Annotate(on_header(), options_.text_path));
      }
      if (*line != Line::kRow || !wanted(row)) continue;
      const absl::Status whole = parser.ParseValues(text, &row);
      if (!whole.ok()) return Wrong(lines->number(), whole);
      CAIRN_RETURN_IF_ERROR(on_row(row, lines->number()));
    }
    if (parser.at_end()) return {};
    return DataLoss(options_.text_path, ":", lines->number() + 1,
                    ": the last line, \"END ROWS\", is missing: the text is cut short");
  }

  absl::Status Survey();
  absl::Status MakeJob();
  absl::Status CheckBlocks(const std::vector<uint64_t>& rows) const;
  uint32_t PartitionOf(uint32_t table, uint64_t key) const;
  uint32_t EndOfGroup(uint32_t first) const;
  absl::Status LoadGroup(uint32_t first, uint32_t end);
  absl::Status CheckRepeats(std::vector<TableRows>* tables) const;
  absl::Status WritePartition(uint32_t partition, const std::vector<TableRows>& tables);
  absl::StatusOr<LoadModelReport> Commit();

  FileSystem& files_;
  const LoadModelOptions& options_;
  ModelTextHeader header_;
  JobSpec job_;
  std::vector<std::shared_ptr<const TableSchema>> schemas_;
  std::vector<uint64_t> bytes_;  // In memory, by partition.
  uint64_t rows_ = 0;            // Of sparse tables, written so far.
  ModelDigest digest_;           // Of the rows written so far.
  Manifest manifest_;
  std::vector<std::string> written_;  // Paths.
};

// From the header to a job whose tables know the optimizers: their state must be of the length that
// the text says.
absl::Status Loader::MakeJob() {
  job_.name = header_.job;
  job_.program = header_.program;
  job_.seed = header_.seed;
  job_.partitions = options_.partitions == 0 ? header_.partitions : options_.partitions;
  job_.tables = header_.tables;
  const absl::Status legal = CheckJob(job_);
  if (!legal.ok()) return DataLoss(MessageOf(legal));
  for (uint32_t table = 0; table < job_.tables.size(); ++table) {
    absl::StatusOr<std::shared_ptr<const TableSchema>> schema = TableSchema::Make(job_, table, {});
    if (!schema.ok())
      return DataLoss("table \"", job_.tables[table].name, "\": ", MessageOf(schema.status()));
    if ((*schema)->StateFloatsByPart() != header_.state_floats[table]) {
      return DataLoss("table \"", job_.tables[table].name,
                      "\": its parts do not have as much state as their optimizers keep");
    }
    schemas_.push_back(*std::move(schema));
  }
  bytes_.resize(job_.partitions);
  return {};
}

absl::Status Loader::Survey() {
  std::vector<uint64_t> rows;  // By table.
  CAIRN_RETURN_IF_ERROR(ReadText([](const auto&) { return true; },
                                 [&] {
                                   rows.resize(header_.tables.size());
                                   return MakeJob();
                                 },
                                 [&](const ModelTextParser::Row& row, uint64_t) {
                                   ++rows[row.table];
                                   bytes_[PartitionOf(row.table, row.key)] +=
                                       sizeof(TableRows::Place) + row.words.size() * sizeof(float);
                                   return absl::Status();
                                 }));
  return CheckBlocks(rows);
}

// Every block of a dense table exists from the start, so each has to be there.
absl::Status Loader::CheckBlocks(const std::vector<uint64_t>& rows) const {
  for (size_t table = 0; table < rows.size(); ++table) {
    const TableSpec& spec = job_.tables[table];
    if (spec.kind == TableSpec::Kind::kSparse || rows[table] == spec.blocks()) continue;
    return DataLoss(options_.text_path, ": table \"", spec.name, "\" has ", rows[table],
                    " blocks on its lines, and ", spec.blocks(), " by its size");
  }
  return {};
}

uint32_t Loader::PartitionOf(uint32_t table, uint64_t key) const {
  const TableSchema& schema = *schemas_[table];
  return schema.spec().kind == TableSpec::Kind::kSparse
             ? PartitionOfSparseId(schema.IdOf(key), job_.partitions)
             : PartitionOfBlock(key, schema.salt(), job_.partitions);
}

uint32_t Loader::EndOfGroup(uint32_t first) const {
  uint64_t sum = bytes_[first];
  uint32_t end = first + 1;
  while (end < job_.partitions && sum + bytes_[end] <= options_.memory_bytes) sum += bytes_[end++];
  return end;
}

absl::Status Loader::LoadGroup(uint32_t first, uint32_t end) {
  std::vector<std::vector<TableRows>> group(end - first);
  for (auto& tables : group) tables.resize(job_.tables.size());
  CAIRN_RETURN_IF_ERROR(ReadText(
      [&](const ModelTextParser::Row& row) {
        const uint32_t partition = PartitionOf(row.table, row.key);
        return first <= partition && partition < end;
      },
      [] { return absl::Status(); },
      [&](const ModelTextParser::Row& row, uint64_t line) {
        TableRows& rows = group[PartitionOf(row.table, row.key) - first][row.table];
        rows.places.push_back({row.key, line, rows.words.size()});
        rows.words.insert(rows.words.end(), row.words.begin(), row.words.end());
        return absl::Status();
      }));
  for (uint32_t partition = first; partition < end; ++partition) {
    std::vector<TableRows> tables = std::move(group[partition - first]);
    CAIRN_RETURN_IF_ERROR(CheckRepeats(&tables));
    CAIRN_RETURN_IF_ERROR(WritePartition(partition, tables));
  }
  return {};
}

absl::Status Loader::CheckRepeats(std::vector<TableRows>* tables) const {
  for (TableRows& rows : *tables) {
    std::sort(rows.places.begin(), rows.places.end(), [](const auto& a, const auto& b) {
      return a.key != b.key ? a.key < b.key : a.line < b.line;
    });
    const auto twice =
        std::adjacent_find(rows.places.begin(), rows.places.end(),
                           [](const auto& a, const auto& b) { return a.key == b.key; });
    if (twice == rows.places.end()) continue;
    return DataLoss(options_.text_path, ":", (twice + 1)->line, ":1: key ", twice->key,
                    " was on line ", twice->line, " already");
  }
  return {};
}

absl::Status Loader::WritePartition(uint32_t partition, const std::vector<TableRows>& tables) {
  std::vector<TableShard> shards;
  for (size_t table = 0; table < tables.size(); ++table) {
    TableShard& shard = shards.emplace_back(schemas_[table], partition);
    const uint32_t words = schemas_[table]->row_floats();
    for (const TableRows::Place& place : tables[table].places) {
      shard.Put(schemas_[table]->IdOf(place.key),
                std::span(tables[table].words).subspan(place.words, words));
    }
  }
  SnapshotHeader header;
  header.job = job_.name;
  header.checkpoint = header_.checkpoint;
  header.partition = partition;
  header.partitions = job_.partitions;
  header.tables = job_.tables;
  SnapshotWriter writer(std::move(header), &shards);
  Manifest::File file{partition, Concat("p", partition, "-text.snapshot"), 0, 0, 0};
  const std::string path = JoinPath(options_.save_dir, file.name);
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> out, files_.OpenForAppend(path));
  written_.push_back(path);
  for (bool more = true; more;) {
    std::vector<std::byte> bytes;
    more = writer.ScanSlice(kRowsPerSlice, &bytes);
    if (!more) writer.Finish({}, &bytes);
    CAIRN_RETURN_IF_ERROR(out->Append(bytes));
    file.bytes += bytes.size();
    file.crc = Crc32c(bytes, file.crc);
  }
  CAIRN_RETURN_IF_ERROR(out->Sync());
  CAIRN_RETURN_IF_ERROR(out->Close());
  file.rows = writer.rows();
  rows_ += file.rows;
  digest_ += writer.digest();
  manifest_.files.push_back(std::move(file));
  return {};
}

absl::StatusOr<LoadModelReport> Loader::Commit() {
  if (header_.digest.has_value() && *header_.digest != digest_) {
    return DataLoss(options_.text_path, ": the rows have the digest ", DigestHex(digest_),
                    ", but the header says ", DigestHex(*header_.digest),
                    ": take that line out if the text was changed on purpose");
  }
  manifest_.job = job_.name;
  manifest_.program = job_.program;
  manifest_.digest_high = digest_.high;
  manifest_.digest_low = digest_.low;
  CAIRN_RETURN_IF_ERROR(files_.SyncDirectory(options_.save_dir));
  const std::string text = FormatManifest(manifest_);
  CAIRN_RETURN_IF_ERROR(
      files_.WriteFileAtomically(JoinPath(options_.save_dir, kManifestName),
                                 std::as_bytes(std::span(text.data(), text.size()))));
  return LoadModelReport{rows_, job_.partitions, DigestHex(digest_)};
}

}  // namespace

absl::StatusOr<LoadModelReport> LoadModel(const LoadModelOptions& options) {
  PosixFileSystem files;
  const std::string manifest = JoinPath(options.save_dir, kManifestName);
  CAIRN_ASSIGN_OR_RETURN(const bool taken, files.Exists(manifest));
  if (taken) {
    return FailedPrecondition("there is a model in ", options.save_dir,
                              " already: choose another directory, or remove that one");
  }
  return Loader(&files, &options).Run();
}

}  // namespace cairn
