#pragma once

#include <torch/script.h>

namespace invseg {

struct AdamOptions {
  double learning_rate = 0.01;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
};

/** Parameter and optimizer state; `step` is a float64 scalar tensor, so that an update needs no host synchronisation. */
struct AdamState {
  at::Tensor parameter;
  at::Tensor first_moment;
  at::Tensor second_moment;
  at::Tensor step;  ///< updates made so far

  /** Zero moments for `parameter`, which is cloned and detached. */
  static AdamState zeros(const at::Tensor& parameter);
};

/** One bias-corrected Adam update, functional: returns the next state and leaves `state` as it was. */
AdamState adam_update(const AdamState& state, const at::Tensor& gradient, const AdamOptions& options);

/** `next` where the scalar bool tensor `accept` is true, else `previous`; decided on the device. */
AdamState select_state(const at::Tensor& accept, const AdamState& next, const AdamState& previous);

/** What a step gives: the next state, and scalars float64 [7]. */
struct AdamStep {
  AdamState next;
  at::Tensor scalars;  ///< total, cluster, entropy, intra, inter, norm of the gradient, 1 where both are finite
};

/**
 * The end of a step: `adam_update` by the gradient, or the state as it was where the loss or the gradient is not finite. A refused
 * step is refused on the device: the host learns of it when it reads the scalars. Two kernels where `kernels::available`.
 *
 * @param gradient as `state.parameter`, of `scale` times the loss @param trainable [P, K, 1] 1 where the parameter may change
 * @param losses [1, 5] float64 as `StepLoss::parts`
 */
AdamStep take_step(
    const AdamState& state, const at::Tensor& gradient, const at::Tensor& trainable, double scale,
    const at::Tensor& losses, const AdamOptions& options);

}  // namespace invseg
