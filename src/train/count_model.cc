#include <utility>

#include "train/models.h"

namespace cairn {
namespace {

class CountPrepared final : public PreparedBatch {
 public:
  CountPrepared(RowBatch batch, std::shared_ptr<const KeyCut> counts)
      : rows(std::move(batch)),
        payload(std::make_shared<const PullPayload>(PullPayload{std::move(counts)})) {}

  std::shared_ptr<const PullPayload> pull() const override { return payload; }
  uint64_t row_count() const override { return rows.rows(); }

  RowBatch rows;
  std::shared_ptr<const PullPayload> payload;
};

class CountModel final : public Model {
 public:
  CountModel() {
    TableSpec counts;
    counts.name = "counts";
    counts.parts = {PartSpec{.width = 1, .optimizer = {.name = "sum"}}};
    tables_ = {std::move(counts)};
    layout_ = LayoutOf(tables_[0], 0);
  }

  const std::vector<TableSpec>& tables() const override { return tables_; }

  std::unique_ptr<PreparedBatch> Prepare(RowBatch rows, KeyCutter* cutter) const override {
    auto counts = cutter->Cut(layout_, rows.keys);
    return std::make_unique<CountPrepared>(std::move(rows), std::move(counts));
  }

  StepResult Compute(const PreparedBatch& prepared, const std::vector<std::vector<float>>&,
                     uint64_t epoch, float rate_factor) const override {
    const auto& batch = static_cast<const CountPrepared&>(prepared);
    auto push = std::make_shared<PushPayload>();
    push->epoch = epoch;
    push->rate_factor = rate_factor;
    push->rows = static_cast<uint32_t>(batch.rows.rows());
    if (push->rows > 0) {
      const std::shared_ptr<const KeyCut>& cut = (*batch.payload)[0];
      push->tables = {{cut, std::vector<float>(cut->counts.begin(), cut->counts.end())}};
    }
    StepResult result;
    result.rows = batch.rows.rows();
    result.push = std::move(push);
    return result;
  }

  std::vector<float> Score(const PreparedBatch& prepared,
                           const std::vector<std::vector<float>>&) const override {
    return std::vector<float>(Rows(prepared).rows());
  }

  const RowBatch& Rows(const PreparedBatch& prepared) const override {
    return static_cast<const CountPrepared&>(prepared).rows;
  }

 private:
  std::vector<TableSpec> tables_;
  TableLayout layout_;
};

}  // namespace

std::unique_ptr<Model> MakeCountModel() { return std::make_unique<CountModel>(); }

}  // namespace cairn
