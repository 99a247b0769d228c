// The option table, section by section; options.h puts it together. Each option belongs to the
// file of its subject, in the order in which the help lists it.
#pragma once

#include <vector>

#include "cli/options.h"

namespace cairn {

std::vector<OptionSpec> ModelOptions();
std::vector<OptionSpec> DataOptions();
std::vector<OptionSpec> ReadingOptions();  // How rows are made of text.
std::vector<OptionSpec> LearningOptions();
std::vector<OptionSpec> VectorOptions();     // Of models that have one for each feature.
std::vector<OptionSpec> RetentionOptions();  // Which features get a weight, and keep it.
std::vector<OptionSpec> StopOptions();
std::vector<OptionSpec> CheckpointOptions();
std::vector<OptionSpec> ClusterOptions();
std::vector<OptionSpec> TuningOptions();          // Of cairn tune, beside those of train.
std::vector<OptionSpec> GenerateOptions();        // Of cairn data gen.
std::vector<OptionSpec> InspectionOptions();      // Of cairn inspect.
std::vector<OptionSpec> CheckpointToolOptions();  // Of the commands on checkpoints.
std::vector<OptionSpec> OutputOptions();
std::vector<OptionSpec> SettingsOptions();
std::vector<OptionSpec> StatusOptions();

}  // namespace cairn
