#pragma once

#include <torch/script.h>

namespace invseg {

/** Added inside every logarithm of the losses: eq. 3's log(p + eps) and the entropy's log(m + eps). */
inline constexpr double kLogEps = 1e-8;

struct ClusterOptions {
  double anchor_scale = 4.0;
  double anchor_centre = 0.5;
  bool symmetric = false;          ///< false: anchor of the later category, map of the earlier (eq. 7 as printed)
  bool distance_constant = false;  ///< the distances S carry no gradient to A_self
};

/** One value a batch entry; all [B], float64 whatever the maps are: the two terms nearly cancel. */
struct ClusterLoss {
  at::Tensor loss;   ///< intra / C - 2 inter / (C (C - 1)); with C = 1 the second term is 0
  at::Tensor intra;  ///< D_intra = sum over c of G[c, c]
  at::Tensor inter;  ///< D_inter = sum over c' < c of G[c, c']
};

/**
 * Eq. 3-8: G[c, c'] = a_c' S m_c' / (sum a_c sum m_c'), S_ij = KL(p_i || p_j) + KL(p_j || p_i), a_c the soft anchor
 * sigmoid(scale (M^c - centre)). S is never built: S_ij = <p_i - p_j, l_i - l_j> with L = log(P + eps), so that all
 * category pairs come from four products of an N x N matrix with N x C ones. P and L are centred first, because the plain
 * form cancels badly in float32 on flat maps.
 *
 * @param self A_self [B, N, N], rows sum to 1 @param maps M [B, N, C] in [0, 1], the background last
 */
ClusterLoss cluster_loss(const at::Tensor& self, const at::Tensor& maps, const ClusterOptions& options);

}  // namespace invseg
