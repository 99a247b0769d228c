#include "server/undo.h"

#include <algorithm>

#include "base/check.h"

namespace cairn {

void Undo::Clear() { tables_.clear(); }

void Undo::Save(const TableShard& shard, std::span<const uint64_t> ids) {
  CAIRN_DCHECK(std::is_sorted(ids.begin(), ids.end()));
  TableUndo& undo = tables_.emplace_back();
  undo.table = shard.schema().index();
  undo.ids.assign(ids.begin(), ids.end());
  undo.weights.resize(ids.size() * shard.schema().width());
  shard.Read(ids, TableShard::Missing::kInitial, undo.weights.data());
}

void Undo::Patch(const TableShard& shard, std::span<const uint64_t> ids, float* weights) const {
  const uint32_t width = shard.schema().width();
  for (auto saved = tables_.rbegin(); saved != tables_.rend(); ++saved) {
    const TableUndo& undo = *saved;
    if (undo.table != shard.schema().index()) continue;
    for (size_t i = 0; i < ids.size(); ++i) {
      const auto found = std::lower_bound(undo.ids.begin(), undo.ids.end(), ids[i]);
      if (found == undo.ids.end() || *found != ids[i]) continue;
      const size_t at = static_cast<size_t>(found - undo.ids.begin());
      std::copy_n(undo.weights.data() + at * width, width, weights + i * width);
    }
  }
}

}  // namespace cairn
