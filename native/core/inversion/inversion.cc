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

namespace invseg {
namespace {

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

/** [V] or [V, ...] -> every entry `prompts` times in a row: the batch is views x prompts. */
at::Tensor repeat_views(const at::Tensor& x, int64_t prompts) {
  return prompts == 1 ? x : x.repeat_interleave(prompts, 0);
}

void check_spans(const std::vector<CategorySpan>& spans, int64_t prompts, int64_t length) {
  if (spans.empty() || spans.size() > 256) {
    throw Error("INVALID_OPTION", "Expected 1 to 256 categories but received " + std::to_string(spans.size()));
  }
  for (const auto& span : spans) {
    check_shape(
        span.prompt >= 0 && span.prompt < prompts && span.first >= 0 && span.count >= 1 &&
            span.first + span.count <= length,
        "A category's span lies outside the prompt: prompt " + std::to_string(span.prompt) + ", position " +
            std::to_string(span.first) + ", " + std::to_string(span.count) + " sub-tokens");
  }
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
  check_spans(options_.spans, prompts_, length);
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

  const auto categories = static_cast<int64_t>(options_.spans.size());
  int64_t longest = 1;
  for (const auto& span : options_.spans) longest = std::max(longest, span.count);
  at::Tensor weights = at::zeros({prompts_ * length, categories});
  at::Tensor indices = at::zeros({categories, longest}, at::kLong);
  for (int64_t c = 0; c < categories; ++c) {
    const auto& span = options_.spans[static_cast<size_t>(c)];
    const int64_t start = span.prompt * length + span.first;
    const bool last = options_.subtokens == SubtokenRule::last;
    for (int64_t i = last ? span.count - 1 : 0; i < span.count; ++i) {
      weights[start + i][c] = last ? 1.0 : 1.0 / static_cast<double>(span.count);
    }
    // A shorter span repeats its last sub-token, which changes no maximum.
    for (int64_t i = 0; i < longest; ++i) indices[c][i] = start + std::min(i, span.count - 1);
  }
  token_weights_ = weights.to(device);
  token_indices_ = indices.flatten().to(device);
}

at::Tensor Inversion::pick_categories(const at::Tensor& cross) const {
  const int64_t views = cross.size(0) / prompts_, points = cross.size(1), length = cross.size(2);
  // [V * prompts, N, K] -> [V, N, prompts * K]
  const at::Tensor tokens =
      cross.view({views, prompts_, points, length}).permute({0, 2, 1, 3}).reshape({views, points, prompts_ * length});
  if (options_.subtokens != SubtokenRule::max) return tokens.matmul(token_weights_);
  const auto categories = static_cast<int64_t>(options_.spans.size());
  return std::get<0>(tokens.index_select(2, token_indices_).view({views, points, categories, -1}).max(-1));
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
      pick_categories(aggregate_cross(maps.cross, training.cross_weights, frame, training.cross_min_max));
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
  const int64_t frame = engine_->config().latent_size;
  const MapSelection& selection = options.selection;
  std::vector<at::Tensor> cross;
  at::Tensor self;
  for (int64_t p = 0; p < prompts_; ++p) {
    // One prompt after the other: the maps of the finest level alone take a gigabyte while they are made.
    RawMaps maps = engine_->read_image(
        image_, state_.parameter.narrow(0, p, 1), selection, options.timestep, options.noise_seed);
    cross.push_back(aggregate_cross(maps.cross, selection.cross_weights, frame, selection.cross_min_max));
    if (options.refine_iterations == 0) continue;
    const at::Tensor own = aggregate_self(maps.self, selection.self_weights, frame);
    self = self.defined() ? self + own : own;
  }
  if (self.defined() && prompts_ > 1) self = self / static_cast<double>(prompts_);
  const at::Tensor categories = pick_categories(at::cat(cross, 0));  // [1, N, C]
  const at::Tensor refined = refine(self, categories, options.refine_iterations);
  const at::Tensor planes = refined[0].t().reshape({-1, frame, frame}).contiguous();  // [C, frame, frame]

  Prediction result = label_picture(planes, options.width, options.height, options.argmax_first);
  if (options.maps) result.maps = planes.cpu();
  result.milliseconds = milliseconds_since(start);
  return result;
}

}  // namespace invseg
