#pragma once

#include <cstdint>

#include <torch/script.h>

namespace invseg {

/**
 * (x - min) / max(max - min, eps) over `dim`; a constant slice becomes 0. The guard is a floor and not a summand, so
 * that it changes nothing above it.
 *
 * The middle dimension of a small x [B, N, C] is one kernel forward and one backward where `kernels::available`. As LibTorch does,
 * the gradients to min and max are spread evenly over the values that are equal to them.
 */
at::Tensor min_max(const at::Tensor& x, int64_t dim);

namespace kernels {
/** The source of the kernels above, for a check without a device. */
const char* min_max_source();
}  // namespace kernels

}  // namespace invseg
