#pragma once

#include <cstdint>
#include <vector>

#include <torch/script.h>

#include "core/kernels/levels.h"

namespace invseg {

/**
 * What `aggregate_self` gives, as an operator: applied to a few columns without the matrix [size^2, size^2].
 *
 * With E the repeated queries, U the bilinear enlargement of keys and C the columns, (E map U^T) C = E (map (U^T C)): a product
 * with each resolution's own map. The sums that its rows are divided by are map (U^T 1).
 */
class SelfAttention {
 public:
  SelfAttention() = default;
  /**
   * @param weights one a resolution, used as given @param size side of the frame
   * @param prompts how often maps are added; the attention is their mean
   */
  SelfAttention(std::vector<double> weights, int64_t size, int64_t prompts);

  /** @param maps one a resolution, [B, side^2, side^2]; undefined or empty tensors are skipped. Kept as they are with one prompt */
  void add(const std::vector<at::Tensor>& maps);

  /**
   * @param columns [B, size^2, C] @return [B, size^2, C]
   * @throws Error `INVALID_OPTION` where no map was added
   */
  at::Tensor operator()(const at::Tensor& columns) const;

 private:
  std::vector<double> weights_;
  int64_t size_ = 0;
  int64_t prompts_ = 1;
  std::vector<LevelMap> levels_;  // those that are read
};

}  // namespace invseg
