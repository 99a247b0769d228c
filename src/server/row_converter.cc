#include "server/row_converter.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/status.h"

namespace cairn {
namespace {

// "sparse, parts of widths 1+8" or "dense, 1,000 floats in blocks of 64": what has to agree.
std::string DescribeShape(const TableSpec& spec) {
  if (spec.kind == TableSpec::Kind::kDense) {
    return Concat("dense, ", spec.dense_size, " floats in blocks of ", spec.width());
  }
  std::string shape = "sparse, parts of widths ";
  for (size_t i = 0; i < spec.parts.size(); ++i) {
    shape += Concat(i == 0 ? "" : "+", spec.parts[i].width);
  }
  return shape;
}

}  // namespace

absl::StatusOr<RowConverter> RowConverter::Make(const TableSpec& saved,
                                                std::span<const uint32_t> state_floats,
                                                std::shared_ptr<const TableSchema> job) {
  const TableSpec& spec = job->spec();
  CAIRN_CHECK(state_floats.size() == saved.parts.size());
  const std::string saved_shape = DescribeShape(saved), job_shape = DescribeShape(spec);
  if (saved_shape != job_shape) {
    return FailedPrecondition("table \"", spec.name, "\" is saved as ", saved_shape,
                              ", but the job has it as ", job_shape);
  }
  RowConverter converter;
  const std::vector<uint32_t> job_floats = job->StateFloatsByPart();
  size_t from = kRowCountWords + job->width(), to = from;
  converter.copies_.push_back({0, 0, from});  // Count and weights.
  for (size_t i = 0; i < spec.parts.size(); ++i) {
    const bool same = saved.parts[i].optimizer.name == spec.parts[i].optimizer.name &&
                      state_floats[i] == job_floats[i];
    converter.same_layout_ = converter.same_layout_ && same;
    if (same) converter.copies_.push_back({from, to, job_floats[i]});
    from += state_floats[i];
    to += job_floats[i];
  }
  converter.saved_words_ = from;
  converter.job_ = std::move(job);
  return converter;
}

void RowConverter::Convert(uint64_t id, std::span<const float> from, std::span<float> to) const {
  CAIRN_CHECK(from.size() == saved_words_ && to.size() == job_->row_floats());
  if (same_layout_) {
    std::copy(from.begin(), from.end(), to.begin());
    return;
  }
  job_->InitRow(id, to.data() + kRowCountWords);
  for (const Copy& copy : copies_) {
    std::copy_n(from.data() + copy.from, copy.count, to.data() + copy.to);
  }
}

}  // namespace cairn
