#pragma once

#include <cstdint>

#include <torch/script.h>

namespace invseg {

struct ProposalOptions {
  int64_t anchors = 16;    ///< along a side, 1 to 16: a label is one byte
  double threshold = 1;    ///< tau, of the distance (KL(p|q) + KL(q|p)) / 2
  int64_t iterations = 3;  ///< the first collects maps around the anchors, the others merge what is alike
};

/**
 * DiffSeg's proposals: anchors on a grid become the mean of all self-attention maps within tau of them; then, in order, each
 * proposal that no earlier one has taken becomes the mean of all proposals within tau of it.
 *
 * How many are left depends on the data, so each iteration but the first waits for the device once.
 *
 * @param self [1, N, N], rows sum to 1, N a square
 * @return [1, N, M] one column a proposal, each of sum 1, 1 <= M <= anchors^2
 * @throws Error `SHAPE_MISMATCH`
 */
at::Tensor find_proposals(const at::Tensor& self, const ProposalOptions& options);

/** (KL(a|b) + KL(b|a)) / 2 of every pair. a [M, K], b [N, K] float64, rows of sum 1 -> [M, N], at least 0 */
at::Tensor symmetric_divergence(const at::Tensor& a, const at::Tensor& b);

}  // namespace invseg
