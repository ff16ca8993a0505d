#pragma once

#include <optional>
#include <string>
#include <vector>

#include <torch/script.h>

#include "core/inversion/adam.h"
#include "core/loss/cluster.h"
#include "core/loss/entropy.h"

/**
 * The paper's functions one by one, without a batch dimension, with their gradients: what the addon exports to
 * researchers. All tensors are float32 (or all float64) on the CPU; `upstream` has the value's shape, and gradients are
 * those of the sum of upstream * value.
 */
namespace invseg::pure {

struct Aggregate {
  at::Tensor value;                   ///< [size^2, size^2] or [size^2, K]
  std::vector<at::Tensor> gradients;  ///< like `maps`; empty without `upstream`
};
/** @param kind "self" or "cross" @param maps [side^2, side^2] or [side^2, K] each, any contiguous shape of that size */
Aggregate aggregate_attention(
    const std::string& kind, const std::vector<at::Tensor>& maps, const std::vector<int64_t>& sides,
    const std::vector<double>& weights, int64_t size, bool min_max, const std::optional<at::Tensor>& upstream);

struct Refine {
  at::Tensor value;           ///< [N, C]
  at::Tensor self_gradient;   ///< undefined without `upstream`
  at::Tensor cross_gradient;  ///< likewise
};
/** @param self [N, N] @param cross [N, C] */
Refine refine_attention(
    const at::Tensor& self, const at::Tensor& cross, int64_t iterations, const std::optional<at::Tensor>& upstream);

struct Cluster {
  double loss, intra, inter;
  at::Tensor self_gradient;  ///< [N, N]; zeros with `distance_constant`
  at::Tensor maps_gradient;  ///< [N, C]
};
/** @param self [N, N] @param maps [N, C] */
Cluster cluster_loss(const at::Tensor& self, const at::Tensor& maps, const ClusterOptions& options);

struct Entropy {
  double loss;
  at::Tensor gradient;  ///< [V, N, C]
};
/** @param maps [V, N, C] @param coverage [V, N] */
Entropy entropy_loss(const at::Tensor& maps, const at::Tensor& coverage, const EntropyOptions& options);

/** One update; `step` counts from 1. `state.step` of the result is `step`. */
AdamState adam_step(
    const at::Tensor& parameter, const at::Tensor& gradient, const at::Tensor& first_moment,
    const at::Tensor& second_moment, int64_t step, const AdamOptions& options);

}  // namespace invseg::pure
