#include "core/engine/engine.h"

#include <algorithm>

#include "core/engine/device.h"
#include "core/engine/host_memory.h"
#include "core/engine/stream.h"
#include "core/error.h"
#include "core/kernels/operators.h"
#include "core/kernels/program.h"
#include "core/kernels/read_attention.h"
#include "core/maps/resize.h"
#include "core/shapes.h"

namespace invseg {
namespace {

void expect_shape(const std::string& what, const at::Tensor& tensor, at::IntArrayRef wanted) {
  check_shape(
      tensor.sizes() == wanted,
      "Expected " + what + " of shape " + shape_string(wanted) + " but received " + shape_string(tensor.sizes()));
}

c10::List<int64_t> flag_list(const std::vector<int64_t>& flags) {
  c10::List<int64_t> list;
  for (const int64_t flag : flags) list.push_back(flag);
  return list;
}

/** Matrices and constants that an engine keeps on its device. */
constexpr size_t kKept = 16;
/** Values of a resize matrix that is kept: 8 MiB. */
constexpr int64_t kLargestKept = int64_t{2} << 20;
/** Pixels of a picture that a GPU resizes in one product, 200 MiB in float32. */
constexpr int64_t kWholePixels = int64_t{1} << 24;

}  // namespace

Engine::Engine(EngineConfig config)
    : config_(std::move(config)),
      device_(parse_device(config_.device)),
      dtype_(parse_dtype(config_.dtype, device_)),
      graphs_(device_),
      encoder_batch_(device_.is_cpu() ? 2 : 4),
      fills_names_(graphs_.enabled() && kernels::available(device_)) {
  if (device_.is_cpu()) keep_host_memory();
  use_own_stream(device_);
  set_precision(device_);
  prepare_kernels(dtype_, device_);
  use_threads(config_.threads);
  if (config_.layers.empty()) throw Error("MANIFEST_INVALID", "The model names no attention layer");
  schedule_ = std::make_unique<Schedule>(config_.schedule, config_.time_width, device_);
  const auto load = [&](const char* what, const ModuleConfig& module) {
    return std::make_unique<LoadedModule>(what, module, device_, dtype_, config_.check_finite, files_);
  };
  text_encoder_ = load("text encoder", config_.text_encoder);
  vae_encoder_ = load("VAE encoder", config_.vae_encoder);
  unet_ = load("U-Net", config_.unet);
  files_.clear();  // the tensors that are views of a file keep it mapped
}

at::Tensor Engine::encode_text(const int32_t* ids, int64_t prompts) {
  at::NoGradGuard no_grad;
  const int64_t length = config_.prompt_length;
  const auto vocabulary = text_encoder_->parameter_shape("text_model.embeddings.token_embedding.weight");
  for (int64_t i = 0; i < prompts * length; ++i) {
    // On a CUDA device an index beyond the table would abort the process's context.
    check_shape(
        ids[i] >= 0 && (vocabulary.empty() || ids[i] < vocabulary[0]),
        "Token id " + std::to_string(ids[i]) + " is outside the model's vocabulary");
  }
  const at::Tensor tokens = at::from_blob(const_cast<int32_t*>(ids), {prompts, length}, at::kInt).to(at::kLong);
  at::Tensor states = graphs_.run("text", {tokens.to(device_)}, [this](const std::vector<at::Tensor>& inputs) {
    return std::vector<at::Tensor>{text_encoder_->forward({inputs[0]}).toTensor().to(at::kFloat)};
  })[0];
  expect_shape("text states", states, {prompts, length, config_.context_width});
  text_encoder_->release_pages();  // needed once an image: 1.3 GiB that the U-Net's maps can use meanwhile
  return states;
}

void Engine::forget() {
  graphs_.clear();
  shrinking_.clear();
  constants_.clear();
}

at::Tensor Engine::shrinking(int64_t out, int64_t in) const {
  for (auto one = shrinking_.begin(); one != shrinking_.end(); ++one) {
    if (one->out != out || one->in != in) continue;
    shrinking_.splice(shrinking_.begin(), shrinking_, one);
    return one->matrix;
  }
  const at::Tensor matrix = shrinking_matrix(out, in, at::TensorOptions().dtype(at::kFloat).device(device_));
  // Of a very large picture it is made each time.
  if (matrix.numel() > kLargestKept) return matrix;
  shrinking_.push_front({out, in, matrix});
  if (shrinking_.size() > kKept) shrinking_.pop_back();
  return matrix;
}

at::Tensor Engine::constant(const at::Tensor& host) {
  if (!host.defined()) return host;
  if (!host.is_cpu() || device_.is_cpu()) return host.to(device_);
  for (auto one = constants_.begin(); one != constants_.end(); ++one) {
    if (one->first.scalar_type() != host.scalar_type() || !one->first.equal(host)) continue;
    constants_.splice(constants_.begin(), constants_, one);
    return one->second;
  }
  constants_.emplace_front(host.clone(), host.to(device_));
  if (constants_.size() > kKept) constants_.pop_back();
  return constants_.front().second;
}

at::Tensor Engine::timestep(int64_t value) {
  check_timestep(value);
  return constant(at::full({1}, value, at::kLong));
}

at::Tensor Engine::canonical(const uint8_t* rgb, int64_t width, int64_t height) const {
  at::NoGradGuard no_grad;
  check_shape(width > 0 && height > 0, "Expected a picture of at least one pixel");
  const int64_t size = config_.image_size;
  const at::Tensor bytes = at::from_blob(const_cast<uint8_t*>(rgb), {height, width, 3}, at::kByte);
  if (!device_.is_cpu()) {
    // Bytes travel, and the device resizes: the same weights as a product with a matrix along each axis.
    const at::Tensor pixels = bytes.to(device_);
    const at::Tensor rows = shrinking(size, height), columns = shrinking(size, width);
    std::vector<at::Tensor> parts;
    // All channels at once, unless the picture is so large that it should not be whole in float32.
    const int64_t step = height * width <= kWholePixels ? 3 : 1;
    for (int64_t c = 0; c < 3; c += step) {
      const at::Tensor planes =
          pixels.permute({2, 0, 1})
              .narrow(0, c, step)
              .to(at::kFloat, /*non_blocking=*/false, /*copy=*/true, at::MemoryFormat::Contiguous);
      parts.push_back(rows.expand({step, size, height}).bmm(planes).matmul(columns.t()));
    }
    const at::Tensor whole = parts.size() == 1 ? parts[0] : at::cat(parts);
    return at::add(at::scalar_tensor(-1.0f), whole, 1.0 / 127.5).unsqueeze(0);
  }
  std::vector<at::Tensor> channels;
  for (int64_t c = 0; c < 3; ++c) {
    // One channel at a time: a large picture is never whole in float32.
    const at::Tensor channel = bytes.select(2, c).to(at::kFloat).view({1, 1, height, width});
    channels.push_back(
        at::_upsample_bilinear2d_aa(channel, {size, size}, /*align_corners=*/false, std::nullopt, std::nullopt));
  }
  return (at::cat(channels, 1) / 127.5 - 1.0).to(device_);
}

at::Tensor Engine::encode(const at::Tensor& pictures, const at::Tensor& posterior_noise, GraphCache::When capture) {
  at::NoGradGuard no_grad;
  expect_shape("pictures", pictures, {pictures.size(0), 3, config_.image_size, config_.image_size});
  std::vector<at::Tensor> parts;
  for (int64_t begin = 0; begin < pictures.size(0); begin += encoder_batch()) {
    at::Tensor part = pictures.narrow(0, begin, std::min(encoder_batch(), pictures.size(0) - begin));
    part = part.contiguous(at::MemoryFormat::ChannelsLast);
    // As a graph it works in the memory that the steps and the prediction use at other times.
    const auto forward = [this](const std::vector<at::Tensor>& inputs) {
      return std::vector<at::Tensor>{vae_encoder_->forward({inputs[0]}).toTensor().to(at::kFloat)};
    };
    parts.push_back(graphs_.run("vae", {part}, forward, capture)[0]);
  }
  const at::Tensor moments = parts.size() == 1 ? parts[0] : at::cat(parts, 0);
  expect_shape(
      "posterior moments", moments,
      {pictures.size(0), 2 * config_.latent_channels, config_.latent_size, config_.latent_size});
  const auto halves = moments.chunk(2, 1);
  at::Tensor latents = halves[0];
  if (posterior_noise.defined()) {
    latents = latents + (0.5 * halves[1].clamp(-30.0, 20.0)).exp() * posterior_noise.to(device_);
  }
  return latents * config_.latent_scale;
}

Image Engine::encode_image(const uint8_t* rgb, int64_t width, int64_t height, bool sample, uint64_t seed) {
  Image image{width, height, canonical(rgb, width, height), sample};
  if (sample) {
    auto generator = make_generator(seed);
    image.latent->noise =
        gaussian_noise(generator, {1, config_.latent_channels, config_.latent_size, config_.latent_size});
  }
  if (device_.is_cpu()) latent(image);
  return image;
}

const at::Tensor& Engine::latent(const Image& image) {
  auto& own = *image.latent;
  if (!own.value.defined()) own.value = encode(image.canonical, own.noise);
  return own.value;
}

RawMaps Engine::read(
    const at::Tensor& latents, const at::Tensor& timesteps, const at::Tensor& context, const MapSelection& selection,
    bool key_gradient_only) {
  const int64_t batch = latents.size(0), side = config_.latent_size;
  expect_shape("latents", latents, {batch, config_.latent_channels, side, side});
  expect_shape("timesteps", timesteps, {batch});
  expect_shape("context", context, {context.size(0), config_.prompt_length, config_.context_width});
  check_shape(batch % context.size(0) == 0, "Expected a batch that is a multiple of the prompts");
  const at::Tensor self_heads = selection.self_heads.to(device_), cross_heads = selection.cross_heads.to(device_);
  // A level's map is told by its shape, which is that of no other but where a prompt is as long as a picture has points.
  bool told = !at::GradMode::is_enabled();
  for (int64_t level = 0; level < config_.levels(); ++level) {
    told = told && config_.level_side(level) * config_.level_side(level) != config_.prompt_length &&
           (level == 0 || config_.level_side(level) != config_.level_side(level - 1));
  }
  const SumMaps sums(told);
  const auto output = unet_
                          ->forward(
                              {latents.contiguous(at::MemoryFormat::ChannelsLast), schedule_->sinusoids(timesteps),
                               context, flag_list(selection.self_layers), flag_list(selection.cross_layers), self_heads,
                               cross_heads, key_gradient_only,
                               /*predict=*/false})
                          .toTuple();
  RawMaps maps{output->elements()[1].toTensorVector(), output->elements()[2].toTensorVector()};
  for (auto* list : {&maps.self, &maps.cross}) {
    check_shape(
        static_cast<int64_t>(list->size()) == config_.levels(),
        "The U-Net returned maps of " + std::to_string(list->size()) + " levels, the manifest names " +
            std::to_string(config_.levels()));
    for (size_t level = 0; level < list->size(); ++level) {
      at::Tensor& map = (*list)[level];
      if (map.numel() == 0) {
        map = at::Tensor();
        continue;
      }
      const int64_t points =
          config_.level_side(static_cast<int64_t>(level)) * config_.level_side(static_cast<int64_t>(level));
      expect_shape("attention maps", map, {batch, points, list == &maps.self ? points : config_.prompt_length});
    }
  }
  return maps;
}

RawMaps Engine::read_image(
    const Image& image, const at::Tensor& embedding, const MapSelection& selection, int64_t timestep,
    std::optional<uint64_t> noise_seed) {
  at::NoGradGuard no_grad;
  selection.check(config_);
  check_embedding(embedding);
  check_timestep(timestep);
  const int64_t prompts = embedding.size(0);
  const at::Tensor t = at::full({prompts}, timestep, at::TensorOptions().dtype(at::kLong).device(device_));
  return read(noised(image, timestep, noise_seed).expand({prompts, -1, -1, -1}), t, embedding, selection);
}

at::Tensor Engine::noised(const Image& image, int64_t timestep, std::optional<uint64_t> noise_seed) {
  at::NoGradGuard no_grad;
  check_timestep(timestep);
  const at::Tensor whole = latent(image);
  if (!noise_seed) return whole;
  return schedule_->add_noise(whole, latent_noise(*noise_seed), this->timestep(timestep));
}

at::Tensor Engine::latent_noise(uint64_t seed) const {
  auto generator = make_generator(seed);
  return gaussian_noise(generator, {1, config_.latent_channels, config_.latent_size, config_.latent_size}).to(device_);
}

void Engine::check_embedding(const at::Tensor& embedding) const {
  check_shape(embedding.dim() == 3 && embedding.size(0) > 0, "Expected an embedding [prompts, positions, width]");
  expect_shape("embedding", embedding, {embedding.size(0), config_.prompt_length, config_.context_width});
}

void Engine::check_timestep(int64_t timestep) const {
  if (timestep < 0 || timestep >= config_.schedule.steps) {
    throw Error(
        "INVALID_OPTION", "Expected a timestep from 0 to " + std::to_string(config_.schedule.steps - 1) +
                              " but received " + std::to_string(timestep));
  }
}

}  // namespace invseg
