#include "core/inversion/views.h"

#include "core/maps/resize.h"

namespace invseg {
namespace {

/** Centres of `size` pixels as fractions of their frame, [size]. */
at::Tensor centres(int64_t size, const at::TensorOptions& options) {
  return (at::arange(size, options) + 0.5) / static_cast<double>(size);
}

}  // namespace

// A box is parallel to the axes, so bilinear sampling is a matrix along each axis: deterministic on every device, where
// the backward pass of a gather adds atomically. Coordinates beyond the edge take the edge's pixel.

at::Tensor crop_views(const at::Tensor& picture, const at::Tensor& boxes) {
  const int64_t size = picture.size(-1);
  const at::Tensor points = centres(size, boxes.options());  // [S]
  const auto axis = [&](int64_t start, int64_t extent) {     // [V, 1, S, S]
    const at::Tensor at_picture = boxes.select(1, start).unsqueeze(1) + boxes.select(1, extent).unsqueeze(1) * points;
    return hat_matrix(at_picture * static_cast<double>(size) - 0.5, size).unsqueeze(1);
  };
  return axis(0, 2).matmul(picture).matmul(axis(1, 3).transpose(-1, -2));  // [V, channels, S, S]
}

MappedBack map_back(const at::Tensor& maps, const at::Tensor& boxes, int64_t size) {
  const int64_t views = maps.size(0), categories = maps.size(2);
  const at::Tensor points = centres(size, boxes.options());  // [size]
  const auto in_view = [&](int64_t start, int64_t extent) {  // [V, size] fractions of the view
    return (points - boxes.select(1, start).unsqueeze(1)) / boxes.select(1, extent).unsqueeze(1);
  };
  const at::Tensor rows = in_view(0, 2), columns = in_view(1, 3);
  const auto axis = [&](const at::Tensor& fractions) {  // [V, 1, size, size]
    return hat_matrix(fractions * static_cast<double>(size) - 0.5, size).unsqueeze(1);
  };
  const auto inside = [](const at::Tensor& fractions) { return fractions.ge(0).logical_and(fractions.le(1)); };

  const at::Tensor planes = maps.transpose(1, 2).reshape({views, categories, size, size});
  const at::Tensor back = axis(rows).matmul(planes).matmul(axis(columns).transpose(-1, -2));
  const at::Tensor covered = inside(rows).unsqueeze(2).logical_and(inside(columns).unsqueeze(1));  // [V, size, size]
  return {
      back.reshape({views, categories, size * size}).transpose(1, 2),
      covered.reshape({views, size * size}).to(maps.scalar_type())};
}

}  // namespace invseg
