#include "core/maps/aggregate.h"

#include <cmath>

#include "core/error.h"
#include "core/maps/resize.h"
#include "core/shapes.h"

namespace invseg {
namespace {

bool absent(const at::Tensor& map, double weight) { return !map.defined() || map.numel() == 0 || weight == 0.0; }

}  // namespace

at::Tensor aggregate_cross(
    const std::vector<at::Tensor>& maps, const std::vector<double>& weights, int64_t size, CrossScale scale) {
  at::Tensor sum;
  for (size_t i = 0; i < maps.size(); ++i) {
    if (absent(maps[i], weights[i])) continue;
    const int64_t side = side_of(maps[i]);
    const int64_t batch = maps[i].size(0), tokens = maps[i].size(2);
    at::Tensor map = maps[i];
    if (scale == CrossScale::sum) map = map / map.sum(1, true).clamp_min(kSumFloor);
    if (side != size) {
      map = resize_bilinear(map.transpose(1, 2).reshape({batch, tokens, side, side}), size);
      map = map.reshape({batch, tokens, size * size}).transpose(1, 2);  // [B, size^2, K]
    }
    if (scale == CrossScale::min_max) map = min_max(map, 1);
    map = map * weights[i];
    sum = sum.defined() ? sum + map : map;
  }
  if (!sum.defined()) throw Error("INVALID_OPTION", "No cross-attention map is read: give one resolution a weight");
  return sum;
}

at::Tensor aggregate_self(const std::vector<at::Tensor>& maps, const std::vector<double>& weights, int64_t size) {
  at::Tensor sum;
  for (size_t i = 0; i < maps.size(); ++i) {
    if (absent(maps[i], weights[i])) continue;
    const int64_t side = side_of(maps[i]);
    check_shape(maps[i].size(2) == side * side, "Expected self-attention maps [batch, points, points]");
    const int64_t batch = maps[i].size(0), points = size * size;
    // [B, side^2, side, side] -> keys enlarged -> [B, side^2, size^2], each row a distribution again
    at::Tensor map = resize_bilinear(maps[i].reshape({batch, side * side, side, side}), size);
    map = map.reshape({batch, side * side, points});
    map = map * (weights[i] / map.sum(-1, true).clamp_min(kSumFloor));
    if (side != size && size % side == 0) {
      const int64_t repeat = size / side;
      map = map.view({batch, side, 1, side, 1, points})
                .expand({batch, side, repeat, side, repeat, points})
                .reshape({batch, points, points});
    } else if (side != size) {
      const at::Tensor axis = nearest_indices(size, side, map.device());
      map = map.index_select(1, (axis.unsqueeze(1) * side + axis).flatten());
    }
    sum = sum.defined() ? sum + map : map;
  }
  if (!sum.defined()) throw Error("INVALID_OPTION", kNoSelfAttention);
  return sum;
}

}  // namespace invseg
