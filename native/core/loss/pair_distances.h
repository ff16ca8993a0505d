#pragma once

#include <torch/script.h>

namespace invseg {

/**
 * G[c, c'] = a_c' S m_c' / (sum a_c sum m_c') for all pairs of categories, with S_ij = KL(p_i || p_j) + KL(p_j || p_i) of the
 * rows of P = `probabilities`, L = log(P + eps) (eq. 3, 6 and 7).
 *
 * One autograd function with its gradient by hand: forward and backward each go over P once, in blocks of rows, and keep
 * nothing of N x N values; the gradient to P is the only such matrix made.
 *
 * @param probabilities [B, N, N] float32 or float64, rows sum to 1
 * @param anchors [B, N, C] @param maps [B, N, C], both of the type of `probabilities`
 * @return [B, C, C] float64; row: category of the anchor, column: of the map
 */
at::Tensor pair_distances(const at::Tensor& probabilities, const at::Tensor& anchors, const at::Tensor& maps);

}  // namespace invseg
