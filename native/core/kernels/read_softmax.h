#pragma once

#include <torch/script.h>

/** The passes over the scores of attention that is read, as kernels; what `read_attention.cc` is made of where they fit. */
namespace invseg {

/**
 * Keys that are worked with: the 77 positions of a prompt would send the products of the tensor cores to kernels that read two
 * bytes at a time. The others are zeros, and so are their probabilities.
 *
 * @return a multiple of eight
 */
int64_t filled_keys(int64_t keys);

/**
 * Whether the kernels take q [B, heads, N, d] and k [B, heads, M, d].
 *
 * @param head_weights [heads] float32, undefined where nobody reads a map
 */
bool reads_on_kernels(const at::Tensor& q, const at::Tensor& k, const at::Tensor& head_weights);

/**
 * scores [B * heads, n, filled_keys(M)] -> their softmax, in place where `keep`, in the type of `narrow` (as large) where that is
 * defined; and the weighted sum over the heads into map [B, n, M], a part of the rows of a whole, where that is defined: where it
 * `adds`, to what is in there.
 */
void softmax_and_map(
    at::Tensor& scores, bool keep, at::Tensor narrow, const at::Tensor& head_weights, const at::Tensor& map,
    int64_t key_count, int64_t head_count, double scale, at::ScalarType type, bool adds = false);

/** d scores [B * heads, N, filled_keys(M)] of type `type`; through likewise or undefined, d_map [B, N, M] or undefined. */
at::Tensor softmax_backward(
    const at::Tensor& probabilities, const at::Tensor& through, const at::Tensor& d_map, const at::Tensor& head_weights,
    int64_t key_count, int64_t head_count, double scale, at::ScalarType type);

}  // namespace invseg
