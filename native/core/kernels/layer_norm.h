#pragma once

#include <tuple>

#include <torch/script.h>

namespace invseg {

/**
 * Layer normalisation over the last dimension. By LibTorch, with its gradients.
 *
 * In TorchScript: `invseg::layer_norm(Tensor x, Tensor weight, Tensor bias, float eps) -> Tensor`.
 *
 * @param x [..., C] @param weight [C] @param bias [C] @return [..., C]
 */
at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps);

/**
 * A residual and the normalisation of the sum.
 *
 * In TorchScript: `invseg::add_layer_norm(Tensor x, Tensor more, Tensor weight, Tensor bias, float eps) -> (Tensor, Tensor)`.
 *
 * @param x [..., C] @param more [..., C] @return x + more, and that normalised
 */
std::tuple<at::Tensor, at::Tensor> add_layer_norm(
    const at::Tensor& x, const at::Tensor& more, const at::Tensor& weight, const at::Tensor& bias, double eps);

}  // namespace invseg
