// A network of dense layers, kept in dense tables: for every model that has one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cairn/table.h"
#include "kernels/dense_network.h"
#include "sharding/key_cut.h"
#include "worker/payload.h"

namespace cairn {

// Two tables for each layer i, counted from first_layer: "weights_<i>", [inputs x outputs] row by
// row, in blocks of whole rows; "bias_<i>", one block. Immutable, so thread-safe.
class NetworkTables {
 public:
  struct Options {
    std::vector<size_t> widths;  // As DenseNetwork's.
    const GemmKernel* kernel;    // Likewise.
    OptimizerSpec optimizer;     // Of mean gradients, without a prior.
    float result_bias = 0;       // Where that of the last layer begins.
    uint32_t first_layer = 1;    // In the tables' names.
    uint32_t first_table = 0;    // Among the model's tables.
  };
  explicit NetworkTables(const Options& options);

  const DenseNetwork& network() const { return network_; }
  const std::vector<TableSpec>& specs() const { return specs_; }

  // Appends what to pull and push: every block of every table.
  void AppendCuts(KeyCutter* cutter, PullPayload* payload) const;

  // What was pulled, row by row.
  struct Weights {
    std::vector<std::vector<float>> memory;
    std::vector<DenseNetwork::Layer> layers;  // Into it.
  };
  // `payload` and `values`: of the whole batch, all tables of the model.
  Weights Gather(const PullPayload& payload, const std::vector<std::vector<float>>& values) const;

  struct Gradients {
    std::vector<std::vector<float>> memory;
    std::vector<DenseNetwork::LayerGradient> layers;  // Into it.
  };
  Gradients MakeGradients() const;
  // Appends their tables to the push.
  void AppendTo(const PullPayload& payload, const Gradients& gradients, PushPayload* push) const;

 private:
  size_t FloatsOf(size_t table) const { return specs_[table].dense_size; }

  const DenseNetwork network_;
  const uint32_t first_table_;
  std::vector<TableSpec> specs_;
  std::vector<TableLayout> layouts_;
  std::vector<std::vector<Key>> blocks_;  // 0, 1, ... of each table.
};

// A layer's bias, as a table with one block.
TableSpec LayerBiasTable(const std::string& name, size_t width, const OptimizerSpec& optimizer,
                         float start);

}  // namespace cairn
