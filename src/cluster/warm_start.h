// What a job that starts from a saved model (--init) takes over from it, said before it starts.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/file_system.h"
#include "cairn/job.h"
#include "train/program.h"
#include "train/read_spec.h"

namespace cairn {

// Compares the model in job.init_dir with the tables of `job`. Weights and counts of every row are
// taken over, whatever the number of partitions was; an optimizer's state where the optimizer is
// the same. The result: a sentence for each table or part that starts afresh all the same, and one
// if job.program reads data otherwise than the model's did: keys follow from that.
//
// kNotFound: no model there; kDataLoss: damaged (manifest and first header: loading checks the
// rest); kFailedPrecondition: its tables are not the job's, and what differs.
absl::StatusOr<std::vector<std::string>> CheckInit(FileSystem* files, const JobSpec& job);

// What the model in `init_dir` was trained by: how it reads its data, for a job that says nothing
// of that itself, and where its bias started. If `cairn train` did not write the model's program,
// the result is as if nothing had been said there. Errors as above.
absl::StatusOr<TrainProgram> ProgramOfModel(FileSystem* files, const std::string& init_dir);

// "--label 'delay>15' --cross 'a*b'": options as a shell takes them; "" if there are none.
std::string ReadingOptions(const ReadSpec& read);

// kInvalidArgument: a model cannot be saved where it comes from. The two may be written in
// different ways; either may be empty.
absl::Status CheckInitAndSave(const std::string& init_dir, const std::string& save_dir);

}  // namespace cairn
