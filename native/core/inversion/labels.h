#pragma once

#include <torch/script.h>

#include "core/inversion/options.h"

namespace invseg {

/**
 * Labels, areas and scores of a picture of height x width points from refined maps.
 *
 * Enlarges in bands of rows, so that a large picture with many categories never holds all its enlarged maps.
 *
 * @param maps [C, size, size] float32 in [0, 1], C <= 256
 * @param argmax_first argmax at the maps' size, then nearest; else maps are enlarged bilinearly, then argmax
 */
Prediction label_picture(const at::Tensor& maps, int64_t width, int64_t height, bool argmax_first);

}  // namespace invseg
