#pragma once

#include <torch/script.h>

namespace invseg {

/**
 * Eq. 2: M^c = minmax(A_self^iterations A_cross^c), min and max over the points of each map.
 *
 * @param self [B, N, N] @param cross [B, N, C] @param iterations >= 0; 0 only min-maxes
 * @return [B, N, C] in [0, 1]
 */
at::Tensor refine(const at::Tensor& self, const at::Tensor& cross, int64_t iterations);

}  // namespace invseg
