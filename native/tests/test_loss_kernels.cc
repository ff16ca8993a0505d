// The kernels of a step's loss and update against LibTorch's operators in float64: emulated on the CPU, and on a GPU.

#include <optional>

#include <torch/csrc/autograd/autograd.h>

#include "core/inversion/adam.h"
#include "core/inversion/step_loss.h"
#include "core/kernels/min_max.h"
#include "core/kernels/program.h"
#include "emulation.h"
#include "harness.h"

using namespace invseg;

using harness::on;

namespace {

/** Kernels on the device of this test. */
struct Kernels {
  std::optional<emulation::Emulation> emulated;
  Kernels() {
    if (!harness::device().is_cpu()) return;
    if (!emulation::possible()) SKIP("no C++ compiler");
    emulated.emplace();
  }
};

at::Tensor wide(const at::Tensor& x) { return x.detach().to(at::kCPU, at::kDouble).contiguous(); }

struct StepCase {
  int64_t views, images, side, categories;
  double sharpness = 2.0;
  std::vector<int> counts = {};  // of each image's own categories; empty: all are
};

/** The whole picture, a crop, and ones that leave points uncovered; none ends at a point's centre, where float32 decides otherwise. */
at::Tensor boxes_of(int64_t views, int64_t images) {
  const at::Tensor some = at::tensor(
      {0.f, 0.f, 1.f, 1.f, 0.113f, 0.207f, 0.611f, 0.683f,  //
       0.057f, 0.391f, 0.317f, 0.543f, 0.489f, 0.f, 0.511f, 0.803f});
  return some.view({4, 4}).index_select(0, at::arange(views * images).flip(0).remainder(4)).view({views, images, 4});
}

void compare_step(const StepCase& s, const StepLossOptions& options) {
  const int64_t points = s.side * s.side;
  const at::Tensor self =
      (at::randn({s.views, s.images, points, points}) * s.sharpness).softmax(-1).to(harness::device()).requires_grad_();
  const at::Tensor maps = at::rand({s.views, s.images, points, s.categories});
  maps.select(2, 0).zero_();  // as min_max leaves them: an exact 0 and 1
  maps.select(2, 1).fill_(1);
  // What lies beyond an image's own is not looked at.
  for (size_t i = 0; i < s.counts.size(); ++i) {
    maps.select(1, static_cast<int64_t>(i)).narrow(2, s.counts[i], s.categories - s.counts[i]).fill_(std::nan(""));
  }
  const at::Tensor counts = s.counts.empty() ? at::Tensor() : at::tensor(s.counts, at::kInt);
  const at::Tensor leaf = on(maps).requires_grad_(), boxes = on(boxes_of(s.views, s.images));
  const at::Tensor upstream = at::rand({s.images}, at::kDouble) + 0.5;

  const at::Tensor wide_self = wide(self).requires_grad_(), wide_maps = wide(leaf).requires_grad_();
  const StepLoss wanted = step_loss(wide_self, wide_maps, wide(boxes), options, counts);
  const auto gradients = torch::autograd::grad(
      {wanted.total}, {wide_self, wide_maps}, {upstream}, std::nullopt, false, /*allow_unused=*/true);

  const Kernels on_kernels;
  CHECK(kernels::available(leaf.device()));
  const at::Tensor own_counts = counts.defined() ? on(counts) : counts;
  const StepLoss got = step_loss(self, leaf, boxes, options, own_counts);
  CHECK_CLOSE(got.total, wanted.total, 1e-6);
  for (int64_t part = 0; part < 5; ++part) CHECK_CLOSE(got.parts.select(1, part), wanted.parts.select(1, part), 1e-6);
  CHECK(!got.parts.requires_grad());
  const auto own =
      torch::autograd::grad({got.total}, {self, leaf}, {on(upstream)}, std::nullopt, false, /*allow_unused=*/true);
  CHECK_CLOSE(own[1], gradients[1], 1e-5);
  CHECK(own[0].defined() == gradients[0].defined());
  if (own[0].defined()) CHECK_CLOSE(own[0], gradients[0], 1e-5);
  CHECK(step_loss(self, leaf, boxes, options, own_counts).total.equal(got.total));
}

}  // namespace

TEST_ON_EVERY_DEVICE(step_loss_of_kernels_equals_float64) {
  at::manual_seed(1);
  // One view; C = 1; more rows of X than a thread holds; points that are no multiple of a tile; several images.
  compare_step({1, 1, 8, 3}, {});
  compare_step({2, 1, 5, 1}, {});
  compare_step({2, 1, 7, 6, 8.0}, {});
  compare_step({3, 2, 6, 3, 0.3}, {});
  compare_step({2, 1, 12, 4}, {});
  StepLossOptions constant;
  constant.cluster.distance_constant = true;
  constant.cluster_weight = 0.3;
  constant.alpha = 2.5;
  compare_step({2, 1, 6, 5}, constant);
  compare_step({2, 3, 5, 8, 2.0, {3, 8, 1}}, {});
  compare_step({1, 2, 6, 16, 2.0, {9, 2}}, constant);
  if (harness::device().is_cpu()) return;  // too slow there
  for (const int64_t side : {16, 32, 64}) {
    for (const int64_t categories : {1, 3, 21, 64}) compare_step({2, 1, side, categories}, {});
    compare_step({2, 2, side, 32, 2.0, {17, 21}}, {});
  }
}

TEST_ON_EVERY_DEVICE(step_loss_of_kernels_has_all_options) {
  at::manual_seed(1);
  using Entropy = EntropyOptions;
  for (const auto normalise : {Entropy::Normalise::none, Entropy::Normalise::l1, Entropy::Normalise::softmax}) {
    for (const auto region : {Entropy::Region::covered, Entropy::Region::overlap}) {
      StepLossOptions options;
      options.cluster = {7.0, 0.4, region == Entropy::Region::overlap, false};
      options.entropy = {
          normalise, region == Entropy::Region::covered ? Entropy::Reduce::sum : Entropy::Reduce::mean, region};
      compare_step({2, 2, 6, 5}, options);
      compare_step({2, 2, 5, 4, 2.0, {4, 3}}, options);
    }
  }
}

TEST_ON_EVERY_DEVICE(step_loss_of_kernels_on_constant_maps_and_views_that_never_overlap) {
  const at::Tensor self = on(at::randn({2, 1, 36, 36}).softmax(-1)).requires_grad_();
  const at::Tensor boxes = on(at::tensor({0.f, 0.f, 0.4f, 0.4f, 0.5f, 0.5f, 0.5f, 0.5f}).view({2, 1, 4}));
  StepLossOptions options;
  options.entropy.region = EntropyOptions::Region::overlap;
  const Kernels on_kernels;
  for (const double value : {0.0, 1.0}) {
    const at::Tensor maps = on(at::full({2, 1, 36, 3}, value)).requires_grad_();
    const StepLoss loss = step_loss(self, maps, boxes, options);
    CHECK(loss.parts[0][2].item<double>() == 0);  // the region is empty
    CHECK(loss.parts.isfinite().all().item<bool>());
    for (const auto& gradient : torch::autograd::grad({loss.total}, {self, maps})) {
      CHECK(gradient.isfinite().all().item<bool>());
    }
  }
  // What is no number must reach the total, which then refuses the step.
  const at::Tensor maps = at::rand({2, 1, 36, 3});
  maps[1][0][7][1] = std::nan("");
  CHECK(!step_loss(self, on(maps), boxes, options).total.isfinite().item<bool>());
}

TEST_ON_EVERY_DEVICE(min_max_of_kernels_equals_float64) {
  at::manual_seed(1);
  std::vector<at::Tensor> list;
  for (const int64_t points : {1, 2, 49, 256, 300}) {
    for (const int64_t categories : {1, 3, 5}) list.push_back(at::randn({2, points, categories}));
  }
  list.push_back(at::randn({6, 64, 3}).mul(2).round());  // many are the least and the greatest
  list.push_back(at::full({1, 9, 2}, 0.3));
  list.push_back(at::randn({1, 16, 2}) * 1e-9);  // below the floor
  for (const auto& values : list) {
    const at::Tensor x = on(values).requires_grad_(), again = wide(values).requires_grad_();
    const at::Tensor dy = at::randn(values.sizes()), wanted = min_max(again, 1);
    const at::Tensor gradient = torch::autograd::grad({wanted}, {again}, {wide(dy)})[0];
    const Kernels on_kernels;
    const at::Tensor got = min_max(x, 1);
    CHECK_CLOSE(got, wanted, 1e-6);
    const at::Tensor own = torch::autograd::grad({got}, {x}, {on(dy)})[0];
    // Where all are one value, the gradient is the rest of large numbers that cancel.
    const double scale = gradient.norm().item<double>();
    if (scale > 1e-3 && scale < 1e6) CHECK_CLOSE(own, gradient, 1e-5);
    CHECK(own.isfinite().all().item<bool>());
  }
  const Kernels on_kernels;
  const at::Tensor broken = at::rand({1, 40, 2});
  broken[0][33][1] = std::nan("");
  const at::Tensor got = min_max(on(broken), 1);
  CHECK(got.select(2, 1).isnan().all().item<bool>() && got.select(2, 0).isfinite().all().item<bool>());
}

TEST_ON_EVERY_DEVICE(the_update_of_kernels_equals_float64) {
  at::manual_seed(1);
  for (const auto& [prompts, length, width] : {std::tuple<int64_t, int64_t, int64_t>{1, 7, 5}, {2, 77, 64}}) {
    const std::vector<int64_t> shape{prompts, length, width};
    const at::Tensor trainable = at::rand({prompts, length, 1}).gt(0.5).to(at::kFloat);
    const at::Tensor losses = at::rand({1, 5}, at::kDouble);
    const AdamOptions options{0.02, 0.8, 0.99, 1e-6};
    const double scale = 4096;
    AdamState state{at::randn(shape), at::randn(shape) * 0.1, at::rand(shape), at::full({}, 3.0, at::kDouble)};
    const at::Tensor gradient = at::randn(shape) * scale;
    const auto to = [](const AdamState& s, const auto& move) {
      return AdamState{move(s.parameter), move(s.first_moment), move(s.second_moment), move(s.step)};
    };
    const AdamStep wanted = take_step(to(state, wide), wide(gradient), wide(trainable), scale, wide(losses), options);
    const auto here = [](const at::Tensor& x) { return on(x); };
    const Kernels on_kernels;
    const auto run = [&](const at::Tensor& g, const at::Tensor& l) {
      return take_step(to(state, here), on(g), on(trainable), scale, on(l), options);
    };
    const AdamStep got = run(gradient, losses);
    CHECK_CLOSE(got.scalars, wanted.scalars, 1e-6);
    CHECK_CLOSE(got.next.parameter, wanted.next.parameter, 1e-6);
    CHECK_CLOSE(got.next.first_moment, wanted.next.first_moment, 1e-6);
    CHECK_CLOSE(got.next.second_moment, wanted.next.second_moment, 1e-6);
    CHECK(got.next.step.item<double>() == 4 && got.scalars[6].item<double>() == 1);
    // A step that is refused, by its loss or by one value of its gradient, leaves everything as it was.
    at::Tensor bad_gradient = gradient.clone(), bad_losses = losses.clone();
    bad_gradient[prompts - 1][length - 1][width - 1] = std::numeric_limits<double>::infinity();
    bad_losses[0][0] = std::nan("");
    for (const AdamStep& refused : {run(bad_gradient, losses), run(gradient, bad_losses)}) {
      CHECK(refused.next.parameter.equal(on(state.parameter)));
      CHECK(refused.next.first_moment.equal(on(state.first_moment)));
      CHECK(refused.next.second_moment.equal(on(state.second_moment)));
      CHECK(refused.next.step.item<double>() == 3 && refused.scalars[6].item<double>() == 0);
    }
  }
}
