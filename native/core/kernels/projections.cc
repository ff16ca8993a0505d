#include "core/kernels/projections.h"

#include <algorithm>

#include <torch/csrc/autograd/custom_function.h>

#include "core/kernels/linear.h"

namespace invseg {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

bool is_half(at::ScalarType type) { return type == at::kHalf || type == at::kBFloat16; }

/** a [n, k] b [k, m] with sums and result in float32; float64 stays. */
at::Tensor wide_product(const at::Tensor& a, const at::Tensor& b) {
  if (!is_half(a.scalar_type())) return a.mm(b);
  // CUDA's own; for the others the same value, exact products of half precision.
  return a.is_cuda() ? at::mm(a, b, at::kFloat) : a.to(at::kFloat).mm(b.to(at::kFloat));
}

/** x [..., total] -> its columns, `widths` of them each. */
std::vector<at::Tensor> columns(const at::Tensor& x, at::IntArrayRef widths) { return x.split_with_sizes(widths, -1); }

/** Gradients of `columns` side by side, [rows, total]; zeros for those that nobody has. */
at::Tensor beside(const variable_list& gradients, at::IntArrayRef widths, int64_t rows, const at::Tensor& weight) {
  std::vector<at::Tensor> parts;
  at::Tensor none;
  for (size_t i = 0; i < widths.size(); ++i) {
    if (!gradients[i].defined() && !none.defined()) none = at::zeros({1, 1}, weight.options());
    parts.push_back(gradients[i].defined() ? gradients[i].reshape({rows, widths[i]}) : none.expand({rows, widths[i]}));
  }
  return at::cat(parts, 1);
}

bool any_defined(const variable_list& gradients) {
  return std::any_of(gradients.begin(), gradients.end(), [](const at::Tensor& g) { return g.defined(); });
}

at::Tensor project(const at::Tensor& x, const at::Tensor& weight) {
  std::vector<int64_t> shape = x.sizes().vec();
  shape.back() = weight.size(0);
  return x.reshape({-1, x.size(-1)}).mm(weight.t()).view(shape);
}

struct Projections : torch::autograd::Function<Projections> {
  static variable_list forward(
      AutogradContext* context, const at::Tensor& x, const at::Tensor& weight, const std::vector<int64_t>& widths) {
    at::AutoDispatchBelowADInplaceOrView below;
    context->save_for_backward({weight});
    context->saved_data["shape"] = x.sizes().vec();
    context->saved_data["widths"] = widths;
    context->set_materialize_grads(false);
    return columns(project(x, weight), widths);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    if (!any_defined(gradients)) return {{}, {}, {}};
    const at::Tensor weight = context->get_saved_variables()[0];
    const auto shape = context->saved_data["shape"].toIntVector(), widths = context->saved_data["widths"].toIntVector();
    const int64_t rows = c10::multiply_integers(shape) / shape.back();
    return {beside(gradients, widths, rows, weight).mm(weight).view(shape), {}, {}};
  }
};

/** context [P, M, W], weight [total, W] -> [views P, M, total] */
at::Tensor states_of(const at::Tensor& context, const at::Tensor& weight, int64_t views) {
  const int64_t prompts = context.size(0), positions = context.size(1), total = weight.size(0);
  const at::Tensor rows = context.reshape({prompts * positions, context.size(2)});
  const auto shaped = [&](const at::Tensor& x) { return x.view({1, prompts, positions, total}); };
  const auto repeated = [&](const at::Tensor& x) { return shaped(x).expand({views, -1, -1, -1}); };
  if (!is_half(weight.scalar_type())) {
    return repeated(rows.mm(weight.t())).reshape({views * prompts, positions, total});
  }
  const at::Tensor halves = at::empty({2, rows.size(0), rows.size(1)}, weight.options());
  const at::Tensor most = halves[0];
  at::Tensor rest = halves[1];
  most.copy_(rows);
  at::sub_out(rest, rows, most);  // in float32
  const at::Tensor product = wide_product(halves.flatten(0, 1), weight.t()).view({2, rows.size(0), total});
  at::Tensor states = at::empty({views, prompts, positions, total}, weight.options());
  // The sum, its rounding and the copies for the views in one pass.
  at::add_out(states, repeated(product[0]), repeated(product[1]));
  return states.view({views * prompts, positions, total});
}

struct PromptStates : torch::autograd::Function<PromptStates> {
  static variable_list forward(
      AutogradContext* context, const at::Tensor& prompt, const at::Tensor& weight, const std::vector<int64_t>& widths,
      int64_t views) {
    at::AutoDispatchBelowADInplaceOrView below;
    context->save_for_backward({weight});
    context->saved_data["shape"] = prompt.sizes().vec();
    context->saved_data["widths"] = widths;
    context->saved_data["views"] = views;
    context->set_materialize_grads(false);
    return columns(states_of(prompt, weight, views), widths);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    if (!any_defined(gradients)) return {{}, {}, {}, {}};
    const at::Tensor weight = context->get_saved_variables()[0];
    const auto shape = context->saved_data["shape"].toIntVector(), widths = context->saved_data["widths"].toIntVector();
    const int64_t views = context->saved_data["views"].toInt();
    const at::Tensor whole = beside(gradients, widths, views * shape[0] * shape[1], weight);
    const at::Tensor each = wide_product(whole, weight).view({views, shape[0], shape[1], shape[2]});
    return {views == 1 ? each[0] : each.sum(0), {}, {}, {}};
  }
};

std::vector<int64_t> widths_of(at::TensorList weights) {
  std::vector<int64_t> widths;
  for (const auto& weight : weights) widths.push_back(weight.size(0));
  return widths;
}

bool learns(const at::Tensor& x) { return at::GradMode::is_enabled() && x.requires_grad(); }

}  // namespace

std::optional<at::Tensor> joined(at::TensorList weights) {
  if (weights.empty()) return std::nullopt;
  const at::Tensor& first = weights[0];
  if (first.dim() != 1 && first.dim() != 2) return std::nullopt;
  const int64_t width = first.dim() == 2 ? first.size(1) : 1;
  int64_t rows = 0;
  for (const auto& weight : weights) {
    const bool fits = weight.dim() == first.dim() && weight.sizes().slice(1) == first.sizes().slice(1) &&
                      weight.is_contiguous() && weight.scalar_type() == first.scalar_type() &&
                      !weight.requires_grad() && weight.is_alias_of(first) &&
                      weight.storage_offset() == first.storage_offset() + rows * width;
    if (!fits) return std::nullopt;
    rows += weight.size(0);
  }
  if (first.dim() == 1) return first.as_strided({rows}, {1}, first.storage_offset());
  return first.as_strided({rows, width}, {width, 1}, first.storage_offset());
}

std::vector<at::Tensor> joined_projections(
    const at::Tensor& x, const at::Tensor& weight, const std::vector<int64_t>& widths) {
  return learns(x) ? Projections::apply(x, weight, widths) : columns(project(x, weight), widths);
}

std::vector<at::Tensor> joined_prompt_states(
    const at::Tensor& context, const at::Tensor& weight, const std::vector<int64_t>& widths, int64_t views) {
  if (learns(context)) return PromptStates::apply(context, weight, widths, views);
  return columns(states_of(context, weight, views), widths);
}

std::vector<at::Tensor> joined_time_states(
    const at::Tensor& time, const at::Tensor& weight, const at::Tensor& bias, const std::vector<int64_t>& widths) {
  return columns(at::addmm(bias, time, weight.t()), widths);
}

std::vector<at::Tensor> projections(const at::Tensor& x, at::TensorList weights) {
  if (!x.is_cpu() && x.numel() > 0 && !weights.empty() && weights[0].scalar_type() == x.scalar_type()) {
    if (const auto weight = joined(weights)) return joined_projections(x, *weight, widths_of(weights));
  }
  std::vector<at::Tensor> results;
  for (const auto& weight : weights) results.push_back(invseg::linear(x, weight, std::nullopt));
  return results;
}

std::vector<at::Tensor> prompt_states(const at::Tensor& context, at::TensorList weights, const at::Tensor& like) {
  TORCH_CHECK(
      context.dim() == 3 && context.size(0) > 0 && like.dim() > 0 && like.size(0) % context.size(0) == 0,
      "expected a batch that is a multiple of the prompts [P, M, W]");
  const int64_t views = like.size(0) / context.size(0);
  if (!like.is_cpu() && !weights.empty() && weights[0].scalar_type() == like.scalar_type() &&
      context.scalar_type() == at::kFloat && (is_half(like.scalar_type()) || like.scalar_type() == at::kFloat)) {
    if (const auto weight = joined(weights)) {
      return joined_prompt_states(context, *weight, widths_of(weights), views);
    }
  }
  std::vector<at::Tensor> results;
  for (const auto& weight : weights) {
    at::Tensor states = invseg::linear(context.to(weight.scalar_type()), weight, std::nullopt).to(like.scalar_type());
    if (views != 1) {
      states = states.unsqueeze(0).expand({views, -1, -1, -1}).reshape({like.size(0), states.size(1), states.size(2)});
    }
    results.push_back(states);
  }
  return results;
}

std::vector<at::Tensor> time_states(
    const at::Tensor& time, at::TensorList weights, at::TensorList biases, at::TensorList more) {
  TORCH_CHECK(
      weights.size() == biases.size() && weights.size() == more.size(),
      "expected as many vectors of both kinds as weights");
  if (!time.is_cpu() && !learns(time) && time.dim() == 2 && time.numel() > 0 && !weights.empty()) {
    const auto weight = joined(weights), own = joined(biases), other = joined(more);
    if (weight && own && other && weight->scalar_type() == time.scalar_type() && own->sizes() == other->sizes()) {
      return joined_time_states(time, *weight, *own + *other, widths_of(weights));
    }
  }
  std::vector<at::Tensor> results;
  for (size_t i = 0; i < weights.size(); ++i) results.push_back(invseg::linear(time, weights[i], biases[i]) + more[i]);
  return results;
}

}  // namespace invseg
