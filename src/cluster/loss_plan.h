// What a training learns of its labels, and what networks need to know of the data: from the
// options and a sample. doc/defaults.md holds the rules.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cairn/train.h"
#include "train/chunks.h"
#include "train/data_sample.h"
#include "train/data_source.h"
#include "train/program.h"
#include "wire/job_plan.h"

namespace cairn {

// Fills in loss, classes and the scale of labels; `definition` learns of the classes. Adds a note
// where labels may have been meant otherwise. Of a model of the program's own, also all else that
// it is made from. kInvalidArgument: options that contradict the model, themselves or the labels.
absl::Status PlanLoss(const TrainOptions& options, const DataSample& sample,
                      ModelSettings* settings, DataDefinition* definition,
                      std::vector<std::string>* notes);

// Of a model with dense layers, after PlanLoss and PlanFields: layers and optimizer.
// kInvalidArgument: as CheckLayers; or a batch takes more memory than there should be.
absl::Status PlanNetwork(const TrainOptions& options, const DataSource& source,
                         const DataSample& sample, double batch_rows, ModelSettings* settings);

// options.stop_metric for such a model, "auto" made one of the others. kInvalidArgument: the model
// has no such metric.
absl::StatusOr<std::string> StopMetricOf(const TrainOptions& options,
                                         const ModelSettings& settings);
// Of what StopMetricOf returns.
StopRules::Metric MetricOf(const std::string& stop_metric);

}  // namespace cairn
