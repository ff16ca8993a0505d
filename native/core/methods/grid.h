#pragma once

#include <cstdint>
#include <vector>

#include <torch/script.h>

#include "core/shapes.h"

namespace invseg {

/** Indices of the points at the crossings of the given rows and columns of a side x side picture, int64 [lines^2]. */
at::Tensor raster(const std::vector<int64_t>& line, int64_t side, at::Device device);

}  // namespace invseg
