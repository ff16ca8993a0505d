#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

#include "core/error.h"

namespace invseg {

/** The least range that a min-max divides by: a map that is the same everywhere becomes 0. */
inline constexpr double kRangeFloor = 1e-8;

/** `[2, 3]` */
inline std::string shape_string(at::IntArrayRef shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

/** Side of square maps [B, side^2, columns]. @throws Error `SHAPE_MISMATCH` */
inline int64_t side_of(const at::Tensor& maps) {
  check_shape(
      maps.dim() == 3, "Expected maps [batch, side * side, columns] but received " + shape_string(maps.sizes()));
  const auto side = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(maps.size(1)))));
  check_shape(
      side >= 1 && side * side == maps.size(1),
      "Expected the maps of a square image, [batch, side * side, columns], but received " +
          std::to_string(maps.size(1)) + " points");
  return side;
}

}  // namespace invseg
