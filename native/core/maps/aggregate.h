#pragma once

#include <vector>

#include <torch/script.h>

#include "core/kernels/min_max.h"

namespace invseg {

/** The least sum that a map or a row is divided by. */
inline constexpr double kSumFloor = 1e-12;

inline constexpr const char* kNoSelfAttention = "No self-attention map is read: give one resolution a weight";

/** What is done to each resolution's cross-attention maps before they are summed. */
enum class CrossScale {
  none,
  min_max,  ///< each token's enlarged map (DiffSegmenter)
  sum       ///< each token's map divided by its sum over the points, then enlarged (iSeg)
};

/**
 * A_cross: every map's query dimension is enlarged bilinearly to size x size, then the weighted sum over resolutions.
 *
 * @param maps one a resolution, [B, side^2, K] float32; undefined or empty tensors are skipped
 * @param weights one a resolution, used as given
 * @return [B, size^2, K]
 */
at::Tensor aggregate_cross(
    const std::vector<at::Tensor>& maps, const std::vector<double>& weights, int64_t size, CrossScale scale);

/**
 * A_self: key dimensions are enlarged bilinearly to size x size and each map is renormalised to sum 1 (enlarged keys sum
 * to more), query dimensions are repeated to the nearest, then the weighted sum over resolutions.
 *
 * @param maps one a resolution, [B, side^2, side^2] float32; undefined or empty tensors are skipped
 * @return [B, size^2, size^2], rows sum to the sum of the weights
 */
at::Tensor aggregate_self(const std::vector<at::Tensor>& maps, const std::vector<double>& weights, int64_t size);

}  // namespace invseg
