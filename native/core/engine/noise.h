#pragma once

#include <cstdint>
#include <vector>

#include <torch/script.h>

#include "core/engine/config.h"

namespace invseg {

/**
 * `shape` of standard normal values, float32 on the CPU, one draw after the other for each index of the first dimension:
 * the noise of view v does not depend on how many views follow it, and one seed gives one mask on every device.
 */
at::Tensor gaussian_noise(at::Generator& generator, at::IntArrayRef shape);
/** The same into `noise`, contiguous: on this thread alone, whatever others LibTorch has. */
void fill_gaussian(at::Generator& generator, const at::Tensor& noise);

/** A CPU generator seeded by the caller. */
at::Generator make_generator(uint64_t seed);

/**
 * The diffusion schedule as tables on the device, so that a step reads its timesteps from a tensor.
 *
 * x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps, abar = cumprod(1 - beta), t used as the raw index. Tables are computed
 * in double and rounded once.
 */
class Schedule {
 public:
  Schedule(const ScheduleConfig& config, int64_t time_width, at::Device device);

  /** latents [B, c, h, w], noise likewise, timesteps int64 [B] in [0, steps) -> [B, c, h, w] */
  at::Tensor add_noise(const at::Tensor& latents, const at::Tensor& noise, const at::Tensor& timesteps) const;

  /** timesteps int64 [B] -> [B, time_width]: cosines first, frequencies 10000^(-i / (width / 2)). */
  at::Tensor sinusoids(const at::Tensor& timesteps) const;

  int64_t steps() const { return steps_; }

 private:
  int64_t steps_;
  at::Tensor signal_;     // [steps] sqrt(abar)
  at::Tensor noise_;      // [steps] sqrt(1 - abar)
  at::Tensor sinusoids_;  // [steps, time_width]
};

}  // namespace invseg
