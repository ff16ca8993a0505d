#pragma once

#include <torch/script.h>

#include "core/loss/cluster.h"
#include "core/loss/entropy.h"

namespace invseg {

struct StepLossOptions {
  ClusterOptions cluster;
  double cluster_weight = 1.0;
  double alpha = 1.0;
  EntropyOptions entropy;
};

/** More categories than these go through LibTorch. */
inline constexpr int64_t kMostLossCategories = 64;

/** Of each image, float64. */
struct StepLoss {
  at::Tensor total;  ///< [I] cluster_weight * cluster + alpha * entropy: what is differentiated
  at::Tensor parts;  ///< [I, 5] total, cluster, entropy, intra, inter, without a gradient; the means of the views'
};

/**
 * The loss of a step: `cluster_loss` of the views, `entropy_loss` of the maps mapped back, and their sum.
 *
 * One autograd function of two kernels forward and one backward where `kernels::available`, as each of the some 300 launches that
 * LibTorch's operators are takes longer than its work. They sum in float64 and take float32 of up to `kMostLossCategories`; what
 * does not fit goes through LibTorch, which then asks the device for `counts`.
 *
 * @param self A_self [V, I, N, N] of I images with V views each, rows sum to 1
 * @param maps M [V, I, N, C] in [0, 1], the background last; N is a square
 * @param boxes [V, I, 4] of the views, as `map_back` takes them
 * @param counts int32 [I]: only the first so many categories of an image are its own, at least 1; the others are not read, and have
 *   no gradient. Undefined: all are
 */
StepLoss step_loss(
    const at::Tensor& self, const at::Tensor& maps, const at::Tensor& boxes, const StepLossOptions& options,
    const at::Tensor& counts = {});

}  // namespace invseg
