#include "core/inversion/adam.h"

namespace invseg {

AdamState AdamState::zeros(const at::Tensor& parameter) {
  const at::Tensor own = parameter.detach().clone();
  return {
      own, at::zeros_like(own), at::zeros_like(own),
      at::zeros({}, at::TensorOptions().dtype(at::kDouble).device(own.device()))};
}

AdamState adam_update(const AdamState& state, const at::Tensor& gradient, const AdamOptions& options) {
  AdamState next;
  next.step = state.step + 1;
  next.first_moment = state.first_moment * options.beta1 + gradient * (1.0 - options.beta1);
  next.second_moment = state.second_moment * options.beta2 + gradient.square() * (1.0 - options.beta2);
  // 0-dimensional doubles do not widen the moments they divide.
  const at::Tensor first = next.first_moment / (1.0 - at::pow(options.beta1, next.step));
  const at::Tensor second = next.second_moment / (1.0 - at::pow(options.beta2, next.step));
  next.parameter = state.parameter - first / (second.sqrt() + options.eps) * options.learning_rate;
  return next;
}

AdamState select_state(const at::Tensor& accept, const AdamState& next, const AdamState& previous) {
  const auto choose = [&](const at::Tensor& a, const at::Tensor& b) { return at::where(accept, a, b); };
  return {
      choose(next.parameter, previous.parameter), choose(next.first_moment, previous.first_moment),
      choose(next.second_moment, previous.second_moment), choose(next.step, previous.step)};
}

}  // namespace invseg
