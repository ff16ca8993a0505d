// Operators that take several weights at once, and layer normalisation, against LibTorch's own in float64. What one product does for
// weights that lie side by side is a GPU's way; it is called by its name here, so that the CPU tests it too.

#include <torch/csrc/autograd/autograd.h>

#include "core/kernels/layer_norm.h"
#include "core/kernels/linear.h"
#include "core/kernels/projections.h"
#include "harness.h"

using namespace invseg;

namespace {

using Tensors = std::vector<at::Tensor>;

const std::vector<int64_t> kWidths{24, 8, 40};
constexpr int64_t kWidth = 48;

at::Tensor wide(const at::Tensor& t) { return t.detach().to(at::kCPU, at::kDouble); }

at::Tensor random(at::IntArrayRef shape, at::ScalarType type = at::kFloat) {
  return harness::on(at::randn(shape)).to(type);
}

/** Weights [D, 48] of kWidths in one allocation; `apart` gives each its own. */
Tensors weights_of(at::ScalarType type, bool apart = false) {
  Tensors weights = (random({72, kWidth}, at::kFloat) / 7).to(type).split_with_sizes(kWidths);
  for (auto& weight : weights) weight = apart ? weight.clone() : weight;
  return weights;
}

double tolerance(at::ScalarType type) { return type == at::kFloat ? 2e-6 : type == at::kHalf ? 1e-3 : 8e-3; }

/** Gradients `d`, of the outputs for which there is one, at `leaf`. */
at::Tensor gradient(const Tensors& outputs, const Tensors& d, const at::Tensor& leaf) {
  Tensors own, up;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!d[i].defined()) continue;
    own.push_back(outputs[i]);
    up.push_back(d[i]);
  }
  return torch::autograd::grad(own, {leaf}, up)[0];
}

const std::vector<std::vector<bool>> kWanted{{true, true, true}, {true, false, true}, {false, true, false}};

}  // namespace

TEST_ON_EVERY_DEVICE(weights_that_lie_side_by_side_are_seen) {
  const Tensors w = weights_of(at::kFloat);
  const auto all = joined(w), last = joined(at::TensorList(w).slice(1));
  CHECK(all && all->sizes() == at::IntArrayRef({72, kWidth}) && all->equal(at::cat(w)));
  CHECK(all->const_data_ptr() == w[0].const_data_ptr());
  CHECK(last && last->equal(at::cat({w[1], w[2]})));
  CHECK(joined({w[0]})->equal(w[0]));
  CHECK(!joined({}) && !joined({w[0], w[2]}) && !joined({w[1], w[0]}) && !joined({w[0], w[0]}));
  CHECK(!joined(weights_of(at::kFloat, /*apart=*/true)));
  CHECK(!joined({w[0], w[1].narrow(1, 0, 8)}) && !joined({w[0].t(), w[1]}) && !joined({w[0].flatten(), w[1]}));
  CHECK(!joined({w[0], w[1].clone().set_requires_grad(true)}));
  const at::Tensor learnt = at::ones({6, 4}).requires_grad_();
  CHECK(!joined({learnt.narrow(0, 0, 3), learnt.narrow(0, 3, 3)}));
  const Tensors v = random({72}).split_with_sizes(kWidths);
  CHECK(joined(v)->equal(at::cat(v)) && joined({v[1], v[2]})->equal(at::cat({v[1], v[2]})));
  CHECK(joined({w[0].flatten()})->equal(w[0].flatten()));
  CHECK(!joined({v[0], v[2]}) && !joined({v[0], v[1].clone()}) && !joined({v[0], w[1]}));
  CHECK(!joined({harness::on(at::ones({2, 2, 2}))}) && !joined({harness::on(at::ones({}))}));
}

TEST_ON_EVERY_DEVICE(projections_equal_float64) {
  at::manual_seed(1);
  for (const auto type : {at::kFloat, at::kHalf, at::kBFloat16}) {
    const at::Tensor x = random({2, 30, kWidth}, type);
    for (const bool apart : {false, true}) {
      const Tensors w = weights_of(type, apart);
      const at::Tensor whole = at::cat(w);
      const std::function<Tensors(const at::Tensor&)> ways[] = {
          [&](const at::Tensor& t) { return projections(t, w); },
          [&](const at::Tensor& t) { return joined_projections(t, whole, kWidths); }};
      for (const auto& way : ways) {
        const Tensors got = way(x);
        for (size_t i = 0; i < w.size(); ++i) {
          CHECK(got[i].scalar_type() == type);
          CHECK_CLOSE(got[i], wide(x).matmul(wide(w[i]).t()), tolerance(type));
        }
        for (const auto& wanted : kWanted) {
          const at::Tensor leaf = x.detach().requires_grad_();
          const Tensors outputs = way(leaf);
          Tensors d(w.size());
          at::Tensor sum = at::zeros({}, at::kDouble);
          for (size_t i = 0; i < w.size(); ++i) {
            CHECK(outputs[i].equal(got[i]));
            if (!wanted[i]) continue;
            d[i] = random({2, 30, kWidths[i]}, type);
            sum = sum + wide(d[i]).matmul(wide(w[i]));
          }
          CHECK_CLOSE(gradient(outputs, d, leaf), sum, 2 * tolerance(type));
        }
      }
    }
  }
  // On the CPU each is what it is alone, to the bit.
  const at::Tensor x = at::randn({2, 30, kWidth});
  const Tensors w = (at::randn({72, kWidth}) / 7).split_with_sizes(kWidths), got = projections(x, w);
  for (size_t i = 0; i < w.size(); ++i) CHECK(got[i].equal(invseg::linear(x, w[i], std::nullopt)));
  // Weights that learn do so.
  const at::Tensor learnt = random({4, kWidth}).requires_grad_();
  CHECK(torch::autograd::grad({projections(harness::on(x), {learnt})[0].sum()}, {learnt})[0].sizes() == learnt.sizes());
}

TEST_ON_EVERY_DEVICE(states_of_a_prompt_equal_float64) {
  at::manual_seed(2);
  constexpr int64_t kPrompts = 2, kPositions = 5, kHeads = 4;
  const at::Tensor context = random({kPrompts, kPositions, kWidth});
  for (const auto type : {at::kFloat, at::kHalf, at::kBFloat16}) {
    for (const bool apart : {false, true}) {
      const Tensors w = weights_of(type, apart);
      const at::Tensor whole = at::cat(w);
      for (const int64_t views : {1, 3}) {
        const at::Tensor like = at::empty({kPrompts * views, 4, 2, 2}, context.options().dtype(type));
        // Weights apart make products of the engine's type, so the prompt is rounded.
        const bool rounded = apart && type != at::kFloat;
        const at::Tensor exact = rounded ? wide(context.to(type)) : wide(context);
        const auto check = [&](const std::function<Tensors(const at::Tensor&)>& way, const at::Tensor& prompt) {
          const Tensors got = way(context);
          Tensors formula;
          for (size_t i = 0; i < w.size(); ++i) {
            formula.push_back(prompt.matmul(wide(w[i]).t()).repeat({views, 1, 1}));
            CHECK(got[i].scalar_type() == type && got[i].sizes() == formula[i].sizes());
            CHECK_CLOSE(got[i], formula[i], tolerance(type));
            // As attention splits them.
            const at::Tensor heads = got[i].view({got[i].size(0), kPositions, kHeads, -1}).transpose(1, 2);
            CHECK(heads.size(3) * kHeads == kWidths[i]);
          }
          for (const auto& wanted : kWanted) {
            const at::Tensor leaf = context.detach().requires_grad_();
            const Tensors outputs = way(leaf);
            Tensors d(w.size());
            at::Tensor sum = at::zeros({}, at::kDouble);
            for (size_t i = 0; i < w.size(); ++i) {
              CHECK(outputs[i].equal(got[i]));
              if (!wanted[i]) continue;
              // In the order that attention hands back.
              d[i] =
                  random({kPrompts * views, kHeads, kPositions, kWidths[i] / kHeads}, type).transpose(1, 2).flatten(2);
              sum = sum + wide(d[i]).matmul(wide(w[i])).view({views, kPrompts, kPositions, kWidth}).sum(0);
            }
            const at::Tensor result = gradient(outputs, d, leaf);
            CHECK(result.scalar_type() == at::kFloat);
            CHECK_CLOSE(result, sum, 2 * tolerance(type));
          }
        };
        check([&](const at::Tensor& t) { return prompt_states(t, w, like); }, exact);
        check([&](const at::Tensor& t) { return joined_prompt_states(t, whole, kWidths, views); }, wide(context));
      }
    }
  }
  // On the CPU an engine of half precision has float32 weights here, and this is what their products have always been.
  const at::Tensor like = at::empty({2 * kPrompts, 1}, at::kBFloat16), prompt = at::randn({kPrompts, 3, kWidth});
  const at::Tensor w = at::randn({8, kWidth});
  const at::Tensor states = prompt_states(prompt, {w}, like)[0];
  CHECK(states.equal(invseg::linear(prompt, w, std::nullopt).to(at::kBFloat16).repeat({2, 1, 1})));
  CHECK(prompt_states(prompt, {}, like).empty());
  CHECK_ERROR(prompt_states(prompt, {w}, at::empty({3, 1})), "INTERNAL", "prompts");
}

TEST_ON_EVERY_DEVICE(states_of_the_time_equal_float64) {
  at::manual_seed(5);
  for (const auto type : {at::kFloat, at::kHalf, at::kBFloat16}) {
    for (const int64_t batch : {1, 3}) {
      const at::Tensor time = random({batch, kWidth}, type);
      for (const bool apart : {false, true}) {
        const Tensors w = weights_of(type, apart);
        const at::Tensor own = random({72}, type), other = random({72}, type);
        Tensors biases = own.split_with_sizes(kWidths), more = other.split_with_sizes(kWidths);
        if (apart) biases[1] = biases[1].clone();
        const Tensors ways[] = {
            time_states(time, w, biases, more), joined_time_states(time, at::cat(w), own + other, kWidths)};
        for (const auto& got : ways) {
          CHECK(got.size() == w.size());
          for (size_t i = 0; i < w.size(); ++i) {
            const at::Tensor formula = wide(time).matmul(wide(w[i]).t()) + wide(biases[i]) + wide(more[i]);
            CHECK(got[i].scalar_type() == type && got[i].sizes() == formula.sizes());
            CHECK_CLOSE(got[i], formula, 2 * tolerance(type));  // sums of half precision are rounded twice
          }
        }
        CHECK(ways[1][2].stride(0) == 72 && ways[1][2].stride(1) == 1);
        const bool one = !harness::device().is_cpu() && !apart;
        CHECK(one == ways[0][1].is_alias_of(ways[0][0]));
        if (one) CHECK(ways[0][1].equal(ways[1][1]));
      }
    }
  }
  // On the CPU each is what it is alone, to the bit.
  const at::Tensor time = at::randn({2, kWidth}), w = at::randn({72, kWidth}), b = at::randn({72});
  const Tensors weights = w.split_with_sizes(kWidths), vectors = b.split_with_sizes(kWidths);
  const Tensors got = time_states(time, weights, vectors, vectors);
  for (size_t i = 0; i < got.size(); ++i) {
    CHECK(got[i].equal(invseg::linear(time, weights[i], vectors[i]) + vectors[i]));
  }
  CHECK(time_states(time, {}, {}, {}).empty());
  CHECK_ERROR(time_states(time, weights, vectors, {}), "INTERNAL", "as many");
  // Whatever learns does so.
  Tensors leaves{random({2, kWidth}), random({8, kWidth}), random({8}), random({8})};
  for (auto& leaf : leaves) leaf.requires_grad_();
  const at::Tensor learnt = time_states(leaves[0], {leaves[1]}, {leaves[2]}, {leaves[3]})[0].sum();
  const Tensors gradients = torch::autograd::grad({learnt}, leaves);
  for (size_t i = 0; i < leaves.size(); ++i) CHECK(gradients[i].sizes() == leaves[i].sizes());
}

TEST_ON_EVERY_DEVICE(a_change_of_a_prompt_below_half_precision_is_not_lost) {
  at::manual_seed(3);
  for (const auto type : {at::kHalf, at::kBFloat16}) {
    const at::Tensor context = random({1, 77, kWidth});
    const Tensors w = weights_of(type);
    const Tensors got = joined_prompt_states(context, at::cat(w), kWidths, 2);
    for (size_t i = 0; i < w.size(); ++i) {
      const at::Tensor rounded = wide(context).matmul(wide(w[i]).t()).to(type).repeat({2, 1, 1});
      const double same = got[i].cpu().eq(rounded).to(at::kDouble).mean().item<double>();
      // The rest are sums near the middle between two values. A prompt rounded to half precision gives half of them.
      CHECK(same > 0.95);
    }
  }
}

TEST_ON_EVERY_DEVICE(layer_norm_and_the_sum_before_it_equal_float64) {
  at::manual_seed(4);
  for (const auto type : {at::kFloat, at::kHalf, at::kBFloat16}) {
    for (const int64_t width : {320, 96, 33}) {
      const at::Tensor x = random({2, 7, width}, type).requires_grad_(),
                       more = random({2, 7, width}, type).requires_grad_();
      const at::Tensor w = random({width}, type), b = random({width}, type);
      const at::Tensor dy = random(x.sizes(), type), d_sum = random(x.sizes(), type);
      const at::Tensor wide_x = wide(x).requires_grad_(), wide_more = wide(more).requires_grad_();
      const auto plain = [&](const at::Tensor& t) { return at::layer_norm(t, {width}, wide(w), wide(b), 1e-5); };
      const double close = 3 * tolerance(type);
      const at::Tensor y = layer_norm(x, w, b, 1e-5), wanted = plain(wide_x);
      CHECK_CLOSE(y, wanted, close);
      CHECK_CLOSE(
          torch::autograd::grad({y}, {x}, {dy})[0], torch::autograd::grad({wanted}, {wide_x}, {wide(dy)})[0], close);
      const auto [sum, normed] = add_layer_norm(x, more, w, b, 1e-5);
      const at::Tensor wide_sum = wide_x + wide_more;
      CHECK(sum.equal(x + more));
      CHECK_CLOSE(normed, plain(wide_sum), close);
      const auto got = torch::autograd::grad({sum, normed}, {x, more}, {d_sum, dy});
      const auto both =
          torch::autograd::grad({wide_sum, plain(wide_sum)}, {wide_x, wide_more}, {wide(d_sum), wide(dy)});
      for (size_t i = 0; i < 2; ++i) CHECK_CLOSE(got[i], both[i], close);
      // One of the two may be without a gradient, as in the last block and in a pass that learns through keys alone.
      const auto [sum_of_one, normed_of_one] = add_layer_norm(x, more.detach(), w, b, 1e-5);
      CHECK(torch::autograd::grad({normed_of_one}, {x}, {dy})[0].sizes() == x.sizes());
      at::NoGradGuard no_grad;
      CHECK(std::get<1>(add_layer_norm(x, more, w, b, 1e-5)).equal(normed) && layer_norm(x, w, b, 1e-5).equal(y));
    }
  }
}
