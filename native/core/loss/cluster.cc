#include "core/loss/cluster.h"

#include "core/error.h"
#include "core/loss/pair_distances.h"

namespace invseg {

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
