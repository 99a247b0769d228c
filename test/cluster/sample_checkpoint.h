// Checkpoints written by hand, for tests of what reads them: the sample model's rows, and a job in
// its second epoch.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "cluster/sample_model.h"
#include "coordinator/checkpoint_file.h"
#include "coordinator/job_state.h"
#include "coordinator/manifest.h"

namespace cairn {

inline void WriteSampleManifest(const std::string& directory, const Manifest& manifest) {
  const std::string text = FormatManifest(manifest);
  WriteWholeFile(directory + "/MANIFEST", std::as_bytes(std::span(text.data(), text.size())));
}

// asp: of 5 epochs of 100 batches, 1 is over and 37 batches of the second one are left.
inline JobState SampleJobState(uint64_t number, const Manifest& manifest) {
  JobState state;
  state.job_id = 0xABCDEF;
  state.job = test::SampleJob(static_cast<uint32_t>(manifest.files.size()));
  state.job.name = manifest.job;
  state.plan.schedule = {.epochs = 5, .batches_per_epoch = 100};
  state.plan.save_dir = "/model";
  state.checkpoint = number;
  state.epochs_opened = 2;
  state.rows_total = 1'630;
  state.epochs = {
      {.epoch = 0, .rows = 1'000, .train_logloss = 0.5, .valid_auc = 0.75, .seconds = 1.5}};
  state.streams[4].work = {.epoch = 1, .first_batch = 0, .last = 32};
  state.streams[4].progress = 12;
  state.streams[4].limit = ~StepIndex{0};
  state.streams[5].work = {.epoch = 1, .first_batch = 32, .last = 32};
  state.streams[5].progress = 15;
  state.streams[5].limit = ~StepIndex{0};
  CheckpointState complete{number, kOwnMoment, state, {}};
  for (const Manifest::File& file : manifest.files) {
    SnapshotDone done;
    done.checkpoint = number;
    done.partition = file.partition;
    done.file = file.name;
    done.bytes = file.bytes;
    done.crc = file.crc;
    done.rows = file.rows;
    complete.files.push_back(std::move(done));
  }
  return StateAsOf(state, std::move(complete));
}

// Writes JOB and a manifest that names it.
inline void WriteSampleState(const std::string& directory, const JobState& state,
                             Manifest manifest) {
  const std::vector<std::byte> bytes = EncodeCheckpoint(state);
  WriteWholeFile(directory + "/JOB", bytes);
  manifest.state = DescribeCheckpointFile(bytes);
  WriteSampleManifest(directory, manifest);
}

// A whole checkpoint of two partitions in `directory`; returns where it is, and what its manifest
// says of the model.
struct SampleCheckpoint {
  std::string path;
  Manifest manifest;
};
inline SampleCheckpoint WriteSampleCheckpoint(const std::string& directory, uint64_t number) {
  SampleCheckpoint sample;
  sample.path = JoinPath(directory, CheckpointDirectory(number));
  sample.manifest = WriteSampleModel(sample.path, 2, "", number);
  WriteSampleState(sample.path, SampleJobState(number, sample.manifest), sample.manifest);
  return sample;
}

}  // namespace cairn
