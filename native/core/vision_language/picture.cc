#include "core/vision_language/picture.h"

#include <algorithm>

#include "core/error.h"
#include "core/vision_language/resample.h"

namespace invseg {
namespace {

/** One side of a picture whose shorter side becomes `size`: the middle `size` pixels of it. */
AxisWindow middle(int64_t side, int64_t shorter, int64_t size) {
  const int64_t resized = size * side / shorter;
  return {side, resized, (resized - size) / 2, size};
}

}  // namespace

at::Tensor picture_pixels(const uint8_t* rgb, int64_t width, int64_t height, const PictureConfig& config) {
  check_shape(width > 0 && height > 0, "Expected a picture of at least one pixel");
  const int64_t size = config.size, shorter = std::min(width, height);
  const auto axis = [&](int64_t side) {
    return config.crop ? middle(side, shorter, size) : AxisWindow{side, size, 0, size};
  };
  std::vector<uint8_t> bytes = resample_bicubic(rgb, axis(width), axis(height));
  const auto column = [](const std::array<float, 3>& values) {
    return at::tensor({values[0], values[1], values[2]}, at::kFloat).view({3, 1, 1});
  };
  const at::Tensor pixels = at::from_blob(bytes.data(), {size, size, 3}, at::kByte).permute({2, 0, 1}).to(at::kFloat);
  return ((pixels / 255.0 - column(config.mean)) / column(config.deviation)).unsqueeze(0).contiguous();
}

}  // namespace invseg
