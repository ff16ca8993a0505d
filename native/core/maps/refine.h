#pragma once

#include <torch/script.h>

#include "core/maps/self_attention.h"

namespace invseg {

/**
 * Eq. 2: M^c = minmax(A_self^iterations A_cross^c), min and max over the points of each map.
 *
 * @param self [B, N, N] @param cross [B, N, C] @param iterations >= 0; 0 only min-maxes
 * @return [B, N, C] in [0, 1]
 */
at::Tensor refine(const at::Tensor& self, const at::Tensor& cross, int64_t iterations);
/** The same without the matrix. */
at::Tensor refine(const SelfAttention& self, const at::Tensor& cross, int64_t iterations);

/**
 * iSeg's entropy reduction: what a point attends to weakly counts for less, or not at all.
 *
 * Every key's column is divided by its largest value over the queries; where A is above 0, A += strength * log10(e A), which
 * is negative below 1/e; negative values become 0; rows are renormalised to sum 1.
 *
 * @param self [B, N, N], rows sum to 1 @param strength lambda >= 0
 * @return [B, N, N]; a row of which nothing is left is 0
 */
at::Tensor reduce_entropy(const at::Tensor& self, double strength);

/** Every map less its minimum, over its sum; a constant map becomes 0. x [B, N, C] */
at::Tensor unit_sum(const at::Tensor& x);

/**
 * iSeg's iterated refinement: c = unit_sum(c), then `iterations` times c = unit_sum(A c).
 *
 * @param self [B, N, N] @param cross [B, N, C] @return [B, N, C], at least 0, each map of sum 1
 */
at::Tensor refine_iterated(const at::Tensor& self, const at::Tensor& cross, int64_t iterations);

}  // namespace invseg
