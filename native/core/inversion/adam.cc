#include "core/inversion/adam.h"

#include <algorithm>

#include "core/kernels/loss_sources.h"
#include "core/kernels/program.h"

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

namespace {

constexpr int64_t kThreads = 256;  // as in the source
constexpr int64_t kMostBlocks = 64;

AdamStep on_kernels(
    const AdamState& state, const at::Tensor& gradient, const at::Tensor& trainable, double scale,
    const at::Tensor& losses, const AdamOptions& options) {
  const at::Device device = gradient.device();
  const auto kernel = [&](const char* name) {
    return kernels::compile(kernels::adam_source(), name, at::kFloat, device);
  };
  long long count = gradient.numel(), width = gradient.size(-1);
  int blocks = static_cast<int>(std::clamp<int64_t>((count + kThreads - 1) / kThreads, 1, kMostBlocks));
  float unscale = static_cast<float>(1.0 / scale);
  const at::Tensor partial = at::empty({blocks, 2}, losses.options());
  AdamStep done;
  done.next = {
      at::empty_like(state.parameter), at::empty_like(state.first_moment), at::empty_like(state.second_moment),
      at::empty_like(state.step)};
  done.scalars = at::empty({7}, losses.options());
  const void *g = gradient.const_data_ptr(), *free = trainable.const_data_ptr(), *l = losses.const_data_ptr();
  void* sums = partial.mutable_data_ptr();
  kernels::launch(kernel("gradient_sums"), {blocks}, kThreads, {&g, &free, &unscale, &sums, &count, &width}, device);
  const void *p0 = state.parameter.const_data_ptr(), *m0 = state.first_moment.const_data_ptr(),
             *v0 = state.second_moment.const_data_ptr(), *t0 = state.step.const_data_ptr();
  void *p1 = done.next.parameter.mutable_data_ptr(), *m1 = done.next.first_moment.mutable_data_ptr(),
       *v1 = done.next.second_moment.mutable_data_ptr(), *t1 = done.next.step.mutable_data_ptr(),
       *scalars = done.scalars.mutable_data_ptr();
  double rate = options.learning_rate, beta1 = options.beta1, beta2 = options.beta2, eps = options.eps;
  kernels::launch(
      kernel("adam"), {blocks}, kThreads, {&g,  &free, &unscale, &sums,    &l,     &p0,    &m0,   &v0,    &t0,    &p1,
                                           &m1, &v1,   &t1,      &scalars, &count, &width, &rate, &beta1, &beta2, &eps},
      device);
  return done;
}

}  // namespace

AdamStep take_step(
    const AdamState& state, const at::Tensor& gradient, const at::Tensor& trainable, double scale,
    const at::Tensor& losses, const AdamOptions& options) {
  const at::Tensor whole = gradient.contiguous();
  const auto fits = [](const at::Tensor& x) { return x.scalar_type() == at::kFloat && x.is_contiguous(); };
  if (kernels::available(whole.device()) && whole.numel() > 0 && fits(whole) && fits(trainable) &&
      fits(state.parameter) && fits(state.first_moment) && fits(state.second_moment) && losses.is_contiguous()) {
    return on_kernels(state, whole, trainable, scale, losses, options);
  }
  const at::Tensor own = whole * (trainable / scale);
  const at::Tensor all = losses.flatten();  // [5]
  const at::Tensor norm = own.square().sum().sqrt();
  const at::Tensor finite = all.select(0, 0).isfinite().logical_and(own.isfinite().all());
  AdamStep done;
  done.next = select_state(finite, adam_update(state, own, options), state);
  done.scalars = at::cat({all, at::stack({norm.to(at::kDouble), finite.to(at::kDouble)})});
  return done;
}

}  // namespace invseg
