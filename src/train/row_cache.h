// Parsed rows of a job's data, chunk by chunk, for the epochs after the one that parsed them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "train/chunks.h"
#include "train/label_rule.h"
#include "train/program.h"
#include "train/row_batch.h"
#include "train/row_cache_file.h"

namespace cairn {

// Chunks come and go in any order and from any thread, since every epoch visits them in another
// one. A chunk with bad rows is not kept, and its text is parsed every time: so what is counted and
// said of bad rows is the same with a cache and without. In memory, the cache takes chunks as long
// as they fit into its bytes. In a directory it is a file, with a name of its own for each
// definition of data, that others can use once all chunks are known; one that is damaged or of
// other data is made anew. Nothing that is wrong with a file ends a job: a warning names it, and
// the text is read.
//
// Thread-safe.
class RowCache {
 public:
  struct Options {
    std::string where = "none";  // Or "memory", or a directory that is there.
    // Of memory, that of the index included: 16 bytes a chunk, about 0.4 % of the text.
    uint64_t memory_bytes_max = uint64_t{1} << 30;
  };
  // kInvalidArgument: `where` is neither a word nor a directory.
  static absl::Status Check(const Options& options);

  // Null: there is to be none, or its index alone would take too much memory. Fails as Check does.
  static absl::StatusOr<std::unique_ptr<RowCache>> Make(const Options& options,
                                                        const DataDefinition& definition,
                                                        LabelKind labels);
  ~RowCache();

  // Appends the rows of a chunk to `rows`. False: it has to be parsed. `scratch` is the calling
  // thread's. kResourceExhausted as DecodeRows says.
  absl::StatusOr<bool> Get(uint64_t chunk, std::string* scratch, RowBatch* rows);

  // Chunks that were parsed, on their way into the cache together.
  class Additions {
   public:
    // Of `rows`, those from `first_row` on.
    void Add(uint64_t chunk, const RowBatch& rows, size_t first_row);
    void AddTextOnly(uint64_t chunk);  // It has bad rows.
    void Clear();

   private:
    friend class RowCache;
    struct Chunk {
      uint64_t chunk;
      RowCacheEntry entry;  // Its place is in bytes_.
    };
    std::vector<Chunk> chunks_;
    std::string bytes_;
  };
  void Keep(const Additions& additions);

  uint64_t chunks_known() const;  // Kept ones, and those whose text is to be parsed.

 private:
  class Store;
  class MemoryStore;
  class FileStore;

  struct Place {
    std::string path;        // "": in memory.
    std::string identity;    // Of the rows.
    bool is_lasting = true;  // Others can use it later.
  };
  RowCache(Place place, uint64_t chunks);
  void OpenFile();
  void MakeFile() CAIRN_REQUIRES(mutex_);
  void Renew(const std::shared_ptr<Store>& damaged, const absl::Status& why);

  const Place place_;

  mutable Mutex mutex_;
  // Shared with the threads that are reading from it while it is replaced. Null: nothing is kept.
  std::shared_ptr<Store> store_ CAIRN_GUARDED_BY(mutex_);
  std::vector<RowCacheEntry> index_ CAIRN_GUARDED_BY(mutex_);  // By chunk.
  uint64_t known_ CAIRN_GUARDED_BY(mutex_) = 0;
  bool is_full_ CAIRN_GUARDED_BY(mutex_) = false;  // Nothing more is taken.
};

// Those of a job's training and validation data, within one bound of memory.
struct RowCaches {
  std::unique_ptr<RowCache> train;  // Null: none.
  std::unique_ptr<RowCache> valid;

  // In memory there is none for a single epoch. Fails as RowCache::Check does.
  static absl::StatusOr<std::shared_ptr<RowCaches>> Make(const RowCache::Options& options,
                                                         const TrainProgram& program);
};

}  // namespace cairn
