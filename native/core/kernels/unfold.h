#pragma once

#include <cstdint>
#include <optional>

#include <torch/script.h>

namespace invseg {

/**
 * A convolution of a picture's few channels as one product: every point's surroundings [k·k·C, filled up with zeros to whole
 * 16-byte rows] times the weight, whose bias costs nothing then. cuDNN takes four times as long to write as many channels, and
 * leaves the bias to another pass.
 *
 * @param x [B, C, h, w], any layout @param weight [D, C, k, k] @param bias [D] @return [B, D, h', w'], channels-last, without a
 *     gradient; nothing where the kernel does not fit or a gradient is wanted
 */
std::optional<at::Tensor> convolution_by_rows(
    const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, int64_t padding);

namespace kernels {
/** The kernel for it, a part of `fused_source`. */
const char* unfold_source();
}  // namespace kernels

}  // namespace invseg
