#pragma once

#include <optional>

#include <torch/script.h>

namespace invseg {

/**
 * x W' + b for a frozen W. On a CPU in float32 by oneDNN, whose products use all of the processor's registers, whoever made it;
 * the BLAS that LibTorch calls otherwise takes half of them on AMD's.
 *
 * In TorchScript: `invseg::linear(Tensor x, Tensor weight, Tensor? bias) -> Tensor`. Where weight or bias learn it is
 * LibTorch's.
 *
 * @param x [..., C] @param weight [D, C] @param bias [D] @return [..., D]
 */
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias);

/** Whether `product` is oneDNN's for tensors like x. */
bool has_product(const at::Tensor& x);

/** a [n, k] times the transpose of b [m, k], both float32 on the CPU in any layout of stride 1 along one dimension. No gradient. */
at::Tensor product(const at::Tensor& a, const at::Tensor& b, const std::optional<at::Tensor>& bias = std::nullopt);

}  // namespace invseg
