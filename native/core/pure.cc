#include "core/pure.h"

#include <torch/csrc/autograd/autograd.h>

#include "core/error.h"
#include "core/maps/aggregate.h"
#include "core/maps/refine.h"

namespace invseg::pure {
namespace {

/** A leaf with a batch dimension of 1. */
at::Tensor leaf(const at::Tensor& x) { return x.detach().unsqueeze(0).requires_grad_(); }

/** d value / d leaves contracted with `upstream`, without the batch dimension; zeros where a leaf plays no part. */
std::vector<at::Tensor> gradients(
    const at::Tensor& value, const std::vector<at::Tensor>& leaves, const at::Tensor& upstream) {
  auto result = torch::autograd::grad(
      {value}, leaves, {upstream}, /*retain_graph=*/std::nullopt,
      /*create_graph=*/false, /*allow_unused=*/true);
  for (size_t i = 0; i < result.size(); ++i) {
    if (!result[i].defined()) result[i] = at::zeros_like(leaves[i]);
    result[i] = result[i].squeeze(0).contiguous();
  }
  return result;
}

}  // namespace

Aggregate aggregate_attention(
    const std::string& kind, const std::vector<at::Tensor>& maps, const std::vector<int64_t>& sides,
    const std::vector<double>& weights, int64_t size, bool min_max, const std::optional<at::Tensor>& upstream) {
  at::AutoGradMode with_grad(true);
  if (kind != "self" && kind != "cross") {
    throw Error("INVALID_OPTION", "Expected self or cross for kind but received " + kind);
  }
  check_shape(
      maps.size() == sides.size() && maps.size() == weights.size() && !maps.empty() && size > 0,
      "Expected as many sides and weights as maps, at least one map, and a positive size");
  std::vector<at::Tensor> leaves;
  for (size_t i = 0; i < maps.size(); ++i) {
    const int64_t points = sides[i] * sides[i];
    check_shape(
        points > 0 && maps[i].numel() > 0 && maps[i].numel() % points == 0 &&
            (kind == "cross" || maps[i].numel() == points * points),
        "Map " + std::to_string(i) + " has " + std::to_string(maps[i].numel()) +
            " values, which do not fit a side of " + std::to_string(sides[i]));
    leaves.push_back(leaf(maps[i].reshape({points, -1})));
  }
  const at::Tensor value =
      kind == "self" ? aggregate_self(leaves, weights, size)
                     : aggregate_cross(leaves, weights, size, min_max ? CrossScale::min_max : CrossScale::none);
  Aggregate result{value.detach().squeeze(0).contiguous(), {}};
  if (upstream) result.gradients = gradients(value, leaves, upstream->reshape(value.sizes()));
  return result;
}

Refine refine_attention(
    const at::Tensor& self, const at::Tensor& cross, int64_t iterations, const std::optional<at::Tensor>& upstream) {
  at::AutoGradMode with_grad(true);
  check_shape(
      self.dim() == 2 && cross.dim() == 2 && self.size(0) == self.size(1) && self.size(0) == cross.size(0),
      "Expected self-attention [points, points] and cross-attention [points, categories]");
  const std::vector<at::Tensor> leaves{leaf(self), leaf(cross)};
  const at::Tensor value = refine(leaves[0], leaves[1], iterations);
  Refine result{value.detach().squeeze(0).contiguous(), {}, {}};
  if (upstream) {
    const auto both = gradients(value, leaves, upstream->reshape(value.sizes()));
    result.self_gradient = both[0];
    result.cross_gradient = both[1];
  }
  return result;
}

Cluster cluster_loss(const at::Tensor& self, const at::Tensor& maps, const ClusterOptions& options) {
  at::AutoGradMode with_grad(true);
  const std::vector<at::Tensor> leaves{leaf(self), leaf(maps)};
  const ClusterLoss value = invseg::cluster_loss(leaves[0], leaves[1], options);
  const auto both = gradients(value.loss, leaves, at::ones_like(value.loss));
  return {value.loss.item<double>(), value.intra.item<double>(), value.inter.item<double>(), both[0], both[1]};
}

Entropy entropy_loss(const at::Tensor& maps, const at::Tensor& coverage, const EntropyOptions& options) {
  at::AutoGradMode with_grad(true);
  const at::Tensor own = maps.detach().requires_grad_();
  const at::Tensor value = invseg::entropy_loss(own, coverage, options);
  return {value.item<double>(), torch::autograd::grad({value}, {own})[0].contiguous()};
}

AdamState adam_step(
    const at::Tensor& parameter, const at::Tensor& gradient, const at::Tensor& first_moment,
    const at::Tensor& second_moment, int64_t step, const AdamOptions& options) {
  check_shape(
      gradient.sizes() == parameter.sizes() && first_moment.sizes() == parameter.sizes() &&
          second_moment.sizes() == parameter.sizes(),
      "Expected parameter, gradient and both moments of one shape");
  check_shape(step >= 1, "Expected a step that counts from 1");
  at::NoGradGuard no_grad;
  const at::Tensor done = at::full({}, static_cast<double>(step - 1), at::kDouble);
  return adam_update({parameter, first_moment, second_moment, done}, gradient, options);
}

}  // namespace invseg::pure
