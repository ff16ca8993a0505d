#include "core/methods/grid.h"

#include <cmath>
#include <string>

#include "core/error.h"

namespace invseg {

int64_t side_of(const at::Tensor& maps) {
  check_shape(maps.dim() == 3, "Expected maps [batch, points, columns]");
  const auto side = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(maps.size(1)))));
  check_shape(
      side >= 1 && side * side == maps.size(1),
      "Expected the maps of a square picture but received " + std::to_string(maps.size(1)) + " points");
  return side;
}

at::Tensor raster(const std::vector<int64_t>& line, int64_t side, at::Device device) {
  const at::Tensor axis = at::tensor(line, at::kLong);
  return (axis.unsqueeze(1) * side + axis).flatten().to(device);
}

}  // namespace invseg
