#include "core/inversion/views.h"

#include "core/kernels/program.h"
#include "core/maps/resize.h"

namespace invseg {

namespace kernels {

// The crops of picture [channels][size][size] for boxes [views][4]: a thread a pixel of a crop, its value the same four of the
// picture's that the matrices below weigh. Crop 0 is the picture itself where `whole`. out [crops][size][size][channels].
const char* crop_source() {
  return R"cuda(
struct Between { int first, second; float left, right; };
// As LibTorch rounds, one operation after the other: a coordinate that is rounded otherwise shifts the view.
__device__ __forceinline__ Between between(int i, int size, float start, float extent) {
  const float point = (i + 0.5f) / size;
  float at = __fadd_rn(__fmul_rn(__fadd_rn(start, __fmul_rn(extent, point)), (float)size), -0.5f);
  at = at > 0 ? at < size - 1 ? at : size - 1 : 0;
  const int first = (int)at;
  return {first, first + 1 < size ? first + 1 : first, 1.0f - (at - first), first + 1 < size ? 1.0f - (first + 1 - at) : 0.0f};
}

extern "C" __global__ void __launch_bounds__(256) crop(
    const float* __restrict__ picture, const float* __restrict__ boxes, float* __restrict__ out, int size, int channels,
    int whole) {
  const int points = size * size, point = blockIdx.x * 256 + threadIdx.x, view = (int)blockIdx.y - whole;
  if (point >= points) return;
  float* to = out + ((long long)blockIdx.y * points + point) * channels;
  if (view < 0) {
    for (int c = 0; c < channels; ++c) to[c] = picture[c * points + point];
    return;
  }
  const float* box = boxes + 4 * view;
  const Between row = between(point / size, size, box[0], box[2]), column = between(point % size, size, box[1], box[3]);
  for (int c = 0; c < channels; ++c) {
    const float* above = picture + c * points + row.first * size;
    const float* below = picture + c * points + row.second * size;
    const float first = row.left * above[column.first] + row.right * below[column.first];
    const float second = row.left * above[column.second] + row.right * below[column.second];
    to[c] = column.left * first + column.right * second;
  }
}
)cuda";
}

}  // namespace kernels

namespace {

bool crops_on_kernel(const at::Tensor& picture, const at::Tensor& boxes) {
  return picture.scalar_type() == at::kFloat && boxes.scalar_type() == at::kFloat && picture.size(0) == 1 &&
         picture.numel() < (int64_t{1} << 30) && picture.size(2) == picture.size(3) && boxes.size(0) < 65535 &&
         kernels::available(picture.device()) && !picture.requires_grad() && !boxes.requires_grad();
}

at::Tensor crops_of_kernel(const at::Tensor& picture, const at::Tensor& boxes, bool whole) {
  constexpr int64_t kBlock = 256;  // as in the source
  const at::Tensor pixels = picture.contiguous(), own = boxes.contiguous();
  const int64_t crops = own.size(0) + (whole ? 1 : 0);
  const at::Tensor out = at::empty(
      {crops, pixels.size(1), pixels.size(2), pixels.size(3)}, pixels.options(), at::MemoryFormat::ChannelsLast);
  const void *from = pixels.const_data_ptr(), *where = own.const_data_ptr();
  void* to = out.mutable_data_ptr();
  int size = static_cast<int>(pixels.size(2)), channels = static_cast<int>(pixels.size(1)), first = whole ? 1 : 0;
  const auto kernel = kernels::compile(kernels::crop_source(), "crop", at::kFloat, pixels.device());
  const int64_t points = pixels.size(2) * pixels.size(3);
  kernels::launch(
      kernel, {(points + kBlock - 1) / kBlock, crops}, kBlock, {&from, &where, &to, &size, &channels, &first},
      pixels.device());
  return out;
}

/** Centres of `size` pixels as fractions of their frame, [size]. */
at::Tensor centres(int64_t size, const at::TensorOptions& options) {
  return (at::arange(size, options) + 0.5) / static_cast<double>(size);
}

}  // namespace

// A box is parallel to the axes, so bilinear sampling is a matrix along each axis: deterministic on every device, where
// the backward pass of a gather adds atomically. Coordinates beyond the edge take the edge's pixel.

at::Tensor crop_views(const at::Tensor& picture, const at::Tensor& boxes, bool whole) {
  if (crops_on_kernel(picture, boxes)) return crops_of_kernel(picture, boxes, whole);
  if (whole) return at::cat({picture, crop_views(picture, boxes)}, 0);
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
