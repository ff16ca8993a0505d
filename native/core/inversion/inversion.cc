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
  key_ = "step" + options_.key() + ';' + std::to_string(prompts_);
}

void Inversion::plan(std::vector<StepInput> steps) {
  auto views = last_.boxes.defined() ? last_.boxes.size(0) : 0;  // that a step without boxes reuses
  for (const auto& step : steps) {
    const auto own = static_cast<int64_t>(step.timesteps.size());
    check_shape(own > 0, "Expected at least one view in a step");
    for (const int64_t timestep : step.timesteps) engine_->check_timestep(timestep);
    if (step.boxes.empty()) {
      check_shape(
          views == own,
          "A step without boxes reuses the last views: give boxes in the first step, and as many timesteps as views");
    } else {
      check_boxes(step.boxes, step.timesteps.size());
      views = own;
    }
  }
  steps_ = std::move(steps);
  next_ = 0;
  ready_.clear();
  // A GPU is given all that it can do; on a CPU the steps wait for each other, and a caller may end the loop between them.
  if (!engine_->device().is_cpu() && !steps_.empty()) open_views();
}

void Inversion::open_views() {
  at::NoGradGuard no_grad;
  const auto& config = engine_->config();
  const at::Device device = engine_->device();
  const int64_t most = device.is_cpu() ? 1 : 2 * engine_->encoder_batch();
  struct Entry {
    int64_t views;
    bool fresh;
  };
  std::vector<Entry> entries;
  std::vector<float> boxes;
  std::vector<int64_t> timesteps;
  std::vector<at::Tensor> noises, posteriors;
  int64_t fresh = 0;
  for (auto i = static_cast<size_t>(next_); i < steps_.size() && (entries.empty() || fresh < most); ++i) {
    const StepInput& step = steps_[i];
    const auto views = static_cast<int64_t>(step.timesteps.size());
    const std::vector<int64_t> shape{views, config.latent_channels, config.latent_size, config.latent_size};
    auto generator = make_generator(step.noise_seed);
    noises.push_back(gaussian_noise(generator, shape));
    if (image_.sample && !step.boxes.empty()) posteriors.push_back(gaussian_noise(generator, shape));
    timesteps.insert(timesteps.end(), step.timesteps.begin(), step.timesteps.end());
    boxes.insert(boxes.end(), step.boxes.begin(), step.boxes.end());
    entries.push_back({views, !step.boxes.empty()});
    if (!step.boxes.empty()) fresh += views;
  }
  // One copy of each kind for all of them.
  at::Tensor all_boxes, latents;
  if (fresh > 0) {
    all_boxes = at::tensor(boxes).view({fresh, 4}).to(device);
    latents = engine_->encode(
        crop_views(image_.canonical, all_boxes), posteriors.empty() ? at::Tensor() : at::cat(posteriors, 0));
  }
  const at::Tensor noise = at::cat(noises, 0).to(device);
  const at::Tensor times = at::tensor(timesteps, at::kLong).to(device);
  int64_t box = 0, view = 0;
  Views last = last_;
  for (const auto& entry : entries) {
    if (entry.fresh) {
      last.boxes = all_boxes.narrow(0, box, entry.views);
      last.latents = latents.narrow(0, box, entry.views);
      box += entry.views;
    }
    last.noise = noise.narrow(0, view, entry.views);
    last.timesteps = times.narrow(0, view, entry.views);
    ready_.push_back(last);
    view += entry.views;
  }
}

namespace {

/** Inputs of a step, in the order in which `Inversion::step` gives them. */
enum Input { parameter, first_moment, second_moment, count, latents, noise, timesteps, boxes, trainable, self_heads, cross_heads,
             pick_weights, pick_indices, merge_indices };

}  // namespace

std::vector<at::Tensor> Inversion::update(const std::vector<at::Tensor>& inputs) const {
  at::AutoGradMode with_grad(true);
  const int64_t views = inputs[latents].size(0), frame = options_.frame;
  MapSelection training = options_.training;
  training.self_heads = inputs[self_heads];
  training.cross_heads = inputs[cross_heads];
  const CategoryPicker pick = pick_.with(inputs[pick_weights], inputs[pick_indices]);
  const WordMerger merge = merge_.with(inputs[merge_indices]);
  const AdamState state{inputs[parameter], inputs[first_moment], inputs[second_moment], inputs[count]};

  const at::Tensor context = state.parameter.detach().requires_grad_();  // [P, K, W]
  const at::Tensor noised = engine_->schedule().add_noise(inputs[latents], inputs[noise], inputs[timesteps]);
  RawMaps maps = engine_->read(
      repeat_views(noised, prompts_), repeat_views(inputs[timesteps], prompts_), context, training,
      options_.gradient == GradientMode::keys_only);

  const at::Tensor categories =
      merge(pick(aggregate_cross(maps.cross, training.cross_weights, frame, training.cross_scale)));
  if (options_.gradient == GradientMode::self_constant || options_.gradient == GradientMode::keys_only) {
    for (auto& map : maps.self) {
      if (map.defined()) map = map.detach();
    }
  }
  at::Tensor self = aggregate_self(maps.self, training.self_weights, frame);  // [V * P, N, N]
  if (prompts_ > 1) self = self.view({views, prompts_, self.size(1), self.size(2)}).mean(1);
  const at::Tensor refined = refine(self, categories, options_.refine_iterations);  // [V, N, C]

  const ClusterLoss cluster = cluster_loss(self, refined, options_.cluster);
  const MappedBack back = map_back(refined, inputs[boxes], frame);
  const at::Tensor entropy = entropy_loss(back.maps, back.coverage, options_.entropy);
  const at::Tensor clustering = cluster.loss.mean();
  const at::Tensor loss = options_.cluster_weight * clustering + options_.alpha * entropy;

  at::Tensor gradient = torch::autograd::grad({loss}, {context})[0];
  at::NoGradGuard no_grad;
  gradient = gradient * inputs[trainable];
  const at::Tensor norm = gradient.square().sum().sqrt();
  const at::Tensor finite = loss.isfinite().logical_and(gradient.isfinite().all());
  // A refused step is refused on the device: the host learns of it when it reads the scalars.
  const AdamState next = select_state(finite, adam_update(state, gradient, options_.adam), state);
  std::vector<at::Tensor> scalars;
  for (const auto& scalar : {loss, clustering, entropy, cluster.intra.mean(), cluster.inter.mean(), norm, finite}) {
    scalars.push_back(scalar.to(at::kDouble));
  }
  return {at::stack(scalars), next.parameter, next.first_moment, next.second_moment, next.step};
}

StepResult Inversion::step() {
  const auto start = std::chrono::steady_clock::now();
  check_shape(planned() > 0, "No step is planned");
  if (ready_.empty()) open_views();
  last_ = std::move(ready_.front());
  ready_.pop_front();
  ++next_;
  const Views& views = last_;
  const auto& training = options_.training;
  auto done = engine_->graphs().run(
      key_,
      {state_.parameter, state_.first_moment, state_.second_moment, state_.step, views.latents, views.noise, views.timesteps,
       views.boxes, trainable_, training.self_heads, training.cross_heads, pick_.weights(), pick_.indices(), merge_.indices()},
      [this](const std::vector<at::Tensor>& inputs) { return update(inputs); });
  const at::Tensor scalars = done[0].cpu();  // the step's only wait for the device
  state_ = {done[1], done[2], done[3], done[4]};
  const auto* s = scalars.const_data_ptr<double>();
  return {s[0], s[1], s[2], s[3], s[4], s[5], s[6] != 0.0, milliseconds_since(start)};
}

StepResult Inversion::step(const StepInput& input) {
  plan({input});
  return step();
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
