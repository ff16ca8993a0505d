#pragma once

#include <cstdint>
#include <vector>

#include <torch/script.h>

namespace invseg {

/** Side of square maps [B, side^2, ...]. @throws Error `SHAPE_MISMATCH` */
int64_t side_of(const at::Tensor& maps);

/** Indices of the points at the crossings of the given rows and columns of a side x side picture, int64 [lines^2]. */
at::Tensor raster(const std::vector<int64_t>& line, int64_t side, at::Device device);

}  // namespace invseg
