#include "core/inversion/inversion.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <future>
#include <numeric>
#include <system_error>

#include <torch/csrc/autograd/autograd.h>

#include "core/engine/stream.h"
#include "core/error.h"
#include "core/inversion/labels.h"
#include "core/inversion/step_loss.h"
#include "core/inversion/views.h"
#include "core/maps/aggregate.h"
#include "core/maps/refine.h"
#include "core/methods/attend.h"

namespace invseg {
namespace {

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
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

Inversion::Inversion(std::shared_ptr<Engine> engine, Image image, const at::Tensor& embedding, InversionOptions options)
    : engine_(std::move(engine)), image_(std::move(image)), options_(std::move(options)) {
  engine_->check_embedding(embedding);
  prompts_ = embedding.size(0);
  const int64_t length = engine_->config().prompt_length;
  options_.training.check(engine_->config());
  options_.training.self_heads = engine_->constant(options_.training.self_heads);
  options_.training.cross_heads = engine_->constant(options_.training.cross_heads);
  options_.cluster.distance_constant = options_.gradient != GradientMode::exact;
  check_shape(options_.frame >= 1, "Expected a frame of at least one point");
  check_shape(
      static_cast<int64_t>(options_.trainable.size()) == prompts_ * length,
      "Expected one trainable flag a prompt position");

  const at::Device device = engine_->device();
  state_ = AdamState::zeros(embedding.to(device, at::kFloat));
  // Names often are those of the image before, and then what follows from them is on the device.
  trainable_ = engine_->constant(
      at::from_blob(options_.trainable.data(), {prompts_, length, 1}, at::kByte).ne(0).to(at::kFloat));
  check_shape(options_.groups.empty() || options_.groups.size() == options_.spans.size(), "Expected one group a span");
  shape_ = NameShape::of(options_.spans, options_.subtokens, options_.groups);
  categories_ = shape_.categories;
  names(filled(shape_));
  key_ = options_.key();
}

std::optional<NameShape> Inversion::filled(const NameShape& shape) const {
  const NameShape filled = shape.filled();
  // Without its kernels the loss would have to ask the device how many are there.
  if (!engine_->fills_names() || filled.categories > kMostLossCategories) return std::nullopt;
  return filled;
}

const Inversion::Names& Inversion::names(const std::optional<NameShape>& filled) {
  const NameShape shape = filled.value_or(shape_);
  if (names_.count.defined() && names_.filled == filled.has_value() && names_.shape == shape) return names_;
  std::vector<int64_t> groups = options_.groups;
  if (groups.empty()) {
    groups.resize(options_.spans.size());
    std::iota(groups.begin(), groups.end(), 0);
  }
  const CategoryPicker pick(
      options_.spans, options_.subtokens, prompts_, engine_->config().prompt_length, at::kCPU, shape);
  const WordMerger merge(groups, at::kCPU, shape);
  // All or nothing: the device may have no memory left for one of them.
  names_ = Names{
      shape, filled.has_value(), pick.with(engine_->constant(pick.weights()), engine_->constant(pick.indices())),
      merge.with(engine_->constant(merge.indices())), engine_->constant(at::full({1}, categories_, at::kInt))};
  return names_;
}

double Inversion::plan(std::vector<StepInput> steps) {
  const auto start = std::chrono::steady_clock::now();
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
  if (!engine_->device().is_cpu() && !steps_.empty()) {
    open_views();
    wait_for(engine_->device());
  }
  return milliseconds_since(start);
}

namespace {
/** Views that a GPU encodes before the steps that want them. */
constexpr int64_t kMostViewsAhead = 32;

/** What `draw` gives, from another thread where that is wanted and there is one to be had. */
std::future<at::Tensor> draw_beside(const std::function<at::Tensor()>& draw, bool wanted) {
  if (wanted) {
    try {
      return std::async(std::launch::async, draw);
    } catch (const std::system_error&) {
    }
  }
  return std::async(std::launch::deferred, draw);
}

}  // namespace

void Inversion::open_views() {
  at::NoGradGuard no_grad;
  const auto& config = engine_->config();
  const at::Device device = engine_->device();
  const int64_t most = device.is_cpu() ? 1 : kMostViewsAhead;
  struct Entry {
    int64_t views;
    bool fresh;
  };
  std::vector<Entry> entries;
  std::vector<float> boxes;
  std::vector<int64_t> timesteps;
  int64_t fresh = 0;
  for (auto i = static_cast<size_t>(next_); i < steps_.size() && (entries.empty() || fresh < most); ++i) {
    const StepInput& step = steps_[i];
    const auto views = static_cast<int64_t>(step.timesteps.size());
    timesteps.insert(timesteps.end(), step.timesteps.begin(), step.timesteps.end());
    boxes.insert(boxes.end(), step.boxes.begin(), step.boxes.end());
    entries.push_back({views, !step.boxes.empty()});
    if (!step.boxes.empty()) fresh += views;
  }
  std::vector<at::Tensor> posteriors;
  const auto draw = [&] {
    at::NoGradGuard no_grad_here;
    const std::vector<int64_t> shape{
        static_cast<int64_t>(timesteps.size()), config.latent_channels, config.latent_size, config.latent_size};
    const at::Tensor noise = at::empty(shape, at::TensorOptions().dtype(at::kFloat));
    int64_t first = 0;
    for (size_t i = 0; i < entries.size(); ++i) {
      const at::Tensor own = noise.narrow(0, first, entries[i].views);
      auto generator = make_generator(steps_[static_cast<size_t>(next_) + i].noise_seed);
      fill_gaussian(generator, own);
      if (image_.sample && entries[i].fresh) posteriors.push_back(gaussian_noise(generator, own.sizes()));
      first += entries[i].views;
    }
    return noise;
  };
  // Noise that the encoder does not need is drawn on another thread, while this one gives a GPU the encoder's work.
  std::future<at::Tensor> drawn = draw_beside(draw, !image_.sample && !device.is_cpu());
  if (image_.sample) drawn.wait();
  // One copy of each kind for all of them.
  at::Tensor all_boxes, latents;
  const at::Tensor times = at::tensor(timesteps, at::kLong).to(device);
  if (fresh > 0) {
    all_boxes = at::tensor(boxes).view({fresh, 4}).to(device);
    // The whole picture, which the prediction wants, is one more of a batch.
    auto& whole = *image_.latent;
    const bool with_whole = !whole.value.defined();
    const at::Tensor pictures = crop_views(image_.canonical, all_boxes, with_whole);
    if (with_whole) {
      if (!posteriors.empty()) posteriors.insert(posteriors.begin(), whole.noise);
    }
    // Before the steps are captured, whose graphs then divide the encoder's memory up.
    latents = engine_->encode(
        pictures, posteriors.empty() ? at::Tensor() : at::cat(posteriors, 0), GraphCache::When::first_run);
    if (with_whole) {
      whole.value = latents.narrow(0, 0, 1).clone();
      latents = latents.narrow(0, 1, fresh);
    }
  }
  const at::Tensor noise = drawn.get().to(device);
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

/** Tensors of one image's step, in the order in which `Inversion::inputs` gives them. */
enum Input {
  parameter,
  first_moment,
  second_moment,
  count,
  latents,
  noise,
  timesteps,
  boxes,
  trainable,
  pick_weights,
  pick_indices,
  merge_indices,
  category_count,
  kInputs
};

/** Losses of float16 networks are multiplied by this before the backward pass, whose small values would vanish otherwise. */
constexpr double kHalfLossScale = 4096;

/** Tensors that all images of a step share; they follow the inputs of the last image. */
enum Shared { self_heads, cross_heads };

/** x [V * all, ...] in the order views x prompts -> the prompts from `first` on, [V * count, ...]. */
at::Tensor prompts_of(const at::Tensor& x, int64_t views, int64_t first, int64_t prompts) {
  if (!x.defined()) return x;
  const int64_t all = x.size(0) / views;
  if (all == prompts) return x;
  const at::Tensor split = x.view({views, all, x.size(1), x.size(2)}).narrow(1, first, prompts);
  return split.reshape({views * prompts, x.size(1), x.size(2)});
}

}  // namespace

std::vector<at::Tensor> Inversion::inputs(const AdamState& state, const Views& views) const {
  return {state.parameter,       state.first_moment,     state.second_moment, state.step, views.latents,
          views.noise,           views.timesteps,        views.boxes,         trainable_, names_.pick.weights(),
          names_.pick.indices(), names_.merge.indices(), names_.count};
}

StepLoss Inversion::losses(const RawMaps& maps, const std::vector<at::Tensor>& own) const {
  const int64_t views = own[boxes].size(0), frame = options_.frame;
  const auto& training = options_.training;
  const CategoryPicker pick = names_.pick.with(own[pick_weights], own[pick_indices]);
  const WordMerger merge = names_.merge.with(own[merge_indices]);
  const at::Tensor categories =
      merge(pick(aggregate_cross(maps.cross, training.cross_weights, frame, training.cross_scale)));
  at::Tensor self = aggregate_self(maps.self, training.self_weights, frame);  // [V * P, N, N]
  if (prompts_ > 1) self = self.view({views, prompts_, self.size(1), self.size(2)}).mean(1);
  const at::Tensor refined = refine(self, categories, options_.refine_iterations);  // [V, N, C]

  const auto of_one = [](const at::Tensor& x) { return x.unsqueeze(1); };
  return step_loss(
      of_one(self), of_one(refined), of_one(own[boxes]),
      {options_.cluster, options_.cluster_weight, options_.alpha, options_.entropy},
      names_.filled ? own[category_count] : at::Tensor());
}

std::vector<at::Tensor> Inversion::update(
    const std::vector<Inversion*>& images, const std::vector<at::Tensor>& tensors) {
  at::AutoGradMode with_grad(true);
  const Inversion& first = *images[0];
  Engine& engine = *first.engine_;
  const size_t shared = images.size() * kInputs;
  MapSelection training = first.options_.training;
  training.self_heads = tensors[shared + self_heads];
  training.cross_heads = tensors[shared + cross_heads];

  // The batch is views x prompts of all images, so that every prompt is projected once.
  std::vector<std::vector<at::Tensor>> own;
  std::vector<at::Tensor> contexts, noised, times;
  for (size_t i = 0; i < images.size(); ++i) {
    const auto begin = tensors.begin() + static_cast<std::ptrdiff_t>(i * kInputs);
    own.emplace_back(begin, begin + kInputs);
    const auto& t = own.back();
    contexts.push_back(t[parameter].detach().requires_grad_());  // [P, K, W]
    const int64_t prompts = images[i]->prompts_;
    const at::Tensor latent =
        engine.schedule().add_noise(t[latents], t[noise], t[timesteps]).unsqueeze(1);  // [V, 1, c, h, w]
    noised.push_back(latent.expand({-1, prompts, -1, -1, -1}));
    times.push_back(t[timesteps].unsqueeze(1).expand({-1, prompts}));
  }
  const auto joined = [](const std::vector<at::Tensor>& list, int64_t dim) {
    return list.size() == 1 ? list[0] : at::cat(list, dim);
  };
  const int64_t views = own[0][boxes].size(0);
  RawMaps maps = engine.read(
      joined(noised, 1).flatten(0, 1), joined(times, 1).flatten(), joined(contexts, 0), training,
      first.options_.gradient == GradientMode::keys_only);
  if (first.options_.gradient == GradientMode::self_constant || first.options_.gradient == GradientMode::keys_only) {
    for (auto& map : maps.self) {
      if (map.defined()) map = map.detach();
    }
  }

  std::vector<at::Tensor> totals, parts, upstream;
  const double scale = engine.dtype() == at::kHalf ? kHalfLossScale : 1.0;
  int64_t prompt = 0;
  for (size_t i = 0; i < images.size(); ++i) {
    RawMaps part;
    for (const auto& map : maps.self) part.self.push_back(prompts_of(map, views, prompt, images[i]->prompts_));
    for (const auto& map : maps.cross) part.cross.push_back(prompts_of(map, views, prompt, images[i]->prompts_));
    prompt += images[i]->prompts_;
    const StepLoss loss = images[i]->losses(part, own[i]);
    totals.push_back(loss.total);
    parts.push_back(loss.parts);
    upstream.push_back(at::full_like(loss.total, scale));
  }
  const auto gradients = torch::autograd::grad(totals, contexts, upstream);

  at::NoGradGuard no_grad;
  std::vector<at::Tensor> result;
  for (size_t i = 0; i < images.size(); ++i) {
    const auto& t = own[i];
    const AdamState state{t[parameter], t[first_moment], t[second_moment], t[count]};
    const AdamStep done = take_step(state, gradients[i], t[trainable], scale, parts[i], images[i]->options_.adam);
    for (const auto& tensor :
         {done.scalars, done.next.parameter, done.next.first_moment, done.next.second_moment, done.next.step}) {
      result.push_back(tensor);
    }
  }
  return result;
}

namespace {

/** Steps of one image, or images times steps, whose states are kept until the device has made them: 1 MiB each at full size. */
constexpr int64_t kMostStates = 32;

}  // namespace

std::vector<std::vector<StepResult>> Inversion::steps_together(const std::vector<Inversion*>& images, int64_t most) {
  const auto start = std::chrono::steady_clock::now();
  check_shape(!images.empty(), "Expected at least one inversion");
  check_shape(most >= 1, "Expected at least one step");
  const Inversion& first = *images[0];
  Engine& engine = *first.engine_;
  NameShape shape;
  int64_t steps = std::min(most, std::max<int64_t>(1, kMostStates / static_cast<int64_t>(images.size())));
  for (Inversion* image : images) {
    check_shape(image->planned() > 0, "No step is planned");
    check_shape(image->engine_.get() == &engine, "Expected inversions of one engine");
    if (image->ready_.empty()) image->open_views();
    steps = std::min(steps, static_cast<int64_t>(image->ready_.size()));
    const auto views_differ = [&](int64_t k) {
      const auto of = [k](const Inversion& one) { return one.ready_[static_cast<size_t>(k)].boxes.size(0); };
      return of(*image) != of(first);
    };
    check_shape(
        !views_differ(0) && image->key_ == first.key_,
        "Expected inversions with the same options and number of views for one step");
    // Later ones may differ; then those before them are made.
    for (int64_t k = 1; k < steps; ++k) {
      if (views_differ(k)) steps = k;
    }
    shape = shape.with(image->shape_);
  }
  const std::optional<NameShape> filled = first.filled(shape);
  std::string key = "step" + first.key_ + (filled ? "filled" : "");
  for (Inversion* image : images) key += '|' + std::to_string(image->prompts_) + image->names(filled).shape.key();

  // Of each image, before each step and after the last.
  std::vector<std::vector<AdamState>> states;
  for (const Inversion* image : images) states.push_back({image->state_});
  std::vector<at::Tensor> scalars;
  for (size_t k = 0; k < static_cast<size_t>(steps); ++k) {
    std::vector<at::Tensor> tensors;
    for (size_t i = 0; i < images.size(); ++i) {
      for (const auto& tensor : images[i]->inputs(states[i][k], images[i]->ready_[k])) tensors.push_back(tensor);
    }
    tensors.push_back(first.options_.training.self_heads);
    tensors.push_back(first.options_.training.cross_heads);
    const auto done = engine.graphs().run(
        key, tensors, [&images](const std::vector<at::Tensor>& given) { return update(images, given); });
    for (size_t i = 0; i < images.size(); ++i) {
      const auto* own = &done[5 * i];
      scalars.push_back(own[0]);
      states[i].push_back({own[1], own[2], own[3], own[4]});
    }
  }
  // The only wait for the device.
  const at::Tensor read = (scalars.size() == 1 ? scalars[0] : at::stack(scalars)).cpu();
  const double milliseconds = milliseconds_since(start);
  std::vector<std::vector<StepResult>> results(images.size());
  for (size_t i = 0; i < images.size(); ++i) {
    // Nothing throws from here on.
    auto& own = results[i];
    do {
      const auto* s = read.const_data_ptr<double>() + 7 * (own.size() * images.size() + i);
      own.push_back({s[0], s[1], s[2], s[3], s[4], s[5], s[6] != 0.0, 0});
    } while (own.back().finite && own.size() < static_cast<size_t>(steps));
    for (auto& step : own) step.milliseconds = milliseconds / static_cast<double>(own.size());
    Inversion& image = *images[i];
    image.state_ = states[i][own.size()];
    image.last_ = std::move(image.ready_[own.size() - 1]);
    image.ready_.erase(image.ready_.begin(), image.ready_.begin() + static_cast<std::ptrdiff_t>(own.size()));
    image.next_ += static_cast<int64_t>(own.size());
  }
  return results;
}

std::vector<StepResult> Inversion::step_together(const std::vector<Inversion*>& images) {
  std::vector<StepResult> results;
  for (const auto& steps : steps_together(images, 1)) results.push_back(steps[0]);
  return results;
}

StepResult Inversion::step() { return step_together({this})[0]; }

StepResult Inversion::step(const StepInput& input) {
  plan({input});
  return step();
}

Prediction Inversion::predict(const PredictOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  at::NoGradGuard no_grad;
  const MapSelection& selection = options.selection;
  selection.check(engine_->config());
  const at::Tensor timestep = engine_->timestep(options.timestep);
  const at::Tensor latent = engine_->latent(image_);
  const at::Tensor noise = options.noise_seed ? engine_->latent_noise(*options.noise_seed) : at::Tensor();
  const Names& names = this->names(filled(shape_));
  const at::Tensor refined = engine_->graphs().run(
      options.key() + key_ + ';' + std::to_string(prompts_) + names.shape.key(),
      {latent, timestep, state_.parameter, engine_->constant(selection.self_heads),
       engine_->constant(selection.cross_heads), names.pick.weights(), names.pick.indices(), names.merge.indices(),
       noise},
      [&](const std::vector<at::Tensor>& inputs) {
        MapSelection own = selection;
        own.self_heads = inputs[3];
        own.cross_heads = inputs[4];
        const at::Tensor noised =
            inputs[8].defined() ? engine_->schedule().add_noise(inputs[0], inputs[8], inputs[1]) : inputs[0];
        const auto& [iterations, strength] = options.refinement;
        const int64_t frame = engine_->config().latent_size;
        const auto categories = [&](const at::Tensor& cross) {  // [1, N, C]
          return names.merge.with(inputs[7])(names.pick.with(inputs[5], inputs[6])(cross));
        };
        if (iterations > 0) {
          const Attention attention = attend(*engine_, noised, inputs[1], inputs[2], own, true, frame);
          const at::Tensor self = reduce_entropy(attention.self, strength);
          return std::vector<at::Tensor>{min_max(refine_iterated(self, categories(attention.cross), iterations), 1)};
        }
        const AppliedAttention attention =
            attend_applied(*engine_, noised, inputs[1], inputs[2], own, options.refine_iterations > 0, frame);
        return std::vector<at::Tensor>{refine(attention.self, categories(attention.cross), options.refine_iterations)};
      })[0];
  Prediction result = label_maps(refined.narrow(2, 0, categories_), options);
  wait_for(engine_->device());
  result.milliseconds = milliseconds_since(start);
  return result;
}

}  // namespace invseg
