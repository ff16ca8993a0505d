// The fused operators against LibTorch's own in float64, on the CPU and, where there is one, on a GPU with the kernels of this
// library.

#include <future>

#include <torch/csrc/autograd/autograd.h>
#include <torch/cuda.h>

#include "core/engine/stream.h"
#include "core/inversion/views.h"
#include "core/kernels/fused.h"
#include "core/kernels/gather.h"
#include "core/kernels/group_norm.h"
#include "core/kernels/label.h"
#include "core/kernels/layer_norm.h"
#include "core/kernels/levels.h"
#include "core/kernels/loss_sources.h"
#include "core/kernels/min_max.h"
#include "core/kernels/program.h"
#include "core/kernels/read_attention.h"
#include "emulation.h"
#include "harness.h"

using namespace invseg;

namespace {

struct Shape {
  int64_t batch, channels, height, width, groups;
};

at::Tensor to_double(const at::Tensor& t) { return t.detach().to(at::kCPU, at::kDouble).contiguous(); }

/** y and dx of group_norm in float64. */
std::pair<at::Tensor, at::Tensor> wanted(
    const at::Tensor& x, const at::Tensor& added, const at::Tensor& w, const at::Tensor& b, int64_t groups, bool silu,
    const at::Tensor& dy) {
  const at::Tensor leaf = to_double(x).requires_grad_();
  const at::Tensor whole = added.defined() ? leaf + to_double(added).unsqueeze(-1).unsqueeze(-1) : leaf;
  at::Tensor y = at::group_norm(whole, groups, to_double(w), to_double(b), 1e-5);
  if (silu) y = at::silu(y);
  return {y.detach(), torch::autograd::grad({y}, {leaf}, {to_double(dy)})[0]};
}

/** @param rows of what is added: 0 nothing, 1 or the batch */
void compare(at::Device device, at::ScalarType type, const Shape& shape, bool silu, double mean, int64_t rows = 0) {
  const auto options = at::TensorOptions().dtype(type).device(device);
  const auto make = [&](at::IntArrayRef sizes) { return at::randn(sizes).to(options); };
  at::Tensor x = (make({shape.batch, shape.channels, shape.height, shape.width}) + mean)
                     .contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor w = (make({shape.channels}) * 0.3 + 1.0), b = make({shape.channels}) * 0.2;
  const at::Tensor dy = make(x.sizes()).contiguous(at::MemoryFormat::ChannelsLast);
  std::optional<at::Tensor> added;
  // Columns of something wider.
  if (rows > 0) added = (make({rows, shape.channels + 16}) * 2.0).narrow(1, 8, shape.channels);
  const auto [y, dx] = wanted(x, added.value_or(at::Tensor()), w, b, shape.groups, silu, dy);
  const double tolerance = type == at::kFloat ? 2e-5 : type == at::kHalf ? 2e-3 : 1e-2;
  const at::Tensor leaf = x.detach().requires_grad_();
  const at::Tensor got = group_norm(leaf, added, shape.groups, w, b, 1e-5, silu);
  CHECK_CLOSE(got, y, tolerance);
  CHECK(got.is_contiguous(at::MemoryFormat::ChannelsLast));
  CHECK_CLOSE(torch::autograd::grad({got}, {leaf}, {dy})[0], dx, tolerance);
  at::NoGradGuard no_grad;
  CHECK(group_norm(x, added, shape.groups, w, b, 1e-5, silu).equal(got));
}

}  // namespace

TEST(kernels_compile_for_every_architecture) {
  // `npm run rehearse:cuda` brings NVRTC to a machine without a GPU.
  if (!kernels::can_compile()) SKIP("no NVRTC");
  for (const char* architecture : {"sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120"}) {
    for (const auto type : {at::kFloat, at::kHalf, at::kBFloat16}) {
      // Side by side, as an engine has them compiled when it is opened.
      std::vector<std::future<std::string>> logs;
      for (const char* source :
           {kernels::group_norm_source(), kernels::fused_source(), kernels::read_attention_source(),
            kernels::gather_source(), kernels::layer_norm_source(), kernels::loss_source(), kernels::adam_source(),
            kernels::min_max_source(), kernels::levels_source(), kernels::label_source(), kernels::crop_source()}) {
        logs.push_back(std::async(std::launch::async, [=] { return kernels::check(source, type, architecture); }));
      }
      for (auto& waiting : logs) {
        const std::string log = waiting.get();
        harness::check(log.find("warning") == std::string::npos, "no warning", __FILE__, __LINE__, log);
      }
    }
  }
  CHECK_ERROR(kernels::check("no kernel", at::kFloat, "sm_90"), "INTERNAL", "could not be compiled for sm_90");
}

TEST(group_norm_on_the_cpu_is_libtorchs) {
  for (const bool silu : {false, true}) {
    for (const int64_t rows : {0, 1, 2}) compare(at::kCPU, at::kFloat, {2, 24, 5, 7, 8}, silu, 0, rows);
  }
  const at::Tensor x = at::randn({1, 8, 3, 3}).requires_grad_(), w = at::ones({8}).requires_grad_(), b = at::zeros({8});
  CHECK(torch::autograd::grad({group_norm(x, std::nullopt, 4, w, b, 1e-5, true).sum()}, {w})[0].sizes() == w.sizes());
}

TEST(group_norm_emulated_equals_float64) {
  if (!emulation::possible()) SKIP("no C++ compiler");
  at::manual_seed(1);
  const emulation::Emulation on_the_cpu;
  for (const auto type : {at::kFloat, at::kHalf, at::kBFloat16}) {
    for (const auto& shape :
         {Shape{2, 64, 9, 7, 8}, Shape{1, 96, 5, 5, 32}, Shape{3, 320, 3, 4, 32}, Shape{1, 72, 35, 37, 8},
          Shape{1, 960, 2, 3, 32}, Shape{2, 40, 8, 8, 4}}) {
      for (const int64_t rows : {int64_t{0}, int64_t{1}, shape.batch})
        compare(at::kCPU, type, shape, rows != 1, 0.5, rows);
    }
    // As many rows as a thread of each of the kernels for small pictures takes, and a picture that none of them takes.
    for (const auto& shape :
         {Shape{1, 40, 32, 32, 4}, Shape{1, 40, 32, 32, 2}, Shape{1, 80, 16, 15, 2}, Shape{1, 160, 15, 16, 2},
          Shape{1, 24, 33, 33, 8}}) {
      compare(at::kCPU, type, shape, true, 0.5, 1);
    }
  }
  compare(at::kCPU, at::kFloat, {2, 64, 9, 7, 8}, true, 100);
}

TEST(group_norm_on_a_gpu_equals_float64) {
  if (!torch::cuda::is_available()) SKIP("no GPU");
  const at::Device device(at::kCUDA, 0);
  use_own_stream(device);
  CHECK(kernels::available(device));
  // The widths of Stable Diffusion, of its concatenations and of the miniature; groups that a 16-byte row cuts; a single point.
  const std::vector<Shape> shapes{
      {2, 320, 64, 64, 32}, {2, 2560, 8, 8, 32},  {1, 1920, 16, 16, 32}, {3, 960, 32, 32, 32},  {2, 128, 96, 128, 32},
      {4, 512, 17, 19, 32}, {2, 640, 32, 32, 32}, {2, 320, 32, 32, 32},  {2, 1280, 16, 16, 32}, {2, 1280, 8, 8, 32},
      {1, 32, 32, 32, 8},   {1, 64, 1, 1, 8},     {2, 2560, 16, 16, 32}, {2, 1920, 16, 16, 32}};
  for (const auto type : {at::kFloat, at::kHalf, at::kBFloat16}) {
    for (const auto& shape : shapes) {
      if (shape.channels * c10::elementSize(type) / 16 > 512) continue;
      for (const bool silu : {false, true}) {
        for (const int64_t rows : {int64_t{0}, int64_t{1}, shape.batch}) compare(device, type, shape, silu, 0.5, rows);
      }
    }
  }
  // A mean far above the deviation must not cancel.
  compare(device, at::kFloat, {2, 320, 32, 32, 32}, true, 100);
  // What the kernels do not take goes another way: channels-first memory, odd channels, a weight that learns.
  const at::Tensor plain = at::randn({2, 30, 5, 5}, at::TensorOptions().device(device));
  const at::Tensor w = at::ones({30}, plain.options()), b = at::zeros({30}, plain.options());
  CHECK_CLOSE(group_norm(plain, std::nullopt, 5, w, b, 1e-5, false), at::group_norm(plain, 5, w, b, 1e-5), 1e-6);
}

TEST(one_input_gives_one_group_norm) {
  if (!torch::cuda::is_available()) SKIP("no GPU");
  const at::Device device(at::kCUDA, 0);
  use_own_stream(device);
  const auto options = at::TensorOptions().dtype(at::kBFloat16).device(device);
  const at::Tensor x = at::randn({2, 640, 32, 32}, options).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor w = at::randn({640}, options), b = at::randn({640}, options);
  const at::Tensor first = group_norm(x, std::nullopt, 32, w, b, 1e-5, true);
  for (int i = 0; i < 20; ++i) CHECK(group_norm(x, std::nullopt, 32, w, b, 1e-5, true).equal(first));
}

namespace {

std::vector<std::pair<at::Device, at::ScalarType>> places() {
  std::vector<std::pair<at::Device, at::ScalarType>> list{{at::kCPU, at::kFloat}, {at::kCPU, at::kBFloat16}};
  if (torch::cuda::is_available()) {
    use_own_stream(at::Device(at::kCUDA, 0));
    for (const auto type : {at::kFloat, at::kHalf, at::kBFloat16}) list.emplace_back(at::Device(at::kCUDA, 0), type);
  }
  return list;
}

double tolerance_of(at::ScalarType type) { return type == at::kFloat ? 2e-5 : type == at::kHalf ? 3e-3 : 2e-2; }

}  // namespace

namespace {

void compare_convolution(at::Device device, at::ScalarType type, int64_t channels = 16) {
  const auto options = at::TensorOptions().dtype(type).device(device);
  const auto last = at::MemoryFormat::ChannelsLast;
  {
    const at::Tensor w = (at::randn({24, channels, 3, 3}) / 12).to(options), b = at::randn({24}).to(options);
    // Rows and columns of even and odd number; a gradient goes another way.
    for (const auto& [height, width] : {std::pair{7, 6}, std::pair{8, 10}, std::pair{2, 9}, std::pair{5, 3}}) {
      const at::Tensor x = at::randn({2, channels, height, width}).to(options).contiguous(last);
      const at::Tensor leaf = to_double(x).requires_grad_();
      const at::Tensor padded = at::constant_pad_nd(leaf, {0, 1, 0, 1});
      const at::Tensor plain = at::conv2d(padded, to_double(w), to_double(b), {2, 2});
      const at::Tensor y = conv2d(x, w, b, 2, -1, std::nullopt);
      CHECK_CLOSE(y, plain, tolerance_of(type));
      CHECK(!kernels::available(device) || y.is_contiguous(last));
      const at::Tensor own = x.detach().requires_grad_(), dy = at::randn(plain.sizes()).to(options);
      CHECK_CLOSE(
          torch::autograd::grad({conv2d(own, w, b, 2, -1, std::nullopt)}, {own}, {dy})[0],
          torch::autograd::grad({plain}, {leaf}, {to_double(dy)})[0], tolerance_of(type));
    }
  }
  for (const int64_t stride : {1, 2}) {
    const at::Tensor x = at::randn({2, channels, 12, 10}).to(options).contiguous(last).requires_grad_();
    const at::Tensor w = (at::randn({32, channels, 3, 3}) / 12).to(options).contiguous(last),
                     b = at::randn({32}).to(options);
    const at::Tensor plain = at::conv2d(to_double(x), to_double(w), to_double(b), {stride, stride}, {1, 1});
    const at::Tensor residual = at::randn(plain.sizes()).to(options).contiguous(last).requires_grad_();
    CHECK_CLOSE(conv2d(x, w, b, stride, 1, std::nullopt), plain, tolerance_of(type));
    CHECK_CLOSE(
        conv2d(x, w, std::nullopt, stride, 1, std::nullopt), plain - to_double(b).view({-1, 1, 1}), tolerance_of(type));
    {
      at::NoGradGuard no_grad;
      const at::Tensor y = conv2d(x, w, b, stride, 1, std::nullopt);
      CHECK_CLOSE(y, plain, tolerance_of(type));
      CHECK(!kernels::available(device) || y.is_contiguous(last));
      // Pictures and weights in the other layout, and a part of a picture.
      CHECK_CLOSE(conv2d(x.contiguous(), w.contiguous(), b, stride, 1, std::nullopt), plain, tolerance_of(type));
      const at::Tensor part = x.narrow(2, 2, 9);
      CHECK_CLOSE(
          conv2d(part, w, b, stride, 1, std::nullopt),
          at::conv2d(to_double(part), to_double(w), to_double(b), {stride, stride}, {1, 1}), tolerance_of(type));
    }
    const at::Tensor y = conv2d(x, w, b, stride, 1, residual);
    CHECK_CLOSE(y, plain + to_double(residual), tolerance_of(type));
    const at::Tensor dy = at::randn(y.sizes()).to(options).contiguous(last);
    const auto got = torch::autograd::grad({y}, {x, residual}, {dy});
    const at::Tensor leaf = to_double(x).requires_grad_();
    const at::Tensor again = at::conv2d(leaf, to_double(w), to_double(b), {stride, stride}, {1, 1});
    CHECK_CLOSE(got[0], torch::autograd::grad({again}, {leaf}, {to_double(dy)})[0], tolerance_of(type));
    CHECK(got[1].equal(dy));
  }
}

void compare_geglu(at::Device device, at::ScalarType type) {
  const at::Tensor x = (at::randn({3, 5, 64}) * 2).to(device, type).requires_grad_();
  const at::Tensor leaf = to_double(x).requires_grad_();
  const auto halves = leaf.chunk(2, -1);
  const at::Tensor wanted_y = halves[0] * at::gelu(halves[1]), y = geglu(x);
  CHECK_CLOSE(y, wanted_y, tolerance_of(type));
  const at::Tensor dy = at::randn(y.sizes()).to(device, type);
  CHECK_CLOSE(
      torch::autograd::grad({y}, {x}, {dy})[0], torch::autograd::grad({wanted_y}, {leaf}, {to_double(dy)})[0],
      tolerance_of(type));
}

}  // namespace

TEST(a_convolution_takes_its_bias_and_a_residual_along) {
  for (const auto& [device, type] : places()) {
    for (const int64_t channels : {16, 3, 4, 1}) compare_convolution(device, type, channels);
  }
}

TEST(geglu_and_its_gradient) {
  for (const auto& [device, type] : places()) compare_geglu(device, type);
}

TEST(convolutions_and_geglu_emulated) {
  if (!emulation::possible()) SKIP("no C++ compiler");
  const emulation::Emulation on_the_cpu;
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    for (const int64_t channels : {16, 3, 4, 1}) compare_convolution(at::kCPU, type, channels);
    compare_geglu(at::kCPU, type);
  }
}

namespace {

void compare_reading(at::Device device, at::ScalarType type, int64_t keys) {
  // As a layer leaves them, the heads beside each other in memory.
  const auto make = [&](int64_t rows) {
    return at::randn({2, rows, 3, 8}).to(device, type).transpose(1, 2).requires_grad_();
  };
  const at::Tensor q = make(20), k = make(keys), v = make(keys);
  const at::Tensor weights = at::tensor({0.5, 0.2, 0.3}, at::kFloat).to(device);
  const at::Tensor dq = to_double(q).requires_grad_(), dk = to_double(k).requires_grad_(),
                   dv = to_double(v).requires_grad_();
  const at::Tensor p = (dq.matmul(dk.transpose(-1, -2)) / std::sqrt(8.0)).softmax(-1);
  const at::Tensor wanted_map = (to_double(weights).view({1, 3, 1, 1}) * p).sum(1), wanted_out = p.matmul(dv);
  const auto [out, map] = read_attention(q, k, v, weights);
  CHECK_CLOSE(map, wanted_map, type == at::kFloat ? 1e-5 : 1e-4);
  CHECK(map.scalar_type() == at::kFloat && out.scalar_type() == type);
  CHECK_CLOSE(out, wanted_out, tolerance_of(type));
  const at::Tensor d_out = at::randn(out.sizes()).to(device, type), d_map = at::randn(map.sizes()).to(device);
  const auto got = torch::autograd::grad({out, map}, {q, k, v}, {d_out, d_map}, /*retain_graph=*/true);
  const auto wanted_all =
      torch::autograd::grad({wanted_out, wanted_map}, {dq, dk, dv}, {to_double(d_out), to_double(d_map)});
  for (size_t i = 0; i < 3; ++i) CHECK_CLOSE(got[i], wanted_all[i], 2 * tolerance_of(type));
  // A gradient in another layout, as of a map that was transposed, and of one with a dimension of stride 0.
  const at::Tensor turned = d_map.transpose(1, 2).contiguous().transpose(1, 2);
  CHECK_CLOSE(torch::autograd::grad({out, map}, {q}, {d_out, turned}, true)[0], got[0], 1e-5);
  const at::Tensor spread = at::ones({2, 1, 1}, d_map.options()).expand({2, 20, keys});
  const auto alone_q = std::get<1>(read_attention(q, k, std::nullopt, weights));
  CHECK(torch::autograd::grad({alone_q}, {q}, {spread})[0].isfinite().all().item<bool>());
  // The last layer that is read has no output; a layer whose map nobody uses has a gradient all the same.
  const auto [none, alone] = read_attention(q, k, std::nullopt, weights);
  CHECK(none.numel() == 0 && alone.equal(map));
  CHECK(torch::autograd::grad({alone}, {q}, {d_map})[0].sizes() == q.sizes());
  CHECK(torch::autograd::grad({std::get<0>(read_attention(q, k, v, weights))}, {q}, {d_out})[0].sizes() == q.sizes());
  // Without a gradient the rows are worked on in parts.
  at::NoGradGuard no_grad;
  const auto [plain_out, plain_map] = read_attention(q, k, v, weights);
  CHECK_CLOSE(plain_map, map, 1e-5);
  CHECK_CLOSE(plain_out, out, tolerance_of(type));
  // The maps of a level are summed where the kernels read them; a map of another shape is another's.
  const SumMaps sums(true);
  const auto [first_out, first] = read_attention(q, k, v, weights);
  const at::Tensor other = std::get<1>(read_attention(q.narrow(2, 0, 7), k, std::nullopt, weights));
  const auto [second_out, second] = read_attention(q, k, v, weights * 2);
  const bool summed = kernels::available(device);
  CHECK(second.numel() == (summed ? 0 : first.numel()) && second_out.equal(first_out));
  CHECK_CLOSE(first, summed ? plain_map * 3 : plain_map, 1e-6);
  CHECK_CLOSE(other, plain_map.narrow(1, 0, 7), 1e-5);
}

}  // namespace

TEST(attention_that_is_read_equals_its_formula) {
  for (const auto& [device, type] : places()) {
    for (const int64_t keys : {12, 77, 300, 1100}) compare_reading(device, type, keys);
  }
}

TEST(attention_that_is_read_emulated) {
  if (!emulation::possible()) SKIP("no C++ compiler");
  const emulation::Emulation on_the_cpu;
  const at::Tensor q = at::randn({2, 1, 5, 264}), k = at::randn({2, 1, 9, 264}), v = at::randn({2, 1, 9, 264});
  CHECK_CLOSE(*attention_on_kernels(q, k, v), at::scaled_dot_product_attention(q, k, v), 2e-6);
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    for (const int64_t keys : type == at::kFloat ? std::vector<int64_t>{77, 300} : std::vector<int64_t>{12, 1100}) {
      compare_reading(at::kCPU, type, keys);
    }
  }
}

namespace {

void compare_layer_norm(at::Device device, at::ScalarType type, int64_t width) {
  const auto make = [&](at::IntArrayRef shape) { return at::randn(shape).to(device, type); };
  const at::Tensor x = (make({2, 9, width}) + 0.5).requires_grad_(), more = make({2, 9, width}).requires_grad_();
  const at::Tensor w = make({width}) * 0.3 + 1, b = make({width}) * 0.2, dy = make(x.sizes()), d_sum = make(x.sizes());
  const at::Tensor wide_x = to_double(x).requires_grad_(), wide_more = to_double(more).requires_grad_();
  const auto normalised = [&](const at::Tensor& t) {
    return at::layer_norm(t, {width}, to_double(w), to_double(b), 1e-5);
  };
  const double tolerance = tolerance_of(type);
  const at::Tensor y = layer_norm(x, w, b, 1e-5), wanted_y = normalised(wide_x);
  CHECK_CLOSE(y, wanted_y, tolerance);
  CHECK_CLOSE(
      torch::autograd::grad({y}, {x}, {dy})[0], torch::autograd::grad({wanted_y}, {wide_x}, {to_double(dy)})[0],
      tolerance);
  const auto [sum, both] = add_layer_norm(x, more, w, b, 1e-5);
  const at::Tensor wanted_sum = wide_x + wide_more, wanted_both = normalised(wanted_sum);
  CHECK(sum.equal(x + more));
  CHECK_CLOSE(both, wanted_both, 2 * tolerance);
  const auto got = torch::autograd::grad({sum, both}, {x, more}, {d_sum, dy}, true);
  const auto wanted_all =
      torch::autograd::grad({wanted_sum, wanted_both}, {wide_x, wide_more}, {to_double(d_sum), to_double(dy)}, true);
  CHECK_CLOSE(got[0], wanted_all[0], 2 * tolerance);
  CHECK(got[1].equal(got[0]));
  // One of the two may be all that is used.
  CHECK_CLOSE(
      torch::autograd::grad({both}, {more}, {dy}, true)[0],
      torch::autograd::grad({wanted_both}, {wide_more}, {to_double(dy)})[0], 2 * tolerance);
  CHECK(torch::autograd::grad({sum}, {x}, {d_sum}, true)[0].equal(d_sum));
  at::NoGradGuard no_grad;
  CHECK(layer_norm(x, w, b, 1e-5).equal(y) && std::get<1>(add_layer_norm(x, more, w, b, 1e-5)).equal(both));
}

}  // namespace

TEST(layer_norm_and_the_sum_before_it) {
  for (const auto& [device, type] : places()) {
    for (const int64_t width : {24, 320, 640, 1280, 30, 2600}) compare_layer_norm(device, type, width);
  }
}

TEST(layer_norm_emulated) {
  if (!emulation::possible()) SKIP("no C++ compiler");
  const emulation::Emulation on_the_cpu;
  for (const auto type : {at::kFloat, at::kHalf}) {
    for (const int64_t width : {24, 320, 1280}) compare_layer_norm(at::kCPU, type, width);
  }
}

TEST(tensors_are_made_contiguous_together) {
  if (!emulation::possible()) SKIP("no C++ compiler");
  for (const bool emulated : {true, false}) {
    std::optional<emulation::Emulation> on_the_cpu;
    if (emulated) on_the_cpu.emplace();
    for (const auto type : {at::kFloat, at::kHalf}) {
      const at::Tensor a = at::randn({2, 7, 5, 16}).to(type), b = at::randn({2, 4, 3, 16}).to(type);
      const at::Tensor part = at::randn({2, 6, 3 * 16}).to(type).narrow(2, 16, 16).view({2, 6, 1, 16});
      const auto got = contiguous_together({a.transpose(1, 2), b, part.transpose(1, 2), at::Tensor()});
      CHECK(got[0].is_contiguous() && got[0].equal(a.transpose(1, 2)));
      CHECK(got[1].equal(b) && got[2].is_contiguous() && got[2].equal(part.transpose(1, 2)) && !got[3].defined());
      const auto longer = contiguous_together({a.transpose(1, 2), b}, {8, 4});
      CHECK(
          longer[0].equal(at::constant_pad_nd(a.transpose(1, 2), {0, 0, 0, 1})) &&
          longer[1].equal(at::constant_pad_nd(b, {0, 0, 0, 1})));
      // What the kernel does not take.
      const at::Tensor odd = at::randn({2, 3, 4, 3}).to(type).transpose(1, 2);
      CHECK(contiguous_together({odd})[0].is_contiguous() && contiguous_together({odd})[0].equal(odd));
    }
  }
}
