#include "core/kernels/linear.h"

#include <vector>

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/autograd/custom_function.h>

namespace invseg {
namespace {

/** oneDNN's linear layer with what may follow it; none where LibTorch was built without oneDNN. */
const std::optional<c10::OperatorHandle>& onednn() {
  static const auto found = [] {
    auto handle = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
    const bool fits = handle && handle->schema().arguments().size() == 6 && at::globalContext().hasMKLDNN();
    return fits ? handle : std::nullopt;
  }();
  return found;
}

struct Linear : torch::autograd::Function<Linear> {
  static at::Tensor forward(
      torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
      const std::optional<at::Tensor>& bias) {
    at::AutoDispatchBelowADInplaceOrView below;
    context->save_for_backward({weight});
    return product(x.contiguous(), weight, bias);
  }
  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const at::Tensor weight = context->get_saved_variables()[0];
    return {product(gradients[0].contiguous(), weight.t()), {}, {}};
  }
};

}  // namespace

bool has_product(const at::Tensor& x) {
  return x.is_cpu() && x.scalar_type() == at::kFloat && x.numel() > 0 && onednn() &&
         at::globalContext().userEnabledMkldnn();
}

at::Tensor product(const at::Tensor& a, const at::Tensor& b, const std::optional<at::Tensor>& bias) {
  // By the boxed call: the types of its C++ signature change from LibTorch to LibTorch.
  torch::jit::Stack stack{
      a,
      b,
      bias ? c10::IValue(*bias) : c10::IValue(),
      std::string("none"),
      c10::List<std::optional<at::Scalar>>(),
      std::string()};
  onednn()->callBoxed(stack);
  return stack[0].toTensor();
}

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  const auto frozen = [](const at::Tensor& t) { return t.scalar_type() == at::kFloat && !t.requires_grad(); };
  if (!has_product(x) || x.dim() < 2 || !frozen(weight) || (bias && !frozen(*bias))) return at::linear(x, weight, bias);
  if (at::GradMode::is_enabled() && x.requires_grad()) return Linear::apply(x, weight, bias);
  return product(x.contiguous(), weight, bias);
}

}  // namespace invseg
