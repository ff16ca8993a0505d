#include "core/methods/grid.h"

namespace invseg {

at::Tensor raster(const std::vector<int64_t>& line, int64_t side, at::Device device) {
  const at::Tensor axis = at::tensor(line, at::kLong);
  return (axis.unsqueeze(1) * side + axis).flatten().to(device);
}

}  // namespace invseg
