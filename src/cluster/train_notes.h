// What a user may not expect of a training, in sentences: TrainReport::notes.
#pragma once

#include <string>
#include <vector>

#include "cairn/train.h"
#include "train/data_sample.h"

namespace cairn {

// Known before the first epoch, from a sample of the training data: that nothing can be learnt of
// labels of one class, and of columns whose numbers are too large.
std::vector<std::string> NotesBefore(const TrainOptions& options, const DataSample& sample);

// Known at the end: that the last epoch's loss is above that of a model that says the base rate of
// every row.
std::vector<std::string> NotesAfter(const TrainOptions& options, const DataSample& sample,
                                    const std::vector<EpochReport>& epochs);

}  // namespace cairn
