#pragma once

#include <cstdint>

#include <torch/script.h>

namespace invseg {

/**
 * Group normalisation and, with `silu`, x sigmoid(x) after it, as one operation: LibTorch's own reads channels-first memory
 * only, so that every channels-last convolution around it would be copied twice.
 *
 * On CUDA, a channels-last x of whole 16-byte rows takes two kernels forward and two backward; what is kept for the backward
 * pass is x itself. Anything else goes through LibTorch. The affine parameters are frozen: no gradient reaches them on CUDA.
 * Sums are float32 around a shift, in a fixed order: one input gives one result.
 *
 * In TorchScript: `invseg::group_norm(Tensor x, int groups, Tensor weight, Tensor bias, float eps, bool silu) -> Tensor`.
 *
 * @param x [B, C, h, w] @param weight [C] @param bias [C] @param groups divides C
 */
at::Tensor group_norm(
    const at::Tensor& x, int64_t groups, const at::Tensor& weight, const at::Tensor& bias, double eps, bool silu);

/** Tells TorchScript of the operators of this library; needed before a module that uses them is loaded. */
void register_operators();

namespace kernels {
/** The source of the kernels above and the definitions for a type, for a check without a device. */
const char* group_norm_source();
std::string group_norm_options(at::ScalarType type);
}  // namespace kernels

}  // namespace invseg
