#pragma once

#include <optional>
#include <vector>

#include <torch/script.h>

namespace invseg {

/** One resolution of self-attention that is multiplied with few columns. */
struct LevelMap {
  at::Tensor map;     ///< [B, side^2, side^2]
  double weight = 0;  ///< of its rows' means
  int64_t side = 0;
};

/**
 * One application of aggregated self-attention to x [1, size^2, C] as kernels, without the aggregated matrix; see `SelfAttention`.
 *
 * @param divide whether rows are divided by the sums of their enlarged keys, at least `floor`
 * @return [1, size^2, C], or nothing where the kernels do not take it: without a GPU, in float64, for very many columns
 */
std::optional<at::Tensor> levels_on_kernels(
    const std::vector<LevelMap>& levels, const at::Tensor& x, int64_t size, bool divide, double floor);

namespace kernels {
/** The source of the kernels above, for a check without a device. */
const char* levels_source();
}  // namespace kernels

}  // namespace invseg
