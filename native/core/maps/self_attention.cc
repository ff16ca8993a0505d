#include "core/maps/self_attention.h"

#include "core/error.h"
#include "core/maps/aggregate.h"
#include "core/maps/resize.h"
#include "core/shapes.h"

namespace invseg {
namespace {

/** planes [..., size, size] -> [..., side, side]: the transpose of enlarging side to size. */
at::Tensor enlarged_transposed(const at::Tensor& planes, int64_t side) {
  const int64_t size = planes.size(-1);
  if (side == size) return planes;
  const at::Tensor weights = resize_matrix(size, side, planes.options());  // [size, side]
  return weights.t().matmul(planes.matmul(weights));
}

/** [B, side^2, C] -> [B, size^2, C], each point the nearest. */
at::Tensor repeated(const at::Tensor& x, int64_t side, int64_t size) {
  if (side == size) return x;
  const at::Tensor axis = nearest_indices(size, side, x.device());
  return x.index_select(1, (axis.unsqueeze(1) * side + axis).flatten());
}

}  // namespace

SelfAttention::SelfAttention(std::vector<double> weights, int64_t size, int64_t prompts)
    : weights_(std::move(weights)), size_(size), prompts_(prompts) {}

void SelfAttention::add(const std::vector<at::Tensor>& maps) {
  size_t level = 0;
  for (size_t i = 0; i < maps.size(); ++i) {
    if (!maps[i].defined() || maps[i].numel() == 0 || weights_[i] == 0.0) continue;
    const int64_t side = side_of(maps[i]);
    check_shape(maps[i].size(2) == side * side, "Expected self-attention maps [batch, points, points]");
    at::Tensor map = maps[i];
    if (prompts_ > 1) {
      // One map is kept for all of them, so each is normalised before it is added.
      const at::Tensor ones = at::ones({size_, size_}, map.options());
      map = map / map.matmul(enlarged_transposed(ones, side).reshape({-1, 1})).clamp_min(kSumFloor);
    }
    if (level == levels_.size()) {
      levels_.push_back({map, weights_[i] / static_cast<double>(prompts_), side});
    } else {
      levels_[level].map = levels_[level].map + map;
    }
    ++level;
  }
}

at::Tensor SelfAttention::operator()(const at::Tensor& columns) const {
  if (levels_.empty()) throw Error("INVALID_OPTION", kNoSelfAttention);
  const bool divide = prompts_ == 1;
  if (const auto result = levels_on_kernels(levels_, columns, size_, divide, kSumFloor)) return *result;
  const int64_t batch = columns.size(0), categories = columns.size(2);
  at::Tensor planes = columns.transpose(1, 2).reshape({batch, categories, size_, size_});
  if (divide) planes = at::cat({planes, at::ones({batch, 1, size_, size_}, planes.options())}, 1);
  at::Tensor sum;
  for (const auto& [map, weight, side] : levels_) {
    at::Tensor product = map.matmul(enlarged_transposed(planes, side).flatten(2).transpose(1, 2));
    product = divide
                  ? product.narrow(2, 0, categories) * (weight / product.narrow(2, categories, 1).clamp_min(kSumFloor))
                  : product * weight;
    product = repeated(product, side, size_);
    sum = sum.defined() ? sum + product : product;
  }
  return sum;
}

}  // namespace invseg
