#pragma once

#include <vector>

#include <torch/script.h>

namespace invseg {

/**
 * Each tensor contiguous, as `Tensor::contiguous` gives it: up to three of one batch and one last dimension as one pass where the
 * kernel takes them, at the rate of the memory. What heads that lie beside each other are turned with.
 *
 * @param tensors [B, X, Y, d], X and Y of each its own; undefined ones stay so
 */
std::vector<at::Tensor> contiguous_together(std::vector<at::Tensor> tensors);

/** The same, with Y of each tensor filled up with zeros to what `ys` says; 0 for as it is. */
std::vector<at::Tensor> contiguous_together(std::vector<at::Tensor> tensors, std::vector<int64_t> ys);

namespace kernels {
/** The source of the kernel above, for a check without a device. */
const char* gather_source();
}  // namespace kernels

}  // namespace invseg
