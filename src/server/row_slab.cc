#include "server/row_slab.h"

#include <limits>

#include "base/check.h"

namespace cairn {

uint32_t RowSlab::Allocate() {
  if (!free_.empty()) {
    const uint32_t position = free_.back();
    free_.pop_back();
    return position;
  }
  CAIRN_CHECK(used_ < std::numeric_limits<uint32_t>::max(), "2^32 rows in one partition");
  const size_t rows_held = (kFirstRows << chunks_.size()) - kFirstRows;
  if (used_ == rows_held) {
    const size_t rows = kFirstRows << chunks_.size();
    chunks_.emplace_back(rows * row_words_ * sizeof(float));
    rows_.push_back(reinterpret_cast<float*>(chunks_.back().data()));
  }
  return ++used_;
}

size_t RowSlab::bytes() const {
  const size_t rows_held = (kFirstRows << chunks_.size()) - kFirstRows;
  return rows_held * row_words_ * sizeof(float) + free_.capacity() * sizeof(uint32_t);
}

}  // namespace cairn
