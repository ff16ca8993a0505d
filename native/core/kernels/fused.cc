#include "core/kernels/fused.h"

#include <algorithm>
#include <vector>

#include <torch/csrc/autograd/custom_function.h>

#include "core/kernels/program.h"
#include "core/kernels/unfold.h"

namespace invseg {
namespace {

using kernels::kMultiprocessors;
using kernels::kThreads;

int64_t pack_of(const at::Tensor& x) { return 16 / x.element_size(); }

/** Enough blocks for a large GPU; a block goes on to further packs. */
int64_t blocks_for(int64_t packs) {
  return std::clamp<int64_t>((packs + kThreads - 1) / kThreads, 1, kMultiprocessors * 16);
}

kernels::Kernel kernel(const char* name, const at::Tensor& x) {
  return kernels::compile(kernels::fused_source(), name, x.scalar_type(), x.device());
}

bool on_kernels(const at::Tensor& x) {
  return x.numel() > 0 && kernels::is_value_type(x.scalar_type()) && kernels::available(x.device());
}

/** Into `y`, which may be x itself. */
at::Tensor run_add_bias(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& residual, at::Tensor y) {
  const void *from = x.const_data_ptr(), *b = bias.const_data_ptr(),
             *more = residual.defined() ? residual.const_data_ptr() : nullptr;
  void* to = y.mutable_data_ptr();
  long long packs = x.numel() / pack_of(x);
  int columns = static_cast<int>(x.size(1) / pack_of(x));
  kernels::launch(
      kernel("add_bias", x), {blocks_for(packs)}, kThreads, {&from, &b, &more, &to, &packs, &columns}, x.device());
  return y;
}

struct AddBias : torch::autograd::Function<AddBias> {
  static at::Tensor forward(
      torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& bias,
      const std::optional<at::Tensor>& residual) {
    at::AutoDispatchBelowADInplaceOrView below;
    context->saved_data["residual"] = residual.has_value();
    return run_add_bias(x, bias, residual.value_or(at::Tensor()), at::empty_like(x));
  }
  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    return {gradients[0], {}, context->saved_data["residual"].toBool() ? gradients[0] : at::Tensor()};
  }
};

struct Geglu : torch::autograd::Function<Geglu> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x) {
    at::AutoDispatchBelowADInplaceOrView below;
    context->save_for_backward({x});
    std::vector<int64_t> shape = x.sizes().vec();
    shape.back() /= 2;
    at::Tensor y = at::empty(shape, x.options());
    const void* from = x.const_data_ptr();
    void* to = y.mutable_data_ptr();
    long long packs = y.numel() / pack_of(x);
    int columns = static_cast<int>(shape.back() / pack_of(x));
    kernels::launch(
        kernel("geglu_forward", x), {blocks_for(packs)}, kThreads, {&from, &to, &packs, &columns}, x.device());
    return y;
  }
  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const at::Tensor x = context->get_saved_variables()[0];
    const at::Tensor dy = gradients[0].contiguous();
    at::Tensor dx = at::empty_like(x);
    const void *up = dy.const_data_ptr(), *from = x.const_data_ptr();
    void* to = dx.mutable_data_ptr();
    long long packs = dy.numel() / pack_of(x);
    int columns = static_cast<int>(dy.size(-1) / pack_of(x));
    kernels::launch(
        kernel("geglu_backward", x), {blocks_for(packs)}, kThreads, {&up, &from, &to, &packs, &columns}, x.device());
    return {dx};
  }
};

/** A row and a column of zeros after the last of x [B, C, h, w]. */
at::Tensor padded_at_the_end(const at::Tensor& x) {
  const int64_t rows = x.size(0) * (x.size(2) + 1), packs = (x.size(3) + 1) * x.size(1) / pack_of(x);
  const bool fits = on_kernels(x) && x.is_contiguous(at::MemoryFormat::ChannelsLast) && x.size(1) % pack_of(x) == 0 &&
                    rows <= 65535 && packs < (int64_t{1} << 31) && !(at::GradMode::is_enabled() && x.requires_grad());
  if (!fits) return at::constant_pad_nd(x, {0, 1, 0, 1});
  at::Tensor y = at::empty(
      {x.size(0), x.size(1), x.size(2) + 1, x.size(3) + 1}, x.options().memory_format(at::MemoryFormat::ChannelsLast));
  const void* from = x.const_data_ptr();
  void* to = y.mutable_data_ptr();
  int height = static_cast<int>(x.size(2)), width = static_cast<int>(x.size(3)),
      columns = static_cast<int>(x.size(1) / pack_of(x));
  kernels::launch(
      kernel("pad_end", x), {std::clamp<int64_t>((packs + kThreads - 1) / kThreads, 1, 16), rows}, kThreads,
      {&from, &to, &height, &width, &columns}, x.device());
  return y;
}

/**
 * A 3 x 3 convolution of stride 2 with zeros after the last row and column alone: with two rows and columns of zeros on every
 * side its first result is one that nobody asked for, and all others are those that were. So x needs no copy with a border;
 * the pass that adds the bias leaves the first row and column out. Nothing where that does not fit or a gradient is wanted.
 */
std::optional<at::Tensor> convolved_to_the_end(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const auto last = at::MemoryFormat::ChannelsLast;
  const auto frozen = [&](const at::Tensor& t) { return t.scalar_type() == x.scalar_type() && !t.requires_grad(); };
  const bool fits = on_kernels(x) && x.dim() == 4 && x.is_contiguous(last) && x.size(1) >= pack_of(x) &&
                    x.size(2) > 1 && x.size(3) > 1 && weight.size(2) == 3 && weight.size(3) == 3 &&
                    weight.size(0) % pack_of(x) == 0 && frozen(weight) && frozen(bias) && bias.is_contiguous() &&
                    !(at::GradMode::is_enabled() && x.requires_grad());
  if (!fits) return std::nullopt;
  const at::Tensor whole = at::conv2d(x, weight, std::nullopt, {2, 2}, {2, 2}).contiguous(last);
  // Of an odd number of rows the last result is not asked for either.
  const int64_t h = (x.size(2) - 2) / 2 + 1, w = (x.size(3) - 2) / 2 + 1;
  const int64_t packs = w * whole.size(1) / pack_of(x), rows = x.size(0) * h;
  if (whole.size(2) != h + 1 || whole.size(3) != w + 1 || rows > 65535) {
    return whole.narrow(2, 1, h).narrow(3, 1, w).add(bias.view({-1, 1, 1})).contiguous(last);
  }
  at::Tensor y = at::empty({x.size(0), whole.size(1), h, w}, x.options().memory_format(last));
  const void *from = whole.const_data_ptr(), *b = bias.const_data_ptr();
  void* to = y.mutable_data_ptr();
  int height = static_cast<int>(h), width = static_cast<int>(w), columns = static_cast<int>(whole.size(1) / pack_of(x));
  kernels::launch(
      kernel("add_bias_inside", x), {std::clamp<int64_t>((packs + kThreads - 1) / kThreads, 1, 16), rows}, kThreads,
      {&from, &b, &to, &height, &width, &columns}, x.device());
  return y;
}

/** Fewer channels than a 16-byte row has (a picture's three) are filled up with zeros: cuDNN is three times as fast then. */
at::Tensor whole_rows(const at::Tensor& x) {
  const int64_t missing = (pack_of(x) - x.size(1) % pack_of(x)) % pack_of(x);
  return missing == 0 ? x : at::constant_pad_nd(x, {0, 0, 0, 0, 0, missing}).contiguous(at::MemoryFormat::ChannelsLast);
}

}  // namespace

at::Tensor conv2d(
    const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias, int64_t stride,
    int64_t border, const std::optional<at::Tensor>& residual) {
  if (border < 0 && stride == 2 && bias && !residual) {
    if (auto y = convolved_to_the_end(input, weight, *bias)) return *y;
  }
  const at::Tensor x = border < 0 ? padded_at_the_end(input) : input;
  const int64_t padding = std::max<int64_t>(border, 0);
  const at::Tensor own = bias.value_or(at::Tensor()), more = residual.value_or(at::Tensor());
  const auto last = at::MemoryFormat::ChannelsLast;
  if (stride == 1 && own.defined() && !more.defined()) {
    if (auto y = convolution_by_rows(x, weight, own, padding)) return *y;
  }
  const auto convolve = [&](const at::Tensor& with) {
    return at::conv2d(x, weight, with, {stride, stride}, {padding, padding});
  };
  const bool fits = on_kernels(x) && x.is_contiguous(last) && own.defined() && weight.size(0) % pack_of(x) == 0 &&
                    own.scalar_type() == x.scalar_type() && own.is_contiguous() && !own.requires_grad() &&
                    (!more.defined() || (more.scalar_type() == x.scalar_type() && more.is_contiguous(last)));
  if (!fits) {
    at::Tensor y = convolve(own);
    if (!more.defined()) return y;
    // In place where nobody can want it as it was.
    return at::GradMode::is_enabled() && (y.requires_grad() || more.requires_grad()) ? y + more : y.add_(more);
  }
  const bool narrow = x.size(1) < pack_of(x) && !weight.requires_grad();
  const at::Tensor y =
      (narrow ? at::conv2d(whole_rows(x), whole_rows(weight), std::nullopt, {stride, stride}, {padding, padding})
              : convolve(at::Tensor()))
          .contiguous(last);
  const bool learns = y.requires_grad() || (more.defined() && more.requires_grad());
  // In place where nobody can want it as it was: of the encoder's first pictures a copy would be a quarter of its memory.
  return at::GradMode::is_enabled() && learns ? AddBias::apply(y, own, residual) : run_add_bias(y, own, more, y);
}

at::Tensor geglu(const at::Tensor& x) {
  if (on_kernels(x) && x.is_contiguous() && x.size(-1) % (2 * pack_of(x)) == 0) return Geglu::apply(x);
  const auto halves = x.chunk(2, -1);
  return halves[0] * at::gelu(halves[1]);
}

}  // namespace invseg
