#pragma once

#include <torch/script.h>

namespace invseg {

/**
 * Crops of a picture, each resized bilinearly to the picture's own size. Boxes are a tensor: no shape depends on them.
 *
 * @param picture [1, channels, S, S] @param boxes [V, 4] top, left, height, width as fractions of the picture
 * @param whole whether the picture itself comes before its crops
 * @return [V, channels, S, S], or one more of them; of one kernel where `kernels::available`, channels beside each other in memory
 */
at::Tensor crop_views(const at::Tensor& picture, const at::Tensor& boxes, bool whole = false);

struct MappedBack {
  at::Tensor maps;      ///< [V, size^2, C] in the canonical frame; meaningless where not covered
  at::Tensor coverage;  ///< [V, size^2] float32, 1 where the point's centre lies inside the view's box
};

/** maps [V, size^2, C] of the views -> the canonical frame, resampled bilinearly into each view's box. */
MappedBack map_back(const at::Tensor& maps, const at::Tensor& boxes, int64_t size);

namespace kernels {
/** The source of the kernel of `crop_views`, for a check without a device. */
const char* crop_source();
}  // namespace kernels

}  // namespace invseg
