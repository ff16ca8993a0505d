// Products on the CPU and what is built from them, against LibTorch's own in float64; and the memory that is kept between them.

#include <torch/csrc/autograd/autograd.h>

#include "core/engine/host_memory.h"
#include "core/kernels/attention.h"
#include "core/kernels/linear.h"
#include "core/kernels/read_attention.h"
#include "harness.h"

using namespace invseg;

namespace {

at::Tensor wide(const at::Tensor& t) { return t.detach().to(at::kCPU, at::kDouble); }

}  // namespace

TEST_ON_EVERY_DEVICE(linear_equals_libtorchs_in_float64) {
  at::manual_seed(1);
  const at::Tensor x = harness::on(at::randn({2, 70, 48})), w = harness::on(at::randn({40, 48}) / 7),
                   b = harness::on(at::randn({40}));
  const at::Tensor dy = harness::on(at::randn({2, 70, 40}));
  for (const bool with : {true, false}) {
    const std::optional<at::Tensor> bias = with ? std::optional(b) : std::nullopt;
    const std::optional<at::Tensor> wide_bias = with ? std::optional(wide(b)) : std::nullopt;
    const at::Tensor leaf = x.detach().requires_grad_();
    const at::Tensor y = invseg::linear(leaf, w, bias);
    CHECK_CLOSE(y, at::linear(wide(x), wide(w), wide_bias), 1e-6);
    CHECK_CLOSE(torch::autograd::grad({y}, {leaf}, {dy})[0], wide(dy).matmul(wide(w)), 1e-6);
    // What comes back may be one value for all, and what goes in may be turned.
    const at::Tensor other = x.detach().requires_grad_();
    const at::Tensor sum = invseg::linear(other, w, bias).sum();
    CHECK_CLOSE(torch::autograd::grad({sum}, {other})[0], at::ones({2, 70, 40}, at::kDouble).matmul(wide(w)), 1e-6);
    const at::Tensor turned = harness::on(at::randn({2, 48, 70})).transpose(1, 2);
    CHECK_CLOSE(invseg::linear(turned, w, bias), at::linear(wide(turned), wide(w), wide_bias), 1e-6);
  }
  // A layer that learns is LibTorch's.
  const at::Tensor learnt = w.detach().requires_grad_();
  CHECK_CLOSE(
      torch::autograd::grad({invseg::linear(x, learnt, b)}, {learnt}, {dy})[0],
      wide(dy).flatten(0, 1).t().matmul(wide(x).flatten(0, 1)), 1e-5);
}

TEST_ON_EVERY_DEVICE(attention_equals_libtorchs_in_float64) {
  at::manual_seed(2);
  // 1100 keys: more than one block of rows on the CPU. Queries as a layer leaves them, heads beside each other.
  const auto heads = [](int64_t n, int64_t d) {
    return harness::on(at::randn({2, n, 3 * d})).view({2, n, 3, d}).transpose(1, 2);
  };
  for (const int64_t width : {16, 264}) {
    const at::Tensor q = heads(700, width), k = heads(1100, width), v = heads(1100, width);
    const at::Tensor wanted = at::scaled_dot_product_attention(wide(q), wide(k), wide(v));
    CHECK_CLOSE(attention(q, k, v), wanted, 2e-6);
    // One entry at a time, two, and all at once.
    for (const int64_t entries : {1, 2, 6})
      CHECK_CLOSE(attention_of_wide_heads(q, k, v, entries * 700 * 1100), wanted, 2e-6);
  }
  {
    const at::Tensor q = heads(64, 16).detach().requires_grad_(), k = heads(77, 16).detach().requires_grad_(),
                     v = heads(77, 16).detach().requires_grad_();
    const at::Tensor dq = wide(q).requires_grad_(), dk = wide(k).requires_grad_(), dv = wide(v).requires_grad_();
    const at::Tensor out = attention_in_parts(q, k, v, 4), wanted = at::scaled_dot_product_attention(dq, dk, dv);
    CHECK_CLOSE(out, wanted, 2e-6);
    const at::Tensor up = harness::on(at::randn(out.sizes()));
    const auto got = torch::autograd::grad({out}, {q, k, v}, {up});
    const auto exact = torch::autograd::grad({wanted}, {dq, dk, dv}, {wide(up)});
    for (size_t i = 0; i < 3; ++i) CHECK_CLOSE(got[i], exact[i], 1e-5);
  }
  const at::Tensor q = heads(64, 16).detach().requires_grad_(), k = heads(80, 16), v = heads(80, 16);
  const at::Tensor wide_q = wide(q).requires_grad_();
  CHECK_CLOSE(
      torch::autograd::grad({attention(q, k, v).sum()}, {q})[0],
      torch::autograd::grad({at::scaled_dot_product_attention(wide_q, wide(k), wide(v)).sum()}, {wide_q})[0], 1e-4);
}

TEST_ON_EVERY_DEVICE(attention_that_is_read_is_the_same_with_and_without_a_gradient) {
  at::manual_seed(3);
  const auto heads = [](int64_t n) {
    return harness::on(at::randn({2, n, 3 * 16})).view({2, n, 3, 16}).transpose(1, 2);
  };
  const at::Tensor q = heads(600), k = heads(1000), v = heads(1000),
                   weights = harness::on(at::tensor({0.5f, 0.0f, 0.25f}));
  const auto [out, map] = read_attention(q, k, v, weights);
  const auto [none, alone] = read_attention(q, k, std::nullopt, weights);
  CHECK(none.numel() == 0 && alone.equal(map));
  const auto [own, learnt] = read_attention(q.detach().requires_grad_(), k, v, weights);
  CHECK_CLOSE(out, own, 2e-6);
  CHECK_CLOSE(map, learnt, 2e-6);
  const at::Tensor probabilities = wide(q).matmul(wide(k).transpose(2, 3)).div(4).softmax(-1);
  CHECK_CLOSE(map, (probabilities * wide(weights).view({1, 3, 1, 1})).sum(1), 2e-6);
  CHECK_CLOSE(out, probabilities.matmul(wide(v)), 2e-6);
}

TEST(host_memory_is_kept_for_the_next_tensor_and_given_back) {
  keep_host_memory();
  release_host_memory();
  CHECK(kept_host_memory() == 0);
  const void* first = nullptr;
  {
    const at::Tensor x = at::empty({1 << 20});
    first = x.const_data_ptr();
    CHECK(reinterpret_cast<uintptr_t>(first) % 64 == 0);
    CHECK(kept_host_memory() == 0);
  }
  CHECK(kept_host_memory() == 4 << 20);
  {
    const at::Tensor larger = at::empty({2 << 20}), same = at::zeros({1 << 20});
    CHECK(same.const_data_ptr() == first && larger.const_data_ptr() != first);
    CHECK(same.sum().item<float>() == 0);  // what it held before is nobody's
    CHECK(kept_host_memory() == 0);
  }
  { const at::Tensor small = at::empty({1 << 10}); }
  CHECK(kept_host_memory() == 12 << 20);
  // No more than a GiB.
  for (int i = 0; i < 5; ++i) at::Tensor large = at::empty({(int64_t{300} + 60 * i) << 18});
  CHECK(kept_host_memory() <= int64_t{1} << 30);
  at::Tensor resized = at::empty({0}).resize_({3 << 18});
  resized.resize_({9 << 18}).zero_();
  release_host_memory();
  CHECK(kept_host_memory() == 0);
}
