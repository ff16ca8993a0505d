// Aggregation, refinement and resampling against LibTorch's own operators and the properties that spec them.

#include "core/error.h"
#include "core/inversion/labels.h"
#include "core/inversion/views.h"
#include "core/maps/aggregate.h"
#include "core/maps/refine.h"
#include "core/maps/resize.h"
#include "core/pure.h"
#include "harness.h"

using namespace invseg;

using harness::on;

namespace {

at::Tensor distributions(at::IntArrayRef shape) { return (on(at::randn(shape, at::kDouble)) * 2).softmax(-1); }

at::Tensor bilinear(const at::Tensor& x, int64_t height, int64_t width) {
  return at::upsample_bilinear2d(x, {height, width}, false, std::nullopt, std::nullopt);
}

at::Tensor boxes(std::vector<float> values) { return on(at::tensor(values)).view({-1, 4}).to(at::kDouble); }

}  // namespace

TEST_ON_EVERY_DEVICE(resizing_equals_bilinear_interpolation) {
  const at::Tensor x = on(at::rand({2, 3, 8, 8}, at::kDouble));
  for (const int64_t size : {4, 8, 12, 16, 64}) CHECK_CLOSE(resize_bilinear(x, size), bilinear(x, size, size), 1e-12);
  const at::Tensor wanted = on(at::tensor({0, 0, 1, 1, 2, 2}, at::kLong));
  CHECK(nearest_indices(6, 3, harness::device()).equal(wanted));
}

TEST_ON_EVERY_DEVICE(cross_aggregate_is_the_weighted_sum_of_enlarged_maps) {
  const at::Tensor fine = distributions({2, 64, 5}), coarse = distributions({2, 16, 5});
  const at::Tensor planes = coarse.transpose(1, 2).reshape({2, 5, 4, 4});
  const at::Tensor enlarged = bilinear(planes, 8, 8).reshape({2, 5, 64}).transpose(1, 2);
  CHECK_CLOSE(
      aggregate_cross({fine, coarse, {}}, {0.7, 0.3, 5.0}, 8, CrossScale::none), 0.7 * fine + 0.3 * enlarged, 1e-12);
  CHECK_CLOSE(
      aggregate_cross({fine, coarse}, {0.7, 0.3}, 8, CrossScale::min_max),
      0.7 * min_max(fine, 1) + 0.3 * min_max(enlarged, 1), 1e-12);
  CHECK_ERROR(aggregate_cross({at::Tensor()}, {1.0}, 8, CrossScale::none), "INVALID_OPTION", "cross-attention");
}

TEST_ON_EVERY_DEVICE(self_aggregate_rows_are_distributions_and_queries_repeat) {
  const at::Tensor fine = distributions({1, 64, 64}), coarse = distributions({1, 16, 16});
  const at::Tensor sum = aggregate_self({fine, coarse}, {0.8, 0.2}, 8);
  CHECK_CLOSE(sum.sum(-1), on(at::ones({1, 64}, at::kDouble)), 1e-12);
  const at::Tensor alone = aggregate_self({coarse}, {1.0}, 8).view({8, 8, 64});
  CHECK_CLOSE(alone[2][4], alone[3][5], 1e-15);  // one coarse query is a block of four
  const at::Tensor keys = bilinear(coarse.view({16, 1, 4, 4}), 8, 8).reshape({16, 64});
  CHECK_CLOSE(alone[2][4], (keys / keys.sum(1, true))[1 * 4 + 2], 1e-12);
  // A size that is no multiple takes the nearest query.
  CHECK_CLOSE(aggregate_self({coarse}, {1.0}, 6).sum(-1), on(at::ones({1, 36}, at::kDouble)), 1e-12);
  CHECK_CLOSE(aggregate_self({fine * 3}, {1.0}, 8), fine, 1e-12);  // renormalised
}

TEST_ON_EVERY_DEVICE(nearest_enlargement_changes_neither_loss_nor_its_gradient) {
  // Spec, 'Frame of the loss': blocks of equal queries and keys leave eq. 2-8 as they are.
  const int64_t side = 6, factor = 3, big = side * factor;
  const at::Tensor p = distributions({side * side, side * side}), cross = on(at::rand({side * side, 3}, at::kDouble));
  const auto enlarge = [&](const at::Tensor& x) {  // [side^2, ...] -> [big^2, ...]
    return x.view({side, 1, side, 1, -1}).expand({side, factor, side, factor, -1}).reshape({big * big, -1});
  };
  const at::Tensor p_big = enlarge(enlarge(p).t().contiguous()).t() / static_cast<double>(factor * factor);
  const at::Tensor maps = pure::refine_attention(p, cross, 1, {}).value;
  const at::Tensor maps_big = pure::refine_attention(p_big, enlarge(cross), 1, {}).value;
  CHECK_CLOSE(maps_big, enlarge(maps), 1e-10);
  // eps inside the logarithm is the one thing that knows the scale of p: up to 1.7e-4 of the loss over eight seeds.
  const auto small = pure::cluster_loss(p, maps, {}), large = pure::cluster_loss(p_big, maps_big, {});
  CHECK_NEAR(large.loss / small.loss, 1, 1e-3);
  const at::Tensor folded =
      large.maps_gradient.view({side, factor, side, factor, 3}).sum({1, 3}).view({side * side, 3});
  CHECK_CLOSE(folded, small.maps_gradient, 1e-3);
}

TEST_ON_EVERY_DEVICE(min_max_and_refinement) {
  CHECK(min_max(on(at::full({1, 9, 2}, 0.3)), 1).abs().max().item<double>() == 0);  // a constant map is 0, not NaN
  const at::Tensor x = on(at::tensor({1.0, 3.0, 2.0})).view({1, 3, 1});
  CHECK_CLOSE(min_max(x, 1).flatten(), on(at::tensor({0.0, 1.0, 0.5})), 1e-7);
  const at::Tensor self = distributions({1, 9, 9}), cross = on(at::rand({1, 9, 2}, at::kDouble));
  CHECK_CLOSE(refine(self, cross, 2), min_max(self.matmul(self).matmul(cross), 1), 1e-12);
  CHECK_CLOSE(refine(at::Tensor(), cross, 0), min_max(cross, 1), 1e-15);
  const at::Tensor upstream = on(at::randn({9, 2}, at::kDouble)), ds = on(at::randn({9, 9}, at::kDouble));
  const auto exact = pure::refine_attention(self[0], cross[0], 2, upstream);
  const auto value = [&](double h) {
    return (pure::refine_attention(self[0] + h * ds, cross[0], 2, {}).value * upstream).sum().item<double>();
  };
  CHECK_NEAR((value(1e-6) - value(-1e-6)) / 2e-6 / (exact.self_gradient * ds).sum().item<double>(), 1, 1e-5);
}

TEST_ON_EVERY_DEVICE(aggregate_gradients_equal_finite_differences) {
  const at::Tensor fine = distributions({64, 64}), coarse = distributions({16, 16});
  const at::Tensor upstream = on(at::randn({64, 64}, at::kDouble));
  const at::Tensor df = at::randn_like(fine) * fine, dc = at::randn_like(coarse) * coarse;
  const auto at_step = [&](double h) {
    return pure::aggregate_attention("self", {fine + h * df, coarse + h * dc}, {8, 4}, {0.6, 0.4}, 8, false, upstream);
  };
  const auto exact = at_step(0);
  const double slope = (exact.gradients[0] * df).sum().item<double>() + (exact.gradients[1] * dc).sum().item<double>();
  const auto value = [&](double h) { return (at_step(h).value * upstream).sum().item<double>(); };
  CHECK_NEAR((value(1e-6) - value(-1e-6)) / 2e-6 / slope, 1, 1e-6);
}

TEST_ON_EVERY_DEVICE(views_equal_grid_sampling_and_the_whole_box_is_the_picture) {
  const at::Tensor picture = on(at::rand({1, 3, 32, 32}, at::kDouble));
  CHECK_CLOSE(crop_views(picture, boxes({0, 0, 1, 1})), picture, 1e-12);
  const at::Tensor some = boxes({0.1f, 0.2f, 0.6f, 0.7f, 0.4f, 0.0f, 0.6f, 0.6f});
  // theta of an affine grid: x = left + width (u + 1) / 2, both in [-1, 1]
  const at::Tensor theta = on(at::zeros({2, 2, 3}, at::kDouble));
  theta.select(1, 0).select(1, 0).copy_(some.select(1, 3));
  theta.select(1, 0).select(1, 2).copy_(2 * some.select(1, 1) + some.select(1, 3) - 1);
  theta.select(1, 1).select(1, 1).copy_(some.select(1, 2));
  theta.select(1, 1).select(1, 2).copy_(2 * some.select(1, 0) + some.select(1, 2) - 1);
  const at::Tensor grid = at::affine_grid_generator(theta, {2, 3, 32, 32}, false);
  const at::Tensor wanted = at::grid_sampler(picture.expand({2, -1, -1, -1}), grid, 0, 1, false);
  CHECK_CLOSE(crop_views(picture, some), wanted, 1e-12);
}

TEST_ON_EVERY_DEVICE(mapping_back_undoes_a_crop_inside_its_box) {
  const int64_t size = 32;
  const at::Tensor axis = (on(at::arange(size, at::kDouble)) + 0.5) / size;
  const at::Tensor smooth = (axis.unsqueeze(1) * 3).sin() + (axis * 2).cos();  // [size, size]
  const at::Tensor some = boxes({0, 0, 1, 1, 0.25f, 0.125f, 0.625f, 0.75f});
  const at::Tensor views = crop_views(smooth.view({1, 1, size, size}), some);
  const MappedBack back = map_back(views.reshape({2, 1, size * size}).transpose(1, 2), some, size);
  CHECK(back.coverage[0].sum().item<double>() == size * size);
  CHECK(back.coverage[1].sum().item<double>() == 20 * 24);  // 0.625 * 32 rows, 0.75 * 32 columns
  const at::Tensor errors = (back.maps.squeeze(2) - smooth.flatten()).abs() * back.coverage;
  CHECK_NEAR(errors[0].max().item<double>(), 0, 1e-12);
  CHECK_NEAR(errors[1].max().item<double>(), 0, 0.04);  // the box's own edge pixels are repeated outwards
  CHECK_NEAR(errors[1].mean().item<double>(), 0, 2e-3);
  CHECK(back.coverage[1].view({size, size})[8][4].item<double>() == 1);
  CHECK(back.coverage[1].view({size, size})[7][4].item<double>() == 0);
}

TEST_ON_EVERY_DEVICE(labels_equal_enlarging_everything_at_once) {
  const at::Tensor maps = at::rand({5, 16, 16});  // the reference on the CPU, where labels are read
  for (const auto& [width, height] : {std::pair{100, 37}, std::pair{9, 200}, std::pair{1, 1}, std::pair{4000, 1100}}) {
    const auto [values, labels] = bilinear(maps.unsqueeze(0), height, width)[0].max(0);
    const Prediction got = label_picture(on(maps), {.width = width, .height = height});
    const double same = got.labels.eq(labels).to(at::kDouble).mean().item<double>();
    CHECK(same > 0.9999);  // ties within rounding
    CHECK(got.areas.sum().item<double>() == static_cast<double>(width) * height);
    for (int64_t c = 0; c < 5; ++c) {
      const at::Tensor own = values.masked_select(labels.eq(c));
      const double wanted = own.numel() == 0 ? 0 : own.to(at::kDouble).mean().item<double>();
      CHECK_NEAR(got.scores[c].item<double>(), wanted, 1e-3);
    }
  }
  const Prediction nearest = label_picture(on(maps), {.width = 48, .height = 32, .argmax_first = true});
  const at::Tensor wanted = maps.argmax(0).repeat_interleave(2, 0).repeat_interleave(3, 1);
  CHECK(nearest.labels.equal(wanted.to(at::kByte)));
}

TEST_ON_EVERY_DEVICE(adam_equals_the_textbook) {
  const AdamOptions options;
  const double tolerance = harness::device().is_cpu() ? 1e-14 : 1e-13;  // a GPU rounds products and sums at once
  double p = 1.5, m = 0, v = 0;
  AdamState state = AdamState::zeros(on(at::full({1}, 1.5, at::kDouble)));
  for (int step = 1; step <= 15; ++step) {
    const double g = std::sin(step * 0.7) * 3;
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    p -= 0.01 * (m / (1 - std::pow(0.9, step))) / (std::sqrt(v / (1 - std::pow(0.999, step))) + 1e-8);
    const auto alone = pure::adam_step(
        state.parameter, on(at::full({1}, g, at::kDouble)), state.first_moment, state.second_moment, step, options);
    state = adam_update(state, on(at::full({1}, g, at::kDouble)), options);
    CHECK_NEAR(state.parameter.item<double>(), p, tolerance);
    CHECK_NEAR(alone.parameter.item<double>(), p, tolerance);
  }
  // A position without gradient stays where it is.
  const AdamState two = adam_update(AdamState::zeros(on(at::ones({2}))), on(at::tensor({0.f, 1.f})), options);
  CHECK(two.parameter[0].item<double>() == 1);
  const AdamState next = adam_update(state, on(at::ones({1}, at::kDouble)), options);
  const AdamState kept = select_state(on(at::zeros({}, at::kBool)), next, state);
  CHECK(kept.parameter.equal(state.parameter) && kept.step.equal(state.step));
}

TEST_ON_EVERY_DEVICE(shrinking_matrix_is_libtorchs_antialiased_resize) {
  for (const auto& [in, out] :
       std::vector<std::pair<int64_t, int64_t>>{{100, 37}, {37, 100}, {512, 512}, {1000, 16}, {1, 8}}) {
    const at::Tensor x = at::rand({1, 1, in, 3});
    const at::Tensor wanted = at::_upsample_bilinear2d_aa(x, {out, 3}, false, std::nullopt, std::nullopt);
    CHECK_CLOSE(invseg::shrinking_matrix(out, in, on(x).options()).matmul(on(x)[0][0]), wanted[0][0], 1e-6);
  }
}
