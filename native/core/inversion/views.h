#pragma once

#include <torch/script.h>

namespace invseg {

/**
 * Crops of a picture, each resized bilinearly to the picture's own size. Boxes are a tensor: no shape depends on them.
 *
 * @param picture [1, channels, S, S] @param boxes [V, 4] top, left, height, width as fractions of the picture
 * @return [V, channels, S, S]
 */
at::Tensor crop_views(const at::Tensor& picture, const at::Tensor& boxes);

struct MappedBack {
  at::Tensor maps;      ///< [V, size^2, C] in the canonical frame; meaningless where not covered
  at::Tensor coverage;  ///< [V, size^2] float32, 1 where the point's centre lies inside the view's box
};

/** maps [V, size^2, C] of the views -> the canonical frame, resampled bilinearly into each view's box. */
MappedBack map_back(const at::Tensor& maps, const at::Tensor& boxes, int64_t size);

}  // namespace invseg
