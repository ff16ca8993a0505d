// The operations of the methods beside InvSeg, against plain loops and the properties that define them.

#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/inversion/labels.h"
#include "core/maps/aggregate.h"
#include "core/maps/categories.h"
#include "core/maps/refine.h"
#include "core/methods/cluster_means.h"
#include "core/methods/proposals.h"
#include "core/methods/segments.h"
#include "harness.h"

using namespace invseg;

using harness::on;

namespace {

at::Tensor distributions(at::IntArrayRef shape) { return (on(at::randn(shape, at::kDouble)) * 2).softmax(-1); }

double value(const at::Tensor& x) { return x.item<double>(); }

/** Self-attention of a side x side picture whose left and right halves attend to themselves, a little noise apart. */
at::Tensor two_halves(int64_t side, double noise = 0.01) {
  const at::Tensor left = (on(at::arange(side * side)) % side).lt(side / 2);
  const at::Tensor same = left.unsqueeze(0).eq(left.unsqueeze(1)).to(at::kDouble);
  const at::Tensor map = same + 0.001 + noise * on(at::rand({side * side, side * side}, at::kDouble));
  return (map / map.sum(1, true)).unsqueeze(0);
}

/** One map a category, [1, N, C], the category of point i being groups[i]. */
at::Tensor maps_of(const at::Tensor& groups, int64_t categories) {
  return at::one_hot(groups, categories).to(at::kFloat).unsqueeze(0) * 0.8 + 0.1;
}

}  // namespace

TEST_ON_EVERY_DEVICE(cross_scale_by_the_sum_weighs_every_token_alike) {
  const at::Tensor fine = distributions({1, 64, 5}), coarse = distributions({1, 16, 5});
  const at::Tensor total = aggregate_cross({fine, coarse}, {0.3, 0.7}, 8, CrossScale::sum);
  const at::Tensor wanted =
      0.3 * fine / fine.sum(1, true) + aggregate_cross({coarse / coarse.sum(1, true)}, {0.7}, 8, CrossScale::none);
  CHECK_CLOSE(total, wanted, 1e-12);
  CHECK_CLOSE(aggregate_cross({fine * 7}, {1.0}, 8, CrossScale::sum).sum(1), on(at::ones({1, 5}, at::kDouble)), 1e-12);
}

TEST_ON_EVERY_DEVICE(entropy_reduction_point_by_point) {
  at::Tensor self = distributions({1, 9, 9});
  self[0][2][4] = 0;  // an exact zero stays one
  const double strength = 0.3;
  const at::Tensor got = reduce_entropy(self, strength);
  at::Tensor wanted = on(at::zeros({9, 9}, at::kDouble));
  for (int64_t i = 0; i < 9; ++i) {
    for (int64_t j = 0; j < 9; ++j) {
      double most = 0;
      for (int64_t k = 0; k < 9; ++k) most = std::max(most, value(self[0][k][j]));
      const double relative = value(self[0][i][j]) / most;
      const double kept = relative == 0 ? 0 : relative + strength * (1 / std::log(10.0) + std::log10(relative));
      wanted[i][j] = std::max(0.0, kept);
    }
  }
  CHECK_CLOSE(got[0], wanted / wanted.sum(1, true), 1e-12);
  CHECK(value(got[0][2][4]) == 0);
  CHECK_CLOSE(got.sum(-1), on(at::ones({1, 9}, at::kDouble)), 1e-12);
  // Strength 0 only scales columns and rows.
  const at::Tensor scaled = self / self.amax(1, true);
  CHECK_CLOSE(reduce_entropy(self, 0), scaled / scaled.sum(-1, true), 1e-12);
  CHECK(reduce_entropy(on(at::zeros({1, 4, 4})), 0.1).abs().max().item<double>() == 0);  // nothing there, no NaN
}

TEST_ON_EVERY_DEVICE(iterated_refinement_keeps_sums_and_a_row_of_its_own) {
  const at::Tensor self = distributions({2, 9, 9}), maps = on(at::rand({2, 9, 3}, at::kDouble));
  at::Tensor wanted = (maps - maps.amin(1, true)) / (maps - maps.amin(1, true)).sum(1, true);
  CHECK_CLOSE(refine_iterated(self, maps, 0), wanted, 1e-12);
  for (int i = 0; i < 3; ++i) {
    wanted = self.matmul(wanted);
    wanted = wanted - wanted.amin(1, true);
    wanted = wanted / wanted.sum(1, true);
  }
  const at::Tensor got = refine_iterated(self, maps, 3);
  CHECK_CLOSE(got, wanted, 1e-12);
  CHECK_CLOSE(got.sum(1), on(at::ones({2, 3}, at::kDouble)), 1e-12);
  CHECK_CLOSE(refine_iterated(self.narrow(0, 1, 1), maps.narrow(0, 1, 1), 3)[0], got[1], 1e-12);
  CHECK(unit_sum(on(at::full({1, 4, 1}, 0.3))).abs().max().item<double>() == 0);
}

TEST_ON_EVERY_DEVICE(words_of_a_category_are_joined_by_their_maximum) {
  const at::Tensor maps = on(at::rand({2, 4, 5}));
  const at::Tensor joined = WordMerger({0, 1, 2, 2, 2}, harness::device())(maps);
  CHECK_CLOSE(joined.narrow(2, 0, 2), maps.narrow(2, 0, 2), 0);
  CHECK_CLOSE(joined.select(2, 2), maps.narrow(2, 2, 3).amax(2), 0);
  CHECK_CLOSE(WordMerger({0, 1, 2, 3, 4}, harness::device())(maps), maps, 0);
  CHECK_CLOSE(WordMerger()(maps), maps, 0);
  CHECK_ERROR(WordMerger({0, 2}, harness::device()), "SHAPE_MISMATCH", "a span for every category");
  CHECK_ERROR(WordMerger({0, 1, 1}, harness::device())(maps), "SHAPE_MISMATCH", "one map a word");
  CHECK_ERROR(
      CategoryPicker({{0, 5, 3}}, SubtokenRule::mean, 1, 6, harness::device()), "SHAPE_MISMATCH", "outside the prompt");
}

TEST_ON_EVERY_DEVICE(clusters_give_every_point_its_cluster_mean) {
  // Four clear groups of points in a 6 x 6 picture: quadrants with vectors of their own.
  const int64_t side = 6;
  const at::Tensor point = on(at::arange(side * side));
  const at::Tensor group = point.floor_divide(side).ge(3).to(at::kLong) * 2 + (point % side).ge(3).to(at::kLong);
  const at::Tensor centres = distributions({4, 7}) * 0.01;
  const at::Tensor noise = on(at::rand({side * side, 7}, at::kDouble));
  const at::Tensor maps = (centres.index_select(0, group) * (1 + 1e-3 * noise)).unsqueeze(0);
  const at::Tensor got = cluster_means(maps, 2, 5);
  for (int64_t g = 0; g < 4; ++g) {
    const at::Tensor own = group.eq(g).nonzero().flatten();
    const at::Tensor mean = maps[0].index_select(0, own).mean(0);
    for (int64_t i = 0; i < own.size(0); ++i) CHECK_CLOSE(got[0][own[i].item<int64_t>()], mean, 1e-12);
  }
  // More seeds than groups: the surplus clusters run empty and disturb nobody.
  CHECK(cluster_means(centres.index_select(0, group).unsqueeze(0), 6, 5).isfinite().all().item<bool>());
  CHECK_CLOSE(
      cluster_means(centres.index_select(0, group).unsqueeze(0), 6, 5)[0], centres.index_select(0, group), 1e-12);
  // A batch entry does not look at its neighbour.
  const at::Tensor two = at::cat({maps, at::rand_like(maps)});
  CHECK_CLOSE(cluster_means(two, 2, 5)[0], got[0], 1e-12);
  CHECK_ERROR(cluster_means(on(at::rand({1, 5, 2})), 2, 1), "SHAPE_MISMATCH", "square image");
}

TEST_ON_EVERY_DEVICE(divergence_of_pairs_is_half_the_sum_of_both_directions) {
  const at::Tensor a = distributions({3, 10}), b = distributions({4, 10});
  const at::Tensor got = symmetric_divergence(a, b);
  for (int64_t i = 0; i < 3; ++i) {
    for (int64_t j = 0; j < 4; ++j) {
      const at::Tensor difference = (a[i] - b[j]) * ((a[i] + 1e-8).log() - (b[j] + 1e-8).log());
      CHECK_NEAR(value(got[i][j]), 0.5 * value(difference.sum()), 1e-12);
    }
  }
  CHECK(symmetric_divergence(a, a).diagonal().abs().max().item<double>() < 1e-12);
}

TEST_ON_EVERY_DEVICE(proposals_of_two_halves_are_two) {
  const at::Tensor self = two_halves(8);
  const at::Tensor proposals = find_proposals(self, {4, 0.5, 3});
  CHECK(proposals.size(2) == 2);
  CHECK_CLOSE(proposals.sum(1), on(at::ones({1, 2}, at::kDouble)), 1e-12);
  LabelOptions options{.width = 16, .height = 16};
  const Prediction segments = number_segments(proposals, options);
  CHECK(segments.areas.size(0) == 2);
  CHECK(segments.labels.select(1, 0).eq(segments.labels[0][0]).all().item<bool>());
  CHECK(segments.labels[3][1].item<int>() != segments.labels[3][14].item<int>());
  // Nothing is near: every anchor stays. Everything is near: one is left.
  CHECK(find_proposals(self, {4, 1e-9, 3}).size(2) == 16);
  CHECK(find_proposals(self, {4, 1e9, 2}).size(2) == 1);
  CHECK_CLOSE(find_proposals(self, {4, 1e9, 2}).flatten(), self[0].mean(0), 1e-12);
  CHECK(find_proposals(self, {16, 1e-9, 1}).size(2) == 64);  // no more anchors than points
  CHECK(find_proposals(self, {1, 0.5, 1}).size(2) == 1);
  CHECK_ERROR(find_proposals(self, {17, 0.5, 3}), "SHAPE_MISMATCH", "1 to 16 anchors");
}

TEST_ON_EVERY_DEVICE(segments_are_numbered_by_area_and_named_by_votes) {
  // Proposals own 4, 0, 8 and 4 of 16 points.
  const at::Tensor owner = on(at::tensor({0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3}, at::kLong));
  const at::Tensor proposals = maps_of(owner, 4);
  LabelOptions options{.width = 4, .height = 4};
  const Prediction numbered = number_segments(proposals, options);
  CHECK_CLOSE(numbered.areas, on(at::tensor({8.0, 4.0, 4.0})), 0);
  const at::Tensor wanted = at::tensor({1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2}, at::kByte);
  CHECK(numbered.labels.flatten().equal(wanted));
  CHECK_CLOSE(numbered.scores, on(at::ones({3})), 1e-6);

  // Most points of proposal 0 say 1, of proposal 2 say 0, of proposal 3 say 1.
  const at::Tensor voted = on(at::tensor({1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 1}, at::kLong));
  const Prediction named = name_segments(proposals, maps_of(voted, 2), options);
  CHECK_CLOSE(named.areas, on(at::tensor({8.0, 8.0})), 0);
  CHECK(named.labels.flatten().equal(at::tensor({1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1}, at::kByte)));
  CHECK_CLOSE(named.scores, on(at::tensor({5.0f / 8, 6.0f / 8})), 1e-6);
}

TEST_ON_EVERY_DEVICE(maps_that_are_not_finite_give_scores_that_are_not) {
  const at::Tensor owner = on(at::arange(16)) % 2;
  const at::Tensor sound = maps_of(owner, 2);
  LabelOptions options{.width = 4, .height = 4};
  for (const double wrong : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    at::Tensor broken = sound.clone();
    broken[0][5][1] = wrong;
    const auto finite = [](const Prediction& result) { return result.scores.isfinite().all().item<bool>(); };
    CHECK(finite(name_segments(sound, sound, options)));
    CHECK(!finite(name_segments(broken, sound, options)));
    CHECK(!finite(name_segments(sound, broken, options)));
    CHECK(!finite(number_segments(broken, options)));
    CHECK(!finite(label_maps(broken, options)));
    options.argmax_first = !options.argmax_first;
  }
}

TEST_ON_EVERY_DEVICE(background_rules_and_rescaling) {
  const at::Tensor maps = at::rand({3, 8, 8});
  const at::Tensor big = at::upsample_bilinear2d(maps.unsqueeze(0), {20, 30}, false, std::nullopt, std::nullopt)[0];
  const auto [best, labels] = big.max(0);
  const auto same = [](const at::Tensor& a, const at::Tensor& b) {
    return a.eq(b).to(at::kDouble).mean().item<double>() > 0.99;
  };
  LabelOptions options{.width = 30, .height = 20, .background = BackgroundRule::threshold, .threshold = 0.6};
  options.strengths = true;
  const Prediction fixed = label_picture(on(maps), options);
  CHECK(fixed.areas.size(0) == 4 && same(fixed.labels, labels.masked_fill(best.lt(0.6), 3)));
  CHECK(same(fixed.foreground, labels));
  CHECK_CLOSE(fixed.strengths, best, 1e-5);
  CHECK_NEAR(value(fixed.scores[3].to(at::kDouble)), 0.6, 1e-6);

  options.background = BackgroundRule::complement;
  const double crossing = (3 - std::sqrt(5.0)) / 2;  // (1 - v)^2 = v
  CHECK(same(label_picture(on(maps), options).labels, labels.masked_fill(best.lt(crossing), 3)));

  // Rescaled maps reach 0 and 1 at the picture's own size, whatever they were multiplied by.
  options.background = BackgroundRule::word;
  options.rescale = true;
  const at::Tensor low = big.amin({1, 2}, true), high = big.amax({1, 2}, true);
  const auto [scaled, scaled_labels] = ((big - low) / (high - low)).max(0);
  const Prediction rescaled = label_picture(on(maps * 5 - 2), options);
  CHECK(same(rescaled.labels, scaled_labels));
  CHECK_CLOSE(rescaled.strengths, scaled, 1e-4);
  CHECK(rescaled.areas.size(0) == 3);
  options.argmax_first = true;
  CHECK_NEAR(label_picture(on(maps * 5 - 2), options).strengths.max().item<double>(), 1, 1e-6);
  CHECK_ERROR(parse_background_rule("none"), "INVALID_OPTION", "word, threshold or complement");
}
