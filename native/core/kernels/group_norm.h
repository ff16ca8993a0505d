#pragma once

#include <cstdint>
#include <optional>

#include <torch/script.h>

namespace invseg {

/**
 * Group normalisation of x + added and, with `silu`, x sigmoid(x) after it, as one operation: LibTorch's own reads
 * channels-first memory only, so that every channels-last convolution around it would be copied twice. `added` takes what would
 * be a pass of its own: the bias of the convolution before and the projection of the timestep.
 *
 * On CUDA, a channels-last x of whole 16-byte rows takes two kernels forward and two backward, a small picture one
 * and one; what is kept for the backward pass is x itself. Anything else goes through LibTorch. There `added` and the affine parameters are frozen: no gradient
 * reaches them. Sums are float32 around a value of the group, in a fixed order: one input gives one result.
 *
 * In TorchScript:
 * `invseg::group_norm(Tensor x, Tensor? added, int groups, Tensor weight, Tensor bias, float eps, bool silu) -> Tensor`.
 *
 * @param x [B, C, h, w] @param added [B, C] or [1, C], its rows any distance apart @param weight [C] @param bias [C] @param groups divides C
 */
at::Tensor group_norm(
    const at::Tensor& x, const std::optional<at::Tensor>& added, int64_t groups, const at::Tensor& weight,
    const at::Tensor& bias, double eps, bool silu);

namespace kernels {
/** The source of the kernels above, for a check without a device. */
const char* group_norm_source();
/** What it has of the kernels for a small picture. */
const char* group_norm_whole_source();
}  // namespace kernels

}  // namespace invseg
