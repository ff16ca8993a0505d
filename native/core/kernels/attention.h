#pragma once

#include <torch/script.h>

namespace invseg {

/**
 * softmax(q k' / sqrt(d)) v, of which nobody reads the probabilities.
 *
 * LibTorch's fused kernel, but for two cases in which products of their own are faster: float32 on a CPU where no gradient is
 * wanted (`product` of linear.h), and heads wider than 256 on CUDA (the VAE's), which its fast kernels do not take. Both work on a
 * few rows at a time, so that the probabilities are never held as a whole.
 *
 * In TorchScript: `invseg::attention(Tensor q, Tensor k, Tensor v) -> Tensor`.
 *
 * @param q [B, heads, N, d] @param k [B, heads, M, d] @param v [B, heads, M, d] @return [B, heads, N, d]
 */
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

/** With the queries of each batch entry as `parts` entries, N a multiple of it: more blocks for a GPU where there are few keys. */
at::Tensor attention_in_parts(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t parts);

/** The second of them on any device, for its test: groups of batch entries whose probabilities have at most `most` values. */
at::Tensor attention_of_wide_heads(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t most);

}  // namespace invseg
