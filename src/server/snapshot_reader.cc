#include "server/snapshot_reader.h"

#include <string>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/status.h"
#include "server/digest.h"
#include "sharding/placement.h"

namespace cairn {
namespace {

constexpr size_t kReadBytes = size_t{256} << 10;

// Feeds a file to `parser`, piece by piece; returns the checksum of its bytes. `stop` ends early.
absl::StatusOr<uint32_t> FeedFile(FileSystem* files, const std::string& path,
                                  SnapshotParser* parser, const std::function<bool()>& stop) {
  std::vector<std::byte> buffer(kReadBytes);
  uint32_t crc = 0;
  for (uint64_t offset = 0; !stop();) {
    CAIRN_ASSIGN_OR_RETURN(const size_t bytes, files->ReadAt(path, offset, buffer));
    const std::span<const std::byte> piece = std::span(buffer).first(bytes);
    CAIRN_RETURN_IF_ERROR(Annotate(parser->Feed(piece), path));
    crc = Crc32c(piece, crc);
    offset += bytes;
    if (bytes < buffer.size()) break;
  }
  return crc;
}

}  // namespace

uint64_t PlaceOf(const TableSpec& spec, uint64_t key) {
  return spec.kind == TableSpec::Kind::kSparse ? SparseId(key, TableSalt(spec.name)) : key;
}

// The first reading of a part: of the first one, where does the tail begin, and what does it say?
// Increments are all tail.
class SnapshotReader::Scout final : public SnapshotSink {
 public:
  explicit Scout(SnapshotReader* reader) : reader_(*reader) {}

  absl::Status OnHeader(const SnapshotHeader& header) override {
    SnapshotHeader& former = reader_.header_;  // Default, before the first part.
    const bool is_first = former.tables.empty();
    CAIRN_RETURN_IF_ERROR(CheckFollows(header.since, is_first ? 0 : former.checkpoint));
    if (!is_first &&
        (header.schema_hash != former.schema_hash || header.seed != former.seed ||
         header.partition != former.partition || header.partitions != former.partitions)) {
      return DataLoss("an increment on a snapshot of other tables or of another partition");
    }
    in_tail_ = !is_first;
    former = header;
    return {};
  }

  // The body ascends. A row that does not is of the tail, and so is all that follows. The tail's
  // first rows may ascend too: they are new ones, and in their place.
  absl::Status OnRow(uint32_t table, uint64_t key, std::span<const float> row) override {
    const std::pair place{table, PlaceOf(reader_.header_.tables[table], key)};
    in_tail_ = in_tail_ || (last_.has_value() && place <= *last_);
    last_ = place;
    if (in_tail_) {
      reader_.changes_[place] = {key, std::vector<float>(row.begin(), row.end())};
    } else {
      ++reader_.body_rows_;
    }
    return {};
  }

  absl::Status OnErase(uint32_t table, uint64_t key) override {
    in_tail_ = true;
    reader_.changes_[{table, PlaceOf(reader_.header_.tables[table], key)}] = {key, std::nullopt};
    return {};
  }

  absl::Status OnStamps(const SnapshotStamps&) override { return {}; }

 private:
  SnapshotReader& reader_;
  std::optional<std::pair<uint32_t, uint64_t>> last_;
  bool in_tail_ = false;
};

// The second reading: the first part's body, merged with the changes.
class SnapshotReader::Teller final : public SnapshotSink {
 public:
  Teller(const SnapshotReader* reader, const SavedRowSink* sink)
      : reader_(*reader), sink_(*sink), next_change_(reader->changes_.begin()) {
    for (const TableSpec& spec : reader->header_.tables) salts_.push_back(TableSalt(spec.name));
  }

  absl::Status OnHeader(const SnapshotHeader&) override { return {}; }

  absl::Status OnRow(uint32_t table, uint64_t key, std::span<const float> row) override {
    if (body_rows_ == reader_.body_rows_) return {};  // The tail, which is known.
    ++body_rows_;
    const std::pair place{table, PlaceOf(reader_.header_.tables[table], key)};
    CAIRN_RETURN_IF_ERROR(TellChangesBefore(place));
    if (next_change_ != reader_.changes_.end() && next_change_->first == place) {
      return TellChange();
    }
    return Tell(table, key, row);
  }

  absl::Status OnErase(uint32_t, uint64_t) override { return {}; }
  absl::Status OnStamps(const SnapshotStamps&) override {
    while (next_change_ != reader_.changes_.end()) CAIRN_RETURN_IF_ERROR(TellChange());
    return {};
  }

  const absl::Status& sink_status() const { return sink_status_; }
  const ModelDigest& digest() const { return digest_; }
  uint64_t sparse_rows() const { return sparse_rows_; }

 private:
  absl::Status TellChangesBefore(const std::pair<uint32_t, uint64_t>& place) {
    while (next_change_ != reader_.changes_.end() && next_change_->first < place) {
      CAIRN_RETURN_IF_ERROR(TellChange());
    }
    return {};
  }
  absl::Status TellChange() {
    const auto& [place, change] = *next_change_++;
    return change.row.has_value() ? Tell(place.first, change.key, *change.row) : absl::Status();
  }
  absl::Status Tell(uint32_t table, uint64_t key, std::span<const float> row) {
    const TableSpec& spec = reader_.header_.tables[table];
    const uint32_t width = spec.width();
    if (spec.kind == TableSpec::Kind::kSparse) ++sparse_rows_;
    digest_ += RowDigest(salts_[table], key, row.subspan(kRowCountWords, width));
    sink_status_ = sink_(table, key, row);
    return sink_status_;
  }

  const SnapshotReader& reader_;
  const SavedRowSink& sink_;
  std::vector<uint64_t> salts_;  // By table.
  Changes::const_iterator next_change_;
  uint64_t body_rows_ = 0, sparse_rows_ = 0;
  ModelDigest digest_;
  absl::Status sink_status_;
};

absl::StatusOr<SnapshotReader> SnapshotReader::Open(FileSystem* files,
                                                    std::vector<InitFile> parts) {
  CAIRN_CHECK(!parts.empty());
  SnapshotReader reader(files);
  for (const InitFile& part : parts) CAIRN_RETURN_IF_ERROR(reader.Scan(part));
  reader.first_ = std::move(parts.front());
  if (parts.size() > 1) {
    const SavedRowSink nobody = [](uint32_t, uint64_t, std::span<const float>) {
      return absl::OkStatus();
    };
    Teller teller(&reader, &nobody);
    CAIRN_RETURN_IF_ERROR(reader.Tell(&teller));
    reader.digest_ = teller.digest();
  }
  return reader;
}

absl::Status SnapshotReader::Scan(const InitFile& part) {
  Scout scout(this);
  SnapshotParser parser(&scout);
  CAIRN_ASSIGN_OR_RETURN(const uint32_t crc,
                         FeedFile(files_, part.path, &parser, [] { return false; }));
  CAIRN_RETURN_IF_ERROR(Annotate(parser.Finish(), part.path));
  if (crc != part.crc) {
    return DataLoss(part.path, ": a whole snapshot, but not the one that the manifest names");
  }
  rows_ = parser.rows();
  digest_ = parser.digest();
  return absl::OkStatus();
}

absl::Status SnapshotReader::Tell(Teller* teller) const {
  SnapshotParser parser(teller);
  const absl::Status fed = FeedFile(files_, first_.path, &parser, [] { return false; }).status();
  if (!teller->sink_status().ok()) return teller->sink_status();
  CAIRN_RETURN_IF_ERROR(fed);
  CAIRN_RETURN_IF_ERROR(Annotate(parser.Finish(), first_.path));
  if (teller->sparse_rows() == rows_) return absl::OkStatus();
  return DataLoss(first_.path, ", with its increments: ", teller->sparse_rows(),
                  " rows, but the last footer says ", rows_);
}

absl::Status SnapshotReader::ForEachRow(const SavedRowSink& sink) const {
  Teller teller(this, &sink);
  CAIRN_RETURN_IF_ERROR(Tell(&teller));
  if (teller.digest() == digest_) return absl::OkStatus();
  return DataLoss(first_.path, ": the digest of its rows is ", DigestHex(teller.digest()),
                  ", but its footer says ", DigestHex(digest_));
}

namespace {

class HeaderSink final : public SnapshotSink {
 public:
  absl::Status OnHeader(const SnapshotHeader& told) override {
    header = told;
    return {};
  }
  absl::Status OnRow(uint32_t, uint64_t, std::span<const float>) override { return {}; }
  absl::Status OnErase(uint32_t, uint64_t) override { return {}; }
  absl::Status OnStamps(const SnapshotStamps&) override { return {}; }

  std::optional<SnapshotHeader> header;
};

}  // namespace

absl::StatusOr<SnapshotHeader> ReadSnapshotHeader(FileSystem* files, const std::string& path) {
  HeaderSink sink;
  SnapshotParser parser(&sink);
  CAIRN_RETURN_IF_ERROR(
      FeedFile(files, path, &parser, [&] { return sink.header.has_value(); }).status());
  if (!sink.header.has_value()) return Annotate(parser.Finish(), path);
  return *std::move(sink.header);
}

}  // namespace cairn
