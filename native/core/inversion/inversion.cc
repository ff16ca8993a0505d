#include "core/inversion/inversion.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <torch/csrc/autograd/autograd.h>

#include "core/error.h"
#include "core/inversion/labels.h"
#include "core/inversion/views.h"
#include "core/maps/aggregate.h"
#include "core/maps/refine.h"
#include "core/methods/attend.h"

namespace invseg {
namespace {

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

/** [V] or [V, ...] -> every entry `prompts` times in a row: the batch is views x prompts. */
at::Tensor repeat_views(const at::Tensor& x, int64_t prompts) {
  return prompts == 1 ? x : x.repeat_interleave(prompts, 0);
}

/** Boxes are fractions; the tolerance is the rounding of `left + width` in float32. */
void check_boxes(const std::vector<float>& boxes, size_t views) {
  check_shape(
      boxes.size() == 4 * views, "Expected " + std::to_string(4 * views) + " box values, four a view, but received " +
                                     std::to_string(boxes.size()));
  for (size_t v = 0; v < views; ++v) {
    for (size_t axis = 0; axis < 2; ++axis) {
      const float start = boxes[4 * v + axis], extent = boxes[4 * v + 2 + axis];
      if (!(start >= 0.0f && extent > 0.0f && start + extent <= 1.0f + 1e-5f)) {
        throw Error("INVALID_OPTION", "Expected every view's box inside the picture, as fractions from 0 to 1");
      }
    }
  }
}

}  // namespace

Inversion::Inversion(
    std::shared_ptr<Engine> engine, Image image, const at::Tensor& embedding, InversionOptions options)
    : engine_(std::move(engine)), image_(std::move(image)), options_(std::move(options)) {
  engine_->check_embedding(embedding);
  prompts_ = embedding.size(0);
  const int64_t length = engine_->config().prompt_length;
  options_.training.check(engine_->config());
  options_.training = options_.training.to(engine_->device());
  options_.cluster.distance_constant = options_.gradient != GradientMode::exact;
  check_shape(options_.frame >= 1, "Expected a frame of at least one point");
  check_shape(
      static_cast<int64_t>(options_.trainable.size()) == prompts_ * length,
      "Expected one trainable flag a prompt position");

  const at::Device device = engine_->device();
  state_ = AdamState::zeros(embedding.to(device, at::kFloat));
  trainable_ = at::from_blob(options_.trainable.data(), {prompts_, length, 1}, at::kByte).ne(0).to(device, at::kFloat);

  pick_ = CategoryPicker(options_.spans, options_.subtokens, prompts_, length, device);
  check_shape(
      options_.groups.empty() || options_.groups.size() == options_.spans.size(), "Expected one group a span");
  merge_ = WordMerger(options_.groups, device);
}

Inversion::Views Inversion::open_views(const StepInput& input, at::Generator& generator) {
  const auto views = static_cast<int64_t>(input.timesteps.size());
  if (input.boxes.empty()) {
    check_shape(
        views_.latents.defined() && views_.latents.size(0) == views,
        "A step without boxes reuses the last views: give boxes in the first step, and as many timesteps as views");
    return views_;
  }
  check_boxes(input.boxes, input.timesteps.size());
  const auto& config = engine_->config();
  at::Tensor noise;
  if (image_.sample) {
    noise = gaussian_noise(generator, {views, config.latent_channels, config.latent_size, config.latent_size});
  }
  at::NoGradGuard no_grad;
  Views opened;
  opened.boxes = at::from_blob(const_cast<float*>(input.boxes.data()), {views, 4}, at::kFloat)
                     .clone()
                     .to(engine_->device());
  opened.latents = engine_->encode(crop_views(image_.canonical, opened.boxes), noise);
  return opened;
}

Inversion::Update Inversion::update(
    const at::Tensor& noised, const at::Tensor& timesteps, const at::Tensor& boxes) const {
  at::AutoGradMode with_grad(true);
  const int64_t views = noised.size(0), frame = options_.frame;
  const auto& training = options_.training;
  const at::Tensor context = state_.parameter.detach().requires_grad_();  // [P, K, W]
  const at::Tensor contexts =
      context.unsqueeze(0).expand({views, -1, -1, -1}).reshape({views * prompts_, context.size(1), context.size(2)});
  RawMaps maps = engine_->read(
      repeat_views(noised, prompts_), repeat_views(timesteps, prompts_), contexts, training,
      options_.gradient == GradientMode::keys_only);

  const at::Tensor categories =
      pick_categories(aggregate_cross(maps.cross, training.cross_weights, frame, training.cross_scale));
  if (options_.gradient == GradientMode::self_constant || options_.gradient == GradientMode::keys_only) {
    for (auto& map : maps.self) {
      if (map.defined()) map = map.detach();
    }
  }
  at::Tensor self = aggregate_self(maps.self, training.self_weights, frame);  // [V * P, N, N]
  if (prompts_ > 1) self = self.view({views, prompts_, self.size(1), self.size(2)}).mean(1);
  const at::Tensor refined = refine(self, categories, options_.refine_iterations);  // [V, N, C]

  const ClusterLoss cluster = cluster_loss(self, refined, options_.cluster);
  const MappedBack back = map_back(refined, boxes, frame);
  const at::Tensor entropy = entropy_loss(back.maps, back.coverage, options_.entropy);
  const at::Tensor clustering = cluster.loss.mean();
  const at::Tensor loss = options_.cluster_weight * clustering + options_.alpha * entropy;

  at::Tensor gradient = torch::autograd::grad({loss}, {context})[0];
  at::NoGradGuard no_grad;
  gradient = gradient * trainable_;
  const at::Tensor norm = gradient.square().sum().sqrt();
  const at::Tensor finite = loss.isfinite().logical_and(gradient.isfinite().all());
  // A refused step is refused on the device: the host learns of it when it reads the scalars.
  const AdamState next = select_state(finite, adam_update(state_, gradient, options_.adam), state_);
  std::vector<at::Tensor> scalars;
  for (const auto& scalar : {loss, clustering, entropy, cluster.intra.mean(), cluster.inter.mean(), norm, finite}) {
    scalars.push_back(scalar.to(at::kDouble));
  }
  return {at::stack(scalars), next};
}

StepResult Inversion::step(const StepInput& input) {
  const auto start = std::chrono::steady_clock::now();
  const auto views = static_cast<int64_t>(input.timesteps.size());
  check_shape(views > 0, "Expected at least one view in a step");
  for (const int64_t timestep : input.timesteps) engine_->check_timestep(timestep);

  auto generator = make_generator(input.noise_seed);
  const auto& config = engine_->config();
  const at::Tensor noise =
      gaussian_noise(generator, {views, config.latent_channels, config.latent_size, config.latent_size})
          .to(engine_->device());
  const at::Tensor timesteps =
      at::from_blob(const_cast<int64_t*>(input.timesteps.data()), {views}, at::kLong).clone().to(engine_->device());
  views_ = open_views(input, generator);

  Update done = update(engine_->schedule().add_noise(views_.latents, noise, timesteps), timesteps, views_.boxes);
  const at::Tensor scalars = done.scalars.cpu();  // the step's only wait for the device
  state_ = std::move(done.state);
  const auto* s = scalars.const_data_ptr<double>();
  return {s[0], s[1], s[2], s[3], s[4], s[5], s[6] != 0.0, milliseconds_since(start)};
}

Prediction Inversion::predict(const PredictOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  at::NoGradGuard no_grad;
  const auto& [iterations, strength] = options.refinement;
  const bool read_self = iterations > 0 || options.refine_iterations > 0;
  const Attention attention = attend(
      *engine_, image_, state_.parameter, {options.selection, options.timestep, options.noise_seed, read_self});
  const at::Tensor categories = pick_categories(attention.cross);  // [1, N, C]
  const at::Tensor refined =
      iterations > 0 ? min_max(refine_iterated(reduce_entropy(attention.self, strength), categories, iterations), 1)
                     : refine(attention.self, categories, options.refine_iterations);
  Prediction result = label_maps(refined, options);
  result.milliseconds = milliseconds_since(start);
  return result;
}

}  // namespace invseg
