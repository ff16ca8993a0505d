#include "core/inversion/step_loss.h"

#include <torch/csrc/autograd/custom_function.h>

#include "core/error.h"
#include "core/inversion/views.h"
#include "core/kernels/loss_sources.h"
#include "core/kernels/program.h"
#include "core/shapes.h"

namespace invseg {
namespace {

// As in the sources.
constexpr int kBlock = 256, kTile = 8, kRowWarps = 4;

/** The `Case` of the sources. */
struct Case {
  int views, images, points, columns, size, tiles;
  int normalise, overlap, sum, symmetric;
  double scale, centre, cluster_weight, alpha;

  Case(const at::Tensor& maps, const StepLossOptions& o)
      : views(static_cast<int>(maps.size(0))),
        images(static_cast<int>(maps.size(1))),
        points(static_cast<int>(maps.size(2))),
        columns(static_cast<int>(maps.size(3))),
        size(static_cast<int>(side_of(maps[0]))),
        tiles((points + kTile - 1) / kTile),
        normalise(
            o.entropy.normalise == EntropyOptions::Normalise::l1        ? 1
            : o.entropy.normalise == EntropyOptions::Normalise::softmax ? 2
                                                                        : 0),
        overlap(o.entropy.region == EntropyOptions::Region::overlap ? 1 : 0),
        sum(o.entropy.reduce == EntropyOptions::Reduce::sum ? 1 : 0),
        symmetric(o.cluster.symmetric ? 1 : 0),
        scale(o.cluster.anchor_scale),
        centre(o.cluster.anchor_centre),
        cluster_weight(o.cluster_weight),
        alpha(o.alpha) {}

  int64_t batch() const { return int64_t{views} * images; }
};

kernels::Kernel kernel(const char* name, const at::Tensor& x) {
  return kernels::compile(kernels::loss_source(), name, at::kFloat, x.device());
}

struct StepLossFunction : torch::autograd::Function<StepLossFunction> {
  static torch::autograd::variable_list forward(
      torch::autograd::AutogradContext* context, const at::Tensor& self, const at::Tensor& maps,
      const at::Tensor& boxes, const at::Tensor& counts, const StepLossOptions& options) {
    at::AutoDispatchBelowADInplaceOrView below;
    Case c(maps, options);
    const auto wide = maps.options().dtype(at::kDouble);
    const int64_t pairs = maps.size(3) * maps.size(3), rows = 2 * maps.size(3);
    const at::Tensor sums = at::empty({c.batch(), rows, c.points, 2}, wide), slopes = at::empty_like(sums);
    const at::Tensor partial = at::empty({c.batch(), pairs + 2 * rows, c.tiles}, wide);
    const at::Tensor own_slopes = at::empty({c.batch(), rows, 2}, wide);
    const at::Tensor means = at::empty({c.images, c.points, c.columns}, wide);
    const at::Tensor entropy = at::empty({c.images}, wide), entropy_gradient = at::empty_like(maps);
    const at::Tensor total = at::empty({c.images}, wide), parts = at::empty({c.images, 5}, wide);

    const void *from = self.const_data_ptr(), *m = maps.const_data_ptr(), *box = boxes.const_data_ptr();
    const void* filled = counts.const_data_ptr();
    void *uv = sums.mutable_data_ptr(), *tiled = partial.mutable_data_ptr(), *scratch = means.mutable_data_ptr();
    void *e = entropy.mutable_data_ptr(), *de = entropy_gradient.mutable_data_ptr();
    kernels::launch(
        kernel("loss_columns", maps), {c.tiles + 1, c.batch()}, kBlock,
        {&c, &from, &m, &box, &filled, &uv, &tiled, &scratch, &e, &de}, maps.device());
    void *duv = slopes.mutable_data_ptr(), *dwt = own_slopes.mutable_data_ptr();
    void *sum = total.mutable_data_ptr(), *all = parts.mutable_data_ptr();
    kernels::launch(
        kernel("loss_pairs", maps), {c.tiles + 1, c.batch()}, kBlock,
        {&c, &filled, &uv, &tiled, &e, &duv, &dwt, &sum, &all}, maps.device());

    context->save_for_backward({self, maps, slopes, own_slopes, entropy_gradient, counts});
    context->saved_data["scale"] = options.cluster.anchor_scale;
    context->saved_data["centre"] = options.cluster.anchor_centre;
    context->saved_data["alpha"] = options.alpha;
    context->mark_non_differentiable({parts});
    context->set_materialize_grads(false);
    return {total, parts};
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    if (!gradients[0].defined()) return {{}, {}, {}, {}, {}};
    const auto saved = context->get_saved_variables();
    const at::Tensor &self = saved[0], &maps = saved[1];
    // What the slopes hold already, the weights of the losses among it, is not asked for again.
    StepLossOptions options;
    options.cluster.anchor_scale = context->saved_data["scale"].toDouble();
    options.cluster.anchor_centre = context->saved_data["centre"].toDouble();
    options.alpha = context->saved_data["alpha"].toDouble();
    Case c(maps, options);
    const at::Tensor upstream = gradients[0].contiguous();
    const at::Tensor d_maps = at::empty_like(maps);
    const at::Tensor d_self = context->needs_input_grad(0) ? at::empty_like(self) : at::Tensor();
    const void *up = upstream.const_data_ptr(), *from = self.const_data_ptr(), *m = maps.const_data_ptr();
    const void *duv = saved[2].const_data_ptr(), *dwt = saved[3].const_data_ptr(), *de = saved[4].const_data_ptr();
    const void* filled = saved[5].const_data_ptr();
    void *to_maps = d_maps.mutable_data_ptr(), *to_self = d_self.defined() ? d_self.mutable_data_ptr() : nullptr;
    kernels::launch(
        kernel("loss_rows", maps), {(c.points + kRowWarps - 1) / kRowWarps, c.batch()}, kRowWarps * 32,
        {&c, &filled, &up, &from, &m, &duv, &dwt, &de, &to_maps, &to_self}, maps.device());
    return {d_self, d_maps, {}, {}, {}};
  }
};

/** Of one image: self [V, N, N], maps [V, N, C], boxes [V, 4]. @return scalars as in `StepLoss::parts` */
std::vector<at::Tensor> composed(
    const at::Tensor& self, const at::Tensor& maps, const at::Tensor& boxes, const StepLossOptions& options) {
  const ClusterLoss cluster = cluster_loss(self, maps, options.cluster);
  const MappedBack back = map_back(maps, boxes, side_of(maps));
  const at::Tensor entropy = entropy_loss(back.maps, back.coverage, options.entropy);
  const at::Tensor mean = cluster.loss.mean();
  return {
      options.cluster_weight * mean + options.alpha * entropy, mean, entropy, cluster.intra.mean(),
      cluster.inter.mean()};
}

}  // namespace

StepLoss step_loss(
    const at::Tensor& self, const at::Tensor& maps, const at::Tensor& boxes, const StepLossOptions& options,
    const at::Tensor& counts) {
  check_shape(
      self.dim() == 4 && maps.dim() == 4 && boxes.dim() == 3 && self.size(2) == self.size(3) &&
          self.sizes().slice(0, 3) == maps.sizes().slice(0, 3) && boxes.sizes().slice(0, 2) == maps.sizes().slice(0, 2),
      "Expected self-attention [views, images, points, points], maps [views, images, points, categories] and boxes "
      "[views, images, 4] for the loss of a step");
  check_shape(
      !counts.defined() || (counts.dim() == 1 && counts.size(0) == maps.size(1) && counts.scalar_type() == at::kInt),
      "Expected the number of each image's categories as int32 [images]");
  const at::Tensor distances = options.cluster.distance_constant ? self.detach() : self;
  const auto is_float = [](const at::Tensor& x) { return x.scalar_type() == at::kFloat; };
  if (kernels::available(maps.device()) && is_float(self) && is_float(maps) && is_float(boxes) && maps.numel() > 0 &&
      maps.size(3) <= kMostLossCategories && maps.size(0) * maps.size(1) <= 65535) {
    const at::Tensor all =
        counts.defined() ? counts : at::full({maps.size(1)}, maps.size(3), boxes.options().dtype(at::kInt));
    const auto result =
        StepLossFunction::apply(distances.contiguous(), maps.contiguous(), boxes.contiguous(), all, options);
    return {result[0], result[1]};
  }
  std::vector<at::Tensor> totals, parts;
  for (int64_t i = 0; i < maps.size(1); ++i) {
    at::Tensor filled = maps.select(1, i);
    if (counts.defined()) filled = filled.narrow(2, 0, counts[i].item<int64_t>());
    const auto own = composed(distances.select(1, i), filled, boxes.select(1, i), options);
    totals.push_back(own[0]);
    for (const auto& part : own) parts.push_back(part.detach().to(at::kDouble));
  }
  return {at::stack(totals), at::stack(parts).view({maps.size(1), 5})};
}

}  // namespace invseg
