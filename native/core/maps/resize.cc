#include "core/maps/resize.h"

#include <algorithm>

namespace invseg {

at::Tensor hat_matrix(const at::Tensor& coordinates, int64_t in) {
  const at::Tensor pixels = at::arange(in, coordinates.options());
  const at::Tensor inside = coordinates.clamp(0, static_cast<double>(in - 1));
  return (1.0 - (inside.unsqueeze(-1) - pixels).abs()).clamp_min(0);  // [..., out, in]
}

at::Tensor resize_matrix(int64_t out, int64_t in, const at::TensorOptions& options) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const auto wide = options.dtype(at::kDouble);  // few values; exact weights cost nothing
  return hat_matrix((at::arange(out, wide) + 0.5) * scale - 0.5, in).to(options.dtype().toScalarType());
}

at::Tensor shrinking_matrix(int64_t out, int64_t in, const at::TensorOptions& options) {
  const double scale = static_cast<double>(in) / static_cast<double>(out), reach = std::max(scale, 1.0);
  const auto wide = options.dtype(at::kDouble);
  const at::Tensor centres = (at::arange(out, wide) + 0.5) * scale - 0.5;  // in pixels of the input
  const at::Tensor hats =
      (1.0 - ((centres.unsqueeze(1) - at::arange(in, wide)) / reach).abs()).clamp_min(0);  // [out, in]
  return (hats / hats.sum(1, true)).to(options.dtype().toScalarType());
}

at::Tensor resize_bilinear(const at::Tensor& x, int64_t out) {
  const int64_t in = x.size(-1);
  if (in == out) return x;
  const at::Tensor weights = resize_matrix(out, in, x.options());  // [out, in]
  const at::Tensor wide = x.matmul(weights.t());                   // [..., in, out]
  return wide.transpose(-1, -2).matmul(weights.t()).transpose(-1, -2);
}

at::Tensor nearest_indices(int64_t out, int64_t in, at::Device device) {
  // Integers, so that no rounding of a quotient can choose a neighbour: floor((2 i + 1) in / (2 out)).
  const at::Tensor centres = at::arange(out, at::TensorOptions().dtype(at::kLong).device(device)) * 2 + 1;
  return at::floor_divide(centres * in, 2 * out);
}

}  // namespace invseg
