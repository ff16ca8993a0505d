#pragma once

#include <cstdint>
#include <optional>

#include <torch/script.h>

/** Passes over memory that LibTorch makes one after the other, as one. Each falls back to LibTorch where its kernel does not fit. */
namespace invseg {

/**
 * A convolution, its bias and what is added to its result; on CUDA the last two are one pass over channels-last memory.
 *
 * In TorchScript:
 * `invseg::conv2d(Tensor x, Tensor weight, Tensor? bias, int stride, int padding, Tensor? residual) -> Tensor`. No gradient
 * reaches a frozen weight or bias.
 *
 * @param x [B, C, h, w] @param weight [D, C, k, k] @param bias [D] @param residual of the result's shape
 * @param padding zeros on every side; -1 for one row and one column after the last alone
 */
at::Tensor conv2d(
    const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias, int64_t stride,
    int64_t padding, const std::optional<at::Tensor>& residual);

/**
 * GEGLU's product: the first half of the last dimension times gelu of the second, gelu exact.
 *
 * In TorchScript: `invseg::geglu(Tensor x) -> Tensor`.
 *
 * @param x [..., 2 D] @return [..., D]
 */
at::Tensor geglu(const at::Tensor& x);

namespace kernels {
/** The source of the kernels above, for a check without a device. */
const char* fused_source();
}  // namespace kernels

}  // namespace invseg
