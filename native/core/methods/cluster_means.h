#pragma once

#include <cstdint>

#include <torch/script.h>

namespace invseg {

/**
 * k-means over the points' vectors of cross-attention; each point then has its cluster's mean (iSeg).
 *
 * Seeds are the points of a grid x grid raster from the first one on, ceil(side / grid) apart; the distance of two vectors is
 * half the sum of (a - b)(ln a - ln b); a cluster that loses its last point is left out. All shapes are fixed and nothing
 * waits for the device.
 *
 * @param maps [B, N, K], at least 0, N a square @param grid clusters along a side @param iterations >= 1
 * @return [B, N, K] like `maps`
 * @throws Error `SHAPE_MISMATCH`
 */
at::Tensor cluster_means(const at::Tensor& maps, int64_t grid, int64_t iterations);

}  // namespace invseg
