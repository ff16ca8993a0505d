// The losses against what the equations say literally: S built, sums written out, in float64.

#include "core/pure.h"
#include "harness.h"

using invseg::ClusterOptions;
using invseg::EntropyOptions;
namespace pure = invseg::pure;

using harness::on;

namespace {

/** Rows of [points, points] that sum to 1; `sharpness` 0.3 is nearly flat, 8 is peaked. */
at::Tensor random_rows(int64_t points, double sharpness) {
  return (on(at::randn({points, points}, at::kDouble)) * sharpness).softmax(1);
}

struct Explicit {
  at::Tensor loss, intra, inter;
};

/** Eq. 3-8 with S as an [N, N] matrix. */
Explicit explicit_cluster(const at::Tensor& p, const at::Tensor& maps, const ClusterOptions& options) {
  const at::Tensor source = options.distance_constant ? p.detach() : p;
  const at::Tensor l = (source + invseg::kLogEps).log();
  const at::Tensor cross = source.matmul(l.t());  // ⟨p_i, l_j⟩
  const at::Tensor own = (source * l).sum(1);     // ⟨p_i, l_i⟩
  const at::Tensor s = own.unsqueeze(1) + own.unsqueeze(0) - cross - cross.t();
  const int64_t categories = maps.size(1);
  const at::Tensor anchors = (options.anchor_scale * (maps - options.anchor_centre)).sigmoid();
  at::Tensor intra = at::zeros({}, p.options()), inter = at::zeros({}, p.options());
  for (int64_t c = 0; c < categories; ++c) {
    for (int64_t d = 0; d <= c; ++d) {
      const auto g = [&](int64_t anchor, int64_t map) {
        const at::Tensor a = anchors.select(1, anchor), m = maps.select(1, map);
        return a.unsqueeze(0).matmul(s).matmul(m).squeeze() / (a.sum() * m.sum());
      };
      if (c == d) {
        intra = intra + g(c, c);
      } else {
        inter = inter + (options.symmetric ? (g(c, d) + g(d, c)) / 2 : g(c, d));
      }
    }
  }
  at::Tensor loss = intra / static_cast<double>(categories);
  if (categories > 1) loss = loss - 2.0 * inter / static_cast<double>(categories * (categories - 1));
  return {loss, intra, inter};
}

void compare_cluster(int64_t points, int64_t categories, double sharpness, const ClusterOptions& options) {
  const at::Tensor p = random_rows(points, sharpness).requires_grad_();
  const at::Tensor maps = on(at::rand({points, categories}, at::kDouble)).requires_grad_();
  // Rounded first, so that both types see one input.
  p.set_data(p.to(at::kFloat).to(at::kDouble));
  maps.set_data(maps.to(at::kFloat).to(at::kDouble));
  const Explicit wanted = explicit_cluster(p, maps, options);
  const auto gradients =
      torch::autograd::grad({wanted.loss}, {p, maps}, {}, std::nullopt, false, /*allow_unused=*/true);
  for (const auto type : {at::kDouble, at::kFloat}) {
    const double tolerance = type == at::kDouble ? 1e-9 : harness::device().is_cpu() ? 1e-5 : 1e-4;
    const auto got = pure::cluster_loss(p.detach().to(type), maps.detach().to(type), options);
    CHECK_NEAR(got.intra / wanted.intra.item<double>(), 1, tolerance);
    if (categories > 1) CHECK_NEAR(got.inter / wanted.inter.item<double>(), 1, tolerance);
    CHECK_NEAR(got.loss / wanted.loss.item<double>(), 1, tolerance);
    CHECK_CLOSE(got.maps_gradient, gradients[1], tolerance);
    if (options.distance_constant) {
      CHECK(got.self_gradient.abs().max().item<double>() == 0);
    } else {
      CHECK_CLOSE(got.self_gradient, gradients[0], tolerance);
    }
  }
}

}  // namespace

TEST_ON_EVERY_DEVICE(cluster_equals_the_explicit_distance_matrix) {
  for (const double sharpness : {0.3, 2.0, 8.0}) {
    for (const int64_t categories : {1, 2, 3, 8}) compare_cluster(256, categories, sharpness, {});
    compare_cluster(1024, 4, sharpness, {});
  }
}

TEST_ON_EVERY_DEVICE(cluster_options_equal_the_explicit_distance_matrix) {
  compare_cluster(64, 3, 2.0, {4.0, 0.5, /*symmetric=*/true, false});
  compare_cluster(64, 3, 2.0, {4.0, 0.5, false, /*distance_constant=*/true});
  compare_cluster(64, 3, 2.0, {16.0, 0.3, true, true});
}

TEST_ON_EVERY_DEVICE(cluster_gradient_equals_finite_differences) {
  const at::Tensor p = random_rows(25, 2.0), maps = on(at::rand({25, 3}, at::kDouble));
  const auto exact = pure::cluster_loss(p, maps, {});
  const at::Tensor dp = at::randn_like(p) * p, dm = at::randn_like(maps);  // relative to p: its logarithm is taken
  const double h = 1e-5;
  const auto loss = [&](double step) { return pure::cluster_loss(p + step * h * dp, maps + step * h * dm, {}).loss; };
  const double slope =
      (exact.self_gradient * dp).sum().item<double>() + (exact.maps_gradient * dm).sum().item<double>();
  CHECK_NEAR((loss(1) - loss(-1)) / (2 * h) / slope, 1, 1e-4);
}

TEST_ON_EVERY_DEVICE(cluster_is_zero_where_all_rows_agree_and_finite_on_constant_maps) {
  const at::Tensor row = on(at::rand({1, 64}));
  const at::Tensor p = (row / row.sum()).expand({64, 64}).contiguous();
  const auto same = pure::cluster_loss(p, on(at::rand({64, 3})), {});
  CHECK_NEAR(same.intra, 0, 1e-6);
  const auto empty = pure::cluster_loss(random_rows(64, 2).to(at::kFloat), on(at::zeros({64, 3})), {});
  CHECK(std::isfinite(empty.loss));
  CHECK(empty.self_gradient.isfinite().all().item<bool>());
  CHECK(empty.maps_gradient.isfinite().all().item<bool>());
}

TEST_ON_EVERY_DEVICE(cluster_of_a_batch_is_each_entry_alone) {
  const at::Tensor p = at::stack({random_rows(49, 1), random_rows(49, 3)});
  const at::Tensor maps = on(at::rand({2, 49, 4}, at::kDouble));
  const auto both = invseg::cluster_loss(p, maps, {});
  for (int64_t b = 0; b < 2; ++b) {
    CHECK_NEAR(both.loss[b].item<double>(), pure::cluster_loss(p[b], maps[b], {}).loss, 1e-12);
  }
}

TEST_ON_EVERY_DEVICE(entropy_equals_numbers_worked_out_by_hand) {
  // Two views, three points, two categories; point 0 seen by both, point 1 by the first, point 2 by none.
  const at::Tensor maps =
      on(at::tensor({0.2, 0.8, 0.5, 0.5, 9., 9., 0.6, 0.4, 9., 9., 9., 9.})).view({2, 3, 2}).to(at::kDouble);
  const at::Tensor coverage = on(at::tensor({1., 1., 0., 1., 0., 0.})).view({2, 3}).to(at::kDouble);
  const double first = -(0.4 * std::log(0.4) + 0.6 * std::log(0.6)), second = std::log(2.0);
  using Reduce = EntropyOptions::Reduce;
  using Normalise = EntropyOptions::Normalise;
  using Region = EntropyOptions::Region;
  const auto loss = [&](Normalise n, Reduce r, Region g) { return pure::entropy_loss(maps, coverage, {n, r, g}).loss; };
  CHECK_NEAR(loss(Normalise::none, Reduce::mean, Region::covered), (first + second) / 2, 1e-7);
  CHECK_NEAR(loss(Normalise::none, Reduce::sum, Region::covered), first + second, 1e-7);
  CHECK_NEAR(loss(Normalise::none, Reduce::mean, Region::overlap), first, 1e-7);
  CHECK_NEAR(loss(Normalise::l1, Reduce::mean, Region::overlap), first, 1e-7);
  const double a = 1 / (1 + std::exp(0.2)), b = 1 - a;
  CHECK_NEAR(loss(Normalise::softmax, Reduce::mean, Region::overlap), -(a * std::log(a) + b * std::log(b)), 1e-7);
  const auto gradient = pure::entropy_loss(maps, coverage, {}).gradient;
  CHECK(gradient.select(1, 2).abs().max().item<double>() == 0);  // nobody covers point 2
  CHECK(pure::entropy_loss(maps, at::zeros_like(coverage), {}).loss == 0);
}

TEST_ON_EVERY_DEVICE(entropy_gradient_is_finite_at_zero_and_equals_finite_differences) {
  const auto at_zero = pure::entropy_loss(on(at::zeros({2, 9, 3})), on(at::ones({2, 9})), {});
  CHECK(at_zero.gradient.isfinite().all().item<bool>());
  const at::Tensor maps = on(at::rand({2, 9, 3}, at::kDouble)) * 0.9 + 0.05, direction = at::randn_like(maps);
  const at::Tensor coverage = on(at::rand({2, 9}, at::kDouble)).gt(0.3).to(at::kDouble);
  for (const auto normalise :
       {EntropyOptions::Normalise::none, EntropyOptions::Normalise::l1, EntropyOptions::Normalise::softmax}) {
    EntropyOptions options;
    options.normalise = normalise;
    const auto loss = [&](double step) {
      return pure::entropy_loss(maps + step * 1e-6 * direction, coverage, options).loss;
    };
    const double slope = (pure::entropy_loss(maps, coverage, options).gradient * direction).sum().item<double>();
    CHECK_NEAR((loss(1) - loss(-1)) / 2e-6, slope, 1e-6);
  }
}
