#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <torch/script.h>

#include "core/engine/config.h"
#include "core/engine/graphs.h"
#include "core/engine/noise.h"
#include "core/engine/weights.h"
#include "core/maps/selection.h"

namespace invseg {

/** The maps of one pass before any aggregation, one entry a level, finest first; undefined where nothing is read. */
struct RawMaps {
  std::vector<at::Tensor> self;   ///< [B, N, N] float32
  std::vector<at::Tensor> cross;  ///< [B, N, K] float32
};

/** A picture in the canonical frame, on the engine's device. */
struct Image {
  int64_t width = 0;  ///< of the picture as given
  int64_t height = 0;
  at::Tensor canonical;  ///< [1, 3, image_size, image_size] float32 in [-1, 1]
  bool sample = false;   ///< latents are drawn from the posterior, of the views too

  /** What copies of an image share. A GPU encodes it together with the first views, or when somebody asks: `Engine::latent`. */
  struct Latent {
    at::Tensor noise;  ///< of the draw from the posterior, on the CPU; undefined without `sample`
    at::Tensor
        value;  ///< [1, latent_channels, latent_size, latent_size] float32, scaled; undefined until it is encoded
  };
  std::shared_ptr<Latent> latent = std::make_shared<Latent>();
};

/**
 * The three networks of a bundle with their weights on one device.
 *
 * One thread uses an engine, the one that made it: LibTorch's thread count belongs to the thread. The weights are
 * frozen; gradients flow to the embedding only.
 */
class Engine {
 public:
  /** Loads everything. @throws Error see `LoadedModule`, `parse_device`, `parse_dtype` */
  explicit Engine(EngineConfig config);

  const EngineConfig& config() const { return config_; }
  const at::Device& device() const { return device_; }
  at::ScalarType dtype() const { return dtype_; }
  const Schedule& schedule() const { return *schedule_; }
  /** Of everything that is computed again and again in the same shapes. */
  GraphCache& graphs() { return graphs_; }
  /**
   * Whether names are filled up to one of a few shapes, so that images with other names share their graphs: where there are
   * graphs, and kernels that are told how many categories are there.
   */
  bool fills_names() const { return fills_names_; }
  void set_fills_names(bool fills) { fills_names_ = fills; }
  /** Drops all that can be made again: graphs with their memory, resize matrices, constants on the device. */
  void forget();
  /**
   * `host`, where it is defined, on the device. The last few are kept: what is asked for again is the same tensor, which nobody
   * may change.
   */
  at::Tensor constant(const at::Tensor& host);
  /** int64 [1] on the device, kept likewise. @throws Error see `check_timestep` */
  at::Tensor timestep(int64_t value);

  /** ids [prompts * prompt_length] row-major -> text states [prompts, prompt_length, context_width] float32. */
  at::Tensor encode_text(const int32_t* ids, int64_t prompts);

  /** RGB bytes [height * width * 3] -> the picture, on a CPU with its latent. `seed` matters with `sample` only. */
  Image encode_image(const uint8_t* rgb, int64_t width, int64_t height, bool sample, uint64_t seed);

  /** An image's latent [1, latent_channels, latent_size, latent_size] float32, encoded now unless it was before. */
  const at::Tensor& latent(const Image& image);

  /** RGB bytes -> [1, 3, image_size, image_size] in [-1, 1]: square, bilinear, antialiased where it shrinks. */
  at::Tensor canonical(const uint8_t* rgb, int64_t width, int64_t height) const;

  /**
   * Pictures [V, 3, image_size, image_size] -> latents [V, c, latent_size, latent_size] float32, scaled. The posterior's
   * mean, or with `posterior_noise` (same shape as the result) a draw from it. `capture`: see `GraphCache::run`.
   */
  at::Tensor encode(
      const at::Tensor& pictures, const at::Tensor& posterior_noise = {},
      GraphCache::When capture = GraphCache::When::second_run);

  /** Pictures that `encode` takes at once: more would need more memory and gain nothing. */
  int64_t encoder_batch() const { return encoder_batch_; }
  void set_encoder_batch(int64_t pictures) { encoder_batch_ = pictures; }

  /**
   * One conditional U-Net pass.
   *
   * @param latents [B, c, h, w] already noised @param timesteps int64 [B] on the device
   * @param context [P, K, width] float32; gradients flow to it. P divides B: entry b of the batch reads prompt b modulo P,
   *   whose keys and values are made once for all that read it
   * @param key_gradient_only gradients reach the context through the key projections alone
   */
  RawMaps read(
      const at::Tensor& latents, const at::Tensor& timesteps, const at::Tensor& context, const MapSelection& selection,
      bool key_gradient_only = false);

  /** The standard normal noise of `noised` on the device, [1, c, h, w]. */
  at::Tensor latent_noise(uint64_t seed) const;

  /** The picture's latent at a timestep, [1, c, h, w]; without a seed no noise is added (DiffSeg). @throws Error see below */
  at::Tensor noised(const Image& image, int64_t timestep, std::optional<uint64_t> noise_seed);

  /**
   * One pass over the whole picture without a graph, every prompt of the embedding as one batch entry. Without a seed no noise
   * is added: the U-Net reads the latent itself (DiffSeg).
   */
  RawMaps read_image(
      const Image& image, const at::Tensor& embedding, const MapSelection& selection, int64_t timestep,
      std::optional<uint64_t> noise_seed);

  /** [prompts, K, width] float32 on the engine's device. @throws Error `SHAPE_MISMATCH` */
  void check_embedding(const at::Tensor& embedding) const;
  /** @throws Error `INVALID_OPTION` unless 0 <= timestep < schedule steps */
  void check_timestep(int64_t timestep) const;

 private:
  EngineConfig config_;
  at::Device device_;
  at::ScalarType dtype_;
  std::map<std::string, std::shared_ptr<MappedFile>> files_;
  std::unique_ptr<LoadedModule> text_encoder_;
  std::unique_ptr<LoadedModule> vae_encoder_;
  std::unique_ptr<LoadedModule> unet_;
  std::unique_ptr<Schedule> schedule_;
  GraphCache graphs_;
  int64_t encoder_batch_;
  bool fills_names_;
  std::list<std::pair<at::Tensor, at::Tensor>>
      constants_;  // on the host and on the device, the last that was used first
  struct Shrinking {
    int64_t out, in;
    at::Tensor matrix;
  };
  /** `shrinking_matrix` on the device; kept, as pictures often have one size. */
  at::Tensor shrinking(int64_t out, int64_t in) const;
  mutable std::list<Shrinking> shrinking_;  // the last that was used first
};

}  // namespace invseg
