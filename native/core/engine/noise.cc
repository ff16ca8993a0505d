#include "core/engine/noise.h"

#include <cmath>

#include <ATen/CPUGeneratorImpl.h>

namespace invseg {

at::Generator make_generator(uint64_t seed) { return at::make_generator<at::CPUGeneratorImpl>(seed); }

at::Tensor gaussian_noise(at::Generator& generator, at::IntArrayRef shape) {
  at::Tensor noise = at::empty(shape, at::TensorOptions().dtype(at::kFloat));
  fill_gaussian(generator, noise);
  return noise;
}

void fill_gaussian(at::Generator& generator, const at::Tensor& noise) {
  for (int64_t i = 0; i < noise.size(0); ++i) noise.select(0, i).normal_(0, 1, generator);
}

Schedule::Schedule(const ScheduleConfig& config, int64_t time_width, at::Device device) : steps_(config.steps) {
  const auto wide = at::TensorOptions().dtype(at::kDouble);
  const at::Tensor betas =
      at::linspace(std::sqrt(config.beta_start), std::sqrt(config.beta_end), steps_, wide).square();  // [steps]
  const at::Tensor kept = (1.0 - betas).cumprod(0);                                                   // abar [steps]
  const int64_t half = time_width / 2;
  const at::Tensor frequencies = (at::arange(half, wide) * (-std::log(10000.0) / static_cast<double>(half))).exp();
  const at::Tensor angles = at::arange(steps_, wide).unsqueeze(1) * frequencies;  // [steps, half]
  const auto place = [&](const at::Tensor& table) { return table.to(at::kFloat).to(device); };
  signal_ = place(kept.sqrt());
  noise_ = place((1.0 - kept).sqrt());
  sinusoids_ = place(at::cat({angles.cos(), angles.sin()}, 1));
}

at::Tensor Schedule::add_noise(const at::Tensor& latents, const at::Tensor& noise, const at::Tensor& timesteps) const {
  const auto column = [&](const at::Tensor& table) { return table.index_select(0, timesteps).view({-1, 1, 1, 1}); };
  return column(signal_) * latents + column(noise_) * noise;
}

at::Tensor Schedule::sinusoids(const at::Tensor& timesteps) const { return sinusoids_.index_select(0, timesteps); }

}  // namespace invseg
