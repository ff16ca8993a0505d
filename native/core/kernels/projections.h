#pragma once

#include <optional>
#include <vector>

#include <torch/script.h>

namespace invseg {

/**
 * Frozen projections of one tensor, without bias. On a device other than the CPU they are one product where their weights lie
 * side by side in memory, which `LoadedModule` sees to; what comes out are then columns of one tensor. Anything else is a
 * `linear` each.
 *
 * In TorchScript: `invseg::projections(Tensor x, Tensor[] weights) -> Tensor[]`.
 *
 * @param x [..., C] @param weights [D_i, C] @return each [..., D_i]
 */
std::vector<at::Tensor> projections(const at::Tensor& x, at::TensorList weights);

/**
 * The prompt's keys and values of all layers: entry b of the batch has those of prompt b modulo P.
 *
 * A step of Adam changes the prompt by less than half precision resolves. So on the CPU the products have the type of their
 * weights, float32. On another device, where weights of the engine's type lie side by side, one product takes a prompt of half
 * precision and what its rounding left, both in half precision, and adds the two in float32: 22 bits of a prompt in float16, 16
 * in bfloat16.
 *
 * In TorchScript: `invseg::prompt_states(Tensor context, Tensor[] weights, Tensor like) -> Tensor[]`.
 *
 * @param context [P, M, W] float32 @param weights [C_i, W] @param like [B, ...], P divides B
 * @return each [B, M, C_i] of the type of `like`
 */
std::vector<at::Tensor> prompt_states(const at::Tensor& context, at::TensorList weights, const at::Tensor& like);

/**
 * What each resnet adds to its first convolution: a projection of the timestep with its bias, and the convolution's bias.
 *
 * On a device other than the CPU they are one product where all three lists lie side by side in memory and nothing learns; what
 * comes out are then columns of one tensor, a row of it from the next. Anything else is a `linear` and an addition each.
 *
 * In TorchScript: `invseg::time_states(Tensor time, Tensor[] weights, Tensor[] biases, Tensor[] more) -> Tensor[]`.
 *
 * @param time [B, T] @param weights [C_i, T] @param biases [C_i] @param more [C_i]
 * @return each [B, C_i]: time W_i' + bias_i + more_i
 */
std::vector<at::Tensor> time_states(
    const at::Tensor& time, at::TensorList weights, at::TensorList biases, at::TensorList more);

/**
 * Weights [D_i, C] that follow each other in one allocation, as one [sum of D_i, C], or vectors [D_i] as one [sum of D_i]; none
 * where they do not, or learn.
 */
std::optional<at::Tensor> joined(at::TensorList weights);

/** `projections` by one product, on any device. @param weight [sum of D_i, C] @param widths D_i */
std::vector<at::Tensor> joined_projections(
    const at::Tensor& x, const at::Tensor& weight, const std::vector<int64_t>& widths);

/** `prompt_states` by one product, on any device; the type of `weight` is the result's. @param views B / P */
std::vector<at::Tensor> joined_prompt_states(
    const at::Tensor& context, const at::Tensor& weight, const std::vector<int64_t>& widths, int64_t views);

/** `time_states` by one product, on any device. @param weight [sum of C_i, T] @param bias [sum of C_i], of all kinds */
std::vector<at::Tensor> joined_time_states(
    const at::Tensor& time, const at::Tensor& weight, const at::Tensor& bias, const std::vector<int64_t>& widths);

}  // namespace invseg
