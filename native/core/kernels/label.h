#pragma once

#include <cstdint>
#include <optional>

#include <torch/script.h>

namespace invseg {

/** Each pixel's largest map; on the CPU. */
struct LabelledPixels {
  at::Tensor labels;  ///< uint8 [height, width]
  at::Tensor areas;   ///< float64 [C] pixels
  at::Tensor sums;    ///< float64 [C] of the labelled pixels' values
};

/**
 * Enlarges maps bilinearly and labels every pixel with its largest, the first of equal ones: two kernels and one copy to the host.
 *
 * @param maps [C, size, size] float32, in any layout
 * @return nothing where the kernels do not take it: without a GPU, or for more than 32 categories
 */
std::optional<LabelledPixels> label_on_kernels(const at::Tensor& maps, int64_t width, int64_t height);

namespace kernels {
/** The source of the kernels above, for a check without a device. */
const char* label_source();
}  // namespace kernels

}  // namespace invseg
