#include "worker/payload.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "kernels/rounding.h"
#include "sharding/wire_values.h"

namespace cairn {

std::shared_ptr<const PushPayload> RoundPayload(const JobSpec& job, StreamId stream, StepIndex step,
                                                std::shared_ptr<const PushPayload> payload) {
  const auto is_rounded = [&](const TablePush& table) {
    return IsRounded(job, job.tables[table.cut->table]);
  };
  if (std::none_of(payload->tables.begin(), payload->tables.end(), is_rounded)) return payload;
  auto rounded = std::make_shared<PushPayload>(*payload);
  for (TablePush& table : rounded->tables) {
    if (!is_rounded(table)) continue;
    if (job.wire_values == WireValues::kBf16F8) {
      RoundToF8(table.values, HashWords(job.seed, stream, step, table.cut->table));
    } else {
      RoundToBf16(table.values);
    }
  }
  return rounded;
}

}  // namespace cairn
