#include "core/loss/cluster.h"

#include "core/error.h"

namespace invseg {
namespace {

constexpr double kSumFloor = 1e-8;

/**
 * G[c, c'] = a_c' S m_c' / (sum a_c sum m_c') for all pairs, [B, C, C].
 *
 * S_ij = <p_i - p_j, l_i - l_j> depends on differences alone, so both factors may be shifted. With P' and L' centred over
 * the points, and L' also centred over the keys (its row means r kept aside, its weight in S being the difference of the
 * row sums s of P'), S_ij = <p'_i - p'_j, l'_i - l'_j> + (s_i - s_j)(r_i - r_j). The last term is 0 for rows that sum to
 * 1; it is kept because its gradient is not.
 *
 * The four terms of a pair nearly cancel, and so do intra and inter. What has N x C values or fewer is therefore float64,
 * which costs nothing: float32 maps at N = 4096 give the loss to 3e-7 (4e-3 without) and its gradients to 3e-6 (3e-4).
 */
at::Tensor pair_distances(const at::Tensor& probabilities, const at::Tensor& anchors, const at::Tensor& maps) {
  const int64_t categories = maps.size(2);
  const at::Tensor log = (probabilities + kLogEps).log();                       // [B, N, N]
  at::Tensor row_means = log.mean(2, true);                                     // [B, N, 1]
  const at::Tensor by_rows = log - row_means;                                   // [B, N, N]
  const at::Tensor l = by_rows - by_rows.mean(1, true);                         // [B, N, N]
  const at::Tensor p = probabilities - probabilities.mean(1, true);             // [B, N, N]
  const at::Tensor row_sums = p.sum(2, true);                                   // [B, N, 1]
  row_means = row_means - row_means.mean(1, true);
  const at::Tensor diagonal = (p * l).sum(2, true) + row_sums * row_means;      // h [B, N, 1]

  const at::Tensor narrow = at::cat({anchors, maps}, 2).transpose(1, 2);  // [B, 2C, N]
  const at::Tensor in_p = at::cat({narrow.matmul(p), narrow.matmul(row_sums)}, 2).to(at::kDouble);  // [B, 2C, N + 1]
  const at::Tensor in_l = at::cat({narrow.matmul(l), narrow.matmul(row_means)}, 2).to(at::kDouble);
  const at::Tensor both = narrow.to(at::kDouble);
  const auto of_anchors = [&](const at::Tensor& x) { return x.narrow(1, 0, categories); };
  const auto of_maps = [&](const at::Tensor& x) { return x.narrow(1, categories, categories).transpose(1, 2); };

  const at::Tensor totals = both.sum(2, true);                           // [B, 2C, 1]
  const at::Tensor weighted = both.matmul(diagonal.to(at::kDouble));     // [B, 2C, 1]
  const at::Tensor pairs = of_anchors(weighted).matmul(of_maps(totals)) + of_anchors(totals).matmul(of_maps(weighted)) -
                           of_anchors(in_p).matmul(of_maps(in_l)) - of_anchors(in_l).matmul(of_maps(in_p));
  return pairs / of_anchors(totals).matmul(of_maps(totals)).clamp_min(kSumFloor);
}

}  // namespace

ClusterLoss cluster_loss(const at::Tensor& self, const at::Tensor& maps, const ClusterOptions& options) {
  check_shape(
      self.dim() == 3 && maps.dim() == 3 && self.size(1) == self.size(2) && self.size(1) == maps.size(1) &&
          self.size(0) == maps.size(0),
      "Expected self-attention [batch, points, points] and maps [batch, points, categories] for the cluster loss");
  const auto categories = static_cast<double>(maps.size(2));
  const at::Tensor anchors = at::sigmoid(options.anchor_scale * (maps - options.anchor_centre));
  const at::Tensor pairs = pair_distances(options.distance_constant ? self.detach() : self, anchors, maps);

  ClusterLoss result;
  result.intra = pairs.diagonal(0, 1, 2).sum(-1);
  result.inter = pairs.tril(-1).sum({1, 2});  // row: category of the anchor, column: of the map
  if (options.symmetric) result.inter = (result.inter + pairs.triu(1).sum({1, 2})) / 2;
  result.loss = result.intra / categories;
  if (maps.size(2) > 1) result.loss = result.loss - 2.0 / (categories * (categories - 1.0)) * result.inter;
  return result;
}

}  // namespace invseg
