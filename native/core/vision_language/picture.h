#pragma once

#include <torch/script.h>

#include "core/vision_language/config.h"

namespace invseg {

/**
 * RGB bytes [height * width * 3] -> pixels [1, 3, size, size] float32 on the CPU, as transformers' CLIP (`crop`) and BLIP
 * image processors make them: bicubic, (x / 255 − mean) / deviation for each channel.
 */
at::Tensor picture_pixels(const uint8_t* rgb, int64_t width, int64_t height, const PictureConfig& config);

}  // namespace invseg
