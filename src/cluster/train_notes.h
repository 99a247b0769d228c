// What a user may not expect of a training, in sentences: TrainReport::notes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cairn/train.h"
#include "train/data_sample.h"

namespace cairn {

// Known before the first epoch, from a sample of the training data: that nothing can be learnt of
// labels of one class, and of columns whose numbers are too large.
std::vector<std::string> NotesBefore(const TrainOptions& options, const DataSample& sample);

// With update "sequential", that more rows are learnt from equal copies of the model than is good
// for it; "": there are not too many. `streams`: of bsp and ssp.
std::string OvershootNote(const TrainOptions& options, uint32_t streams, double batch_rows);

// That a model may not fit into this machine's memory, both in bytes; "": it does.
std::string MemoryNote(double model_bytes, double memory_bytes);

// Known at the end: that the last epoch's loss (`loss`: which one) is above that of a model that
// says the base rate, or the mean label, of every row.
std::vector<std::string> NotesAfter(const TrainOptions& options, const std::string& loss,
                                    const DataSample& sample,
                                    const std::vector<EpochReport>& epochs);

}  // namespace cairn
