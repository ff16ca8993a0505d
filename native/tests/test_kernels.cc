// Group normalisation against LibTorch's own in float64, on the CPU and, where there is one, on a GPU with the kernels of this
// library.

#include <torch/csrc/autograd/autograd.h>
#include <torch/cuda.h>

#include "core/engine/stream.h"
#include "core/kernels/group_norm.h"
#include "core/kernels/program.h"
#include "harness.h"

using namespace invseg;

namespace {

struct Shape {
  int64_t batch, channels, height, width, groups;
};

/** y and dx of group_norm in float64. */
std::pair<at::Tensor, at::Tensor> wanted(
    const at::Tensor& x, const at::Tensor& w, const at::Tensor& b, int64_t groups, bool silu, const at::Tensor& dy) {
  const auto wide = [](const at::Tensor& t) { return t.detach().to(at::kCPU, at::kDouble).contiguous(); };
  const at::Tensor leaf = wide(x).requires_grad_();
  at::Tensor y = at::group_norm(leaf, groups, wide(w), wide(b), 1e-5);
  if (silu) y = at::silu(y);
  return {y.detach(), torch::autograd::grad({y}, {leaf}, {wide(dy)})[0]};
}

void compare(at::Device device, at::ScalarType type, const Shape& shape, bool silu, double mean) {
  const auto options = at::TensorOptions().dtype(type).device(device);
  const auto make = [&](at::IntArrayRef sizes) { return at::randn(sizes).to(options); };
  at::Tensor x = (make({shape.batch, shape.channels, shape.height, shape.width}) + mean)
                     .contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor w = (make({shape.channels}) * 0.3 + 1.0), b = make({shape.channels}) * 0.2;
  const at::Tensor dy = make(x.sizes()).contiguous(at::MemoryFormat::ChannelsLast);
  const auto [y, dx] = wanted(x, w, b, shape.groups, silu, dy);
  const double tolerance = type == at::kFloat ? 2e-5 : type == at::kHalf ? 2e-3 : 1e-2;
  const at::Tensor leaf = x.detach().requires_grad_();
  const at::Tensor got = group_norm(leaf, shape.groups, w, b, 1e-5, silu);
  CHECK_CLOSE(got, y, tolerance);
  CHECK(got.is_contiguous(at::MemoryFormat::ChannelsLast));
  CHECK_CLOSE(torch::autograd::grad({got}, {leaf}, {dy})[0], dx, tolerance);
  at::NoGradGuard no_grad;
  CHECK(group_norm(x, shape.groups, w, b, 1e-5, silu).equal(got));
}

}  // namespace

TEST(group_norm_on_the_cpu_is_libtorchs) {
  for (const bool silu : {false, true}) compare(at::kCPU, at::kFloat, {2, 24, 5, 7, 8}, silu, 0);
  const at::Tensor x = at::randn({1, 8, 3, 3}).requires_grad_(), w = at::ones({8}).requires_grad_(), b = at::zeros({8});
  CHECK(torch::autograd::grad({group_norm(x, 4, w, b, 1e-5, true).sum()}, {w})[0].sizes() == w.sizes());
}

TEST(group_norm_on_a_gpu_equals_float64) {
  if (!torch::cuda::is_available()) SKIP("no GPU");
  const at::Device device(at::kCUDA, 0);
  use_own_stream(device);
  CHECK(kernels::available(device));
  // The widths of Stable Diffusion, of its concatenations and of the miniature; groups that a 16-byte row cuts; a single point.
  const std::vector<Shape> shapes{{2, 320, 64, 64, 32}, {2, 2560, 8, 8, 32}, {1, 1920, 16, 16, 32}, {3, 960, 32, 32, 32},
                                  {2, 128, 96, 128, 32}, {4, 512, 17, 19, 32}, {1, 32, 32, 32, 8}, {1, 64, 1, 1, 8}};
  for (const auto type : {at::kFloat, at::kHalf, at::kBFloat16}) {
    for (const auto& shape : shapes) {
      if (shape.channels * c10::elementSize(type) / 16 > 512) continue;
      for (const bool silu : {false, true}) compare(device, type, shape, silu, 0.5);
    }
  }
  // A mean far above the deviation must not cancel.
  compare(device, at::kFloat, {2, 320, 32, 32, 32}, true, 100);
  // What the kernels do not take goes another way: channels-first memory, odd channels, a weight that learns.
  const at::Tensor plain = at::randn({2, 30, 5, 5}, at::TensorOptions().device(device));
  const at::Tensor w = at::ones({30}, plain.options()), b = at::zeros({30}, plain.options());
  CHECK_CLOSE(group_norm(plain, 5, w, b, 1e-5, false), at::group_norm(plain, 5, w, b, 1e-5), 1e-6);
}

TEST(one_input_gives_one_group_norm) {
  if (!torch::cuda::is_available()) SKIP("no GPU");
  const at::Device device(at::kCUDA, 0);
  use_own_stream(device);
  const auto options = at::TensorOptions().dtype(at::kBFloat16).device(device);
  const at::Tensor x = at::randn({2, 640, 32, 32}, options).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor w = at::randn({640}, options), b = at::randn({640}, options);
  const at::Tensor first = group_norm(x, 32, w, b, 1e-5, true);
  for (int i = 0; i < 20; ++i) CHECK(group_norm(x, 32, w, b, 1e-5, true).equal(first));
}
