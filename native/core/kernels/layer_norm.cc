#include "core/kernels/layer_norm.h"

namespace invseg {

at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps) {
  return at::layer_norm(x, {x.size(-1)}, weight, bias, eps);
}

std::tuple<at::Tensor, at::Tensor> add_layer_norm(
    const at::Tensor& x, const at::Tensor& more, const at::Tensor& weight, const at::Tensor& bias, double eps) {
  const at::Tensor sum = x + more;
  return {sum, layer_norm(sum, weight, bias, eps)};
}

}  // namespace invseg
