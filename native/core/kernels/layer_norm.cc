#include "core/kernels/layer_norm.h"

#include <string>

#include <torch/csrc/autograd/custom_function.h>

#include "core/kernels/program.h"

namespace invseg {
namespace {

constexpr int64_t kWarps = 8;  // of a block, as in the source

/** The rows of x [..., C] for the kernels. */
struct Rows {
  int rows, columns;
  std::string packs;  // that a lane holds at most, of those that are compiled; empty where they are too few

  explicit Rows(const at::Tensor& x) {
    const int64_t wide = 16 / x.element_size();
    columns = static_cast<int>(x.size(-1) / wide);
    rows = static_cast<int>(x.numel() / x.size(-1));
    for (const int most : {10, 5, 3, 2, 1}) {
      if (columns <= 32 * most) packs = std::to_string(most);
    }
  }
  kernels::Grid grid() const { return {(rows + kWarps - 1) / kWarps}; }
};

bool takes(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const auto type = x.scalar_type();
  const auto frozen = [&](const at::Tensor& t) {
    return t.scalar_type() == type && t.is_contiguous() && !t.requires_grad();
  };
  return x.dim() >= 1 && x.numel() > 0 && kernels::is_value_type(type) && kernels::available(x.device()) &&
         x.is_contiguous() && x.size(-1) % (16 / x.element_size()) == 0 && x.numel() < (int64_t{1} << 31) &&
         frozen(weight) && frozen(bias) && !Rows(x).packs.empty();
}

kernels::Kernel kernel(const std::string& name, const at::Tensor& x) {
  return kernels::compile(kernels::layer_norm_source(), name, x.scalar_type(), x.device());
}

struct Forward {
  at::Tensor sum, y, stats;
};

/** `more` may be undefined, and `sum` is then x itself. `stats` [rows, 2] where they are wanted. */
Forward run_forward(
    const at::Tensor& x, const at::Tensor& more, const at::Tensor& weight, const at::Tensor& bias, double eps,
    bool wants_stats) {
  Rows r(x);
  Forward result{more.defined() ? at::empty_like(x) : x, at::empty_like(x), {}};
  if (wants_stats) result.stats = at::empty({r.rows, 2}, x.options().dtype(at::kFloat));
  const void *from = x.const_data_ptr(), *other = more.defined() ? more.const_data_ptr() : nullptr,
             *w = weight.const_data_ptr(), *b = bias.const_data_ptr();
  void *sum = more.defined() ? result.sum.mutable_data_ptr() : nullptr, *y = result.y.mutable_data_ptr(),
       *stats = wants_stats ? result.stats.mutable_data_ptr() : nullptr;
  float floor = static_cast<float>(eps);
  kernels::launch(
      kernel("forward_" + r.packs, x), r.grid(), kWarps * 32,
      {&from, &other, &w, &b, &sum, &y, &stats, &r.rows, &r.columns, &floor}, x.device());
  return result;
}

/** dx, which with `d_sum` is what the sum is given in all. */
at::Tensor run_backward(
    const at::Tensor& gradient, const at::Tensor& d_sum, const at::Tensor& x, const at::Tensor& stats,
    const at::Tensor& weight) {
  const at::Tensor dy = gradient.contiguous(), own = d_sum.defined() ? d_sum.contiguous() : d_sum;
  Rows r(x);
  at::Tensor dx = at::empty_like(x);
  const void *up = dy.const_data_ptr(), *more = own.defined() ? own.const_data_ptr() : nullptr,
             *from = x.const_data_ptr(), *kept = stats.const_data_ptr(), *w = weight.const_data_ptr();
  void* to = dx.mutable_data_ptr();
  kernels::launch(
      kernel("backward_" + r.packs, x), r.grid(), kWarps * 32, {&up, &more, &from, &kept, &w, &to, &r.rows, &r.columns},
      x.device());
  return dx;
}

struct LayerNorm : torch::autograd::Function<LayerNorm> {
  static at::Tensor forward(
      torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
      double eps) {
    at::AutoDispatchBelowADInplaceOrView below;
    const Forward done = run_forward(x, at::Tensor(), weight, bias, eps, true);
    context->save_for_backward({x, done.stats, weight});
    return done.y;
  }
  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    return {run_backward(gradients[0], at::Tensor(), saved[0], saved[1], saved[2]), {}, {}, {}};
  }
};

struct AddLayerNorm : torch::autograd::Function<AddLayerNorm> {
  static torch::autograd::variable_list forward(
      torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& more, const at::Tensor& weight,
      const at::Tensor& bias, double eps) {
    at::AutoDispatchBelowADInplaceOrView below;
    const Forward done = run_forward(x, more, weight, bias, eps, true);
    context->save_for_backward({done.sum, done.stats, weight});
    context->set_materialize_grads(false);
    return {done.sum, done.y};
  }
  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor dx =
        gradients[1].defined() ? run_backward(gradients[1], gradients[0], saved[0], saved[1], saved[2]) : gradients[0];
    return {dx, dx, {}, {}, {}};
  }
};

bool learns(const at::Tensor& x) { return at::GradMode::is_enabled() && x.requires_grad(); }

}  // namespace

at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps) {
  if (!takes(x, weight, bias)) return at::layer_norm(x, {x.size(-1)}, weight, bias, eps);
  if (learns(x)) return LayerNorm::apply(x, weight, bias, eps);
  return run_forward(x, at::Tensor(), weight, bias, eps, false).y;
}

std::tuple<at::Tensor, at::Tensor> add_layer_norm(
    const at::Tensor& x, const at::Tensor& more, const at::Tensor& weight, const at::Tensor& bias, double eps) {
  if (!takes(x, weight, bias) || !more.is_contiguous() || more.sizes() != x.sizes() ||
      more.scalar_type() != x.scalar_type()) {
    const at::Tensor sum = x + more;
    return {sum, layer_norm(sum, weight, bias, eps)};
  }
  if (learns(x) || learns(more)) {
    const auto both = AddLayerNorm::apply(x, more, weight, bias, eps);
    return {both[0], both[1]};
  }
  const Forward done = run_forward(x, more, weight, bias, eps, false);
  return {done.sum, done.y};
}

}  // namespace invseg
