#include "train/network_tables.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "base/check.h"

namespace cairn {
namespace {

// Rows of weights that are shorter share a block: fewer ids, less state of optimizers.
constexpr size_t kBlockFloatsAim = 128;

// Normal, so that sums of as many inputs vary as each of them does (He et al. 2015); half of what
// comes out of a ReLU is 0.
float ScaleOf(size_t inputs, bool after_relu) {
  return static_cast<float>(std::sqrt((after_relu ? 2.0 : 1.0) / static_cast<double>(inputs)));
}

TableSpec WeightsTable(const std::string& name, size_t inputs, size_t outputs,
                       const OptimizerSpec& optimizer, float scale) {
  const size_t rows = std::min(inputs, std::max<size_t>(1, kBlockFloatsAim / outputs));
  TableSpec table;
  table.name = name;
  table.kind = TableSpec::Kind::kDense;
  table.dense_size = inputs * outputs;
  table.reduction = TableSpec::Reduction::kMean;
  table.parts = {PartSpec{.width = static_cast<uint32_t>(rows * outputs),
                          .optimizer = optimizer,
                          .initializer = {InitializerSpec::Kind::kNormal, scale}}};
  return table;
}

}  // namespace

TableSpec LayerBiasTable(const std::string& name, size_t width, const OptimizerSpec& optimizer,
                         float start) {
  TableSpec table;
  table.name = name;
  table.kind = TableSpec::Kind::kDense;
  table.dense_size = width;
  table.reduction = TableSpec::Reduction::kMean;
  table.parts = {PartSpec{.width = static_cast<uint32_t>(width),
                          .optimizer = optimizer,
                          .initializer = {InitializerSpec::Kind::kConstant, start}}};
  return table;
}

NetworkTables::NetworkTables(const Options& options)
    : network_(options.kernel, options.widths), first_table_(options.first_table) {
  OptimizerSpec optimizer = options.optimizer;
  optimizer.l1 = optimizer.l2 = 0;
  for (size_t layer = 0; layer < network_.layers(); ++layer) {
    const std::string number = std::to_string(options.first_layer + layer);
    const size_t inputs = network_.inputs_of(layer), outputs = network_.outputs_of(layer);
    const bool is_last = layer + 1 == network_.layers();
    specs_.push_back(
        WeightsTable("weights_" + number, inputs, outputs, optimizer, ScaleOf(inputs, !is_last)));
    specs_.push_back(
        LayerBiasTable("bias_" + number, outputs, optimizer, is_last ? options.result_bias : 0));
  }
  for (size_t i = 0; i < specs_.size(); ++i) {
    layouts_.push_back(LayoutOf(specs_[i], first_table_ + static_cast<uint32_t>(i)));
    std::vector<Key> blocks(specs_[i].blocks());
    std::iota(blocks.begin(), blocks.end(), Key{0});
    blocks_.push_back(std::move(blocks));
  }
}

void NetworkTables::AppendCuts(KeyCutter* cutter, PullPayload* payload) const {
  for (size_t i = 0; i < specs_.size(); ++i) {
    payload->push_back(cutter->Cut(layouts_[i], blocks_[i]));
  }
}

NetworkTables::Weights NetworkTables::Gather(const PullPayload& payload,
                                             const std::vector<std::vector<float>>& values) const {
  Weights weights;
  for (size_t i = 0; i < specs_.size(); ++i) {
    const KeyCut& cut = *payload[first_table_ + i];
    const std::vector<float>& pulled = values[first_table_ + i];
    CAIRN_CHECK(pulled.size() == cut.unique() * cut.width);
    std::vector<float> all(cut.unique() * cut.width);
    for (size_t block = 0; block < cut.unique(); ++block) {
      std::copy_n(pulled.data() + size_t{cut.inverse[block]} * cut.width, cut.width,
                  all.data() + block * cut.width);
    }
    all.resize(FloatsOf(i));  // The last block may be partly used.
    weights.memory.push_back(std::move(all));
  }
  for (size_t layer = 0; layer < network_.layers(); ++layer) {
    weights.layers.push_back({weights.memory[2 * layer], weights.memory[2 * layer + 1]});
  }
  return weights;
}

NetworkTables::Gradients NetworkTables::MakeGradients() const {
  Gradients gradients;
  for (size_t i = 0; i < specs_.size(); ++i) gradients.memory.emplace_back(FloatsOf(i));
  for (size_t layer = 0; layer < network_.layers(); ++layer) {
    gradients.layers.push_back({gradients.memory[2 * layer], gradients.memory[2 * layer + 1]});
  }
  return gradients;
}

void NetworkTables::AppendTo(const PullPayload& payload, const Gradients& gradients,
                             PushPayload* push) const {
  for (size_t i = 0; i < specs_.size(); ++i) {
    const std::shared_ptr<const KeyCut>& cut = payload[first_table_ + i];
    const std::vector<float>& all = gradients.memory[i];
    std::vector<float> values(cut->unique() * cut->width);
    for (size_t block = 0; block < cut->unique(); ++block) {
      const size_t begin = block * cut->width;
      std::copy_n(all.data() + begin, std::min<size_t>(cut->width, all.size() - begin),
                  values.data() + size_t{cut->inverse[block]} * cut->width);
    }
    push->tables.push_back({cut, std::move(values)});
  }
}

}  // namespace cairn
